import Interposer
import RelayProtocol
import Telephony
import VirtualModem

/// Devices, a carrier and a relay in one process, under one clock that only moves when a test moves it.
///
/// Everything that passes between them takes a little time, so that answers never come in the middle of an event.
final class World {
  static let home = try! HomeNetwork(mcc: "404", mnc: "45")
  static let wallStart: Int64 = 1_790_000_000_000
  /// A program at the carrier: the relay's code sender, and strangers who write.
  static let program = VirtualCarrier.LinkID(rawValue: 1_000)

  private(set) var now: Duration = .seconds(100)
  var generator: SeededGenerator
  var carrier: VirtualCarrier
  private(set) var relay: TestRelay!
  private(set) var devices: [Device] = []

  private struct Work {
    let due: Duration
    let order: UInt64
    let body: () -> Void
  }

  private var work: [Work] = []
  private var lastOrder: UInt64 = 0

  init(seed: UInt64 = 1) {
    generator = SeededGenerator(seed: seed)
    carrier = VirtualCarrier(now: .seconds(100), wallTime: WallTime(millisecondsSince1970: Self.wallStart))
    carrier.connected(Self.program, now: now)
    relay = TestRelay(self)
  }

  var wall: WallTime {
    let (seconds, attoseconds) = (now - .seconds(100)).components
    return WallTime(millisecondsSince1970: Self.wallStart + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
  }

  func add(_ device: Device) {
    devices.append(device)
    carrier.connected(device.carrierLink, now: now)
  }

  /// Does something a little later.
  func after(_ delay: Duration, _ body: @escaping () -> Void) {
    lastOrder += 1
    work.append(Work(due: now + delay, order: lastOrder, body: body))
  }

  // MARK: Time

  /// Lets time pass.
  func run(_ duration: Duration) {
    let end = now + duration
    settle()
    while let next = nextDeadline, next <= end {
      now = max(now, next)
      turn()
      settle()
    }
    now = end
    turn()
    settle()
  }

  /// Lets time pass until something is so.
  ///
  /// - Returns: whether it came to be so in time.
  @discardableResult
  func run(until isSo: () -> Bool, limit: Duration = .seconds(60)) -> Bool {
    let end = now + limit
    settle()
    while !isSo() {
      guard let next = nextDeadline, next <= end else {
        now = end
        return false
      }
      now = max(now, next)
      turn()
      settle()
    }
    return true
  }

  private var nextDeadline: Duration? {
    var next = work.map(\.due).min()
    for deadline in [carrier.nextDeadline, relay.hub.nextDeadline] + devices.flatMap(\.deadlines) {
      if let deadline { next = next.map { min($0, deadline) } ?? deadline }
    }
    return next
  }

  /// Does what is due now, each once.
  private func turn() {
    let due = work.filter { $0.due <= now }.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
    work.removeAll { $0.due <= now }
    for item in due {
      item.body()
      settle()
    }
    if let deadline = carrier.nextDeadline, deadline <= now { carrier.timeReached(now) }
    relay.timeReached()
    for device in devices { device.timeReached() }
  }

  /// Carries out actions until there are none.
  private func settle() {
    for device in devices { device.pump() }
    relay.pump()
    while let action = carrier.nextAction() {
      guard case .send(let event, let link) = action else { continue }
      guard let device = devices.first(where: { $0.carrierLink == link }) else { continue }
      after(.milliseconds(3)) { [unowned self] in
        // A modem that is being unplugged loses its radio first.
        guard device.modem.isPluggedIn else { return }
        device.modem.carrierSent(event, now: now)
        device.pump()
      }
    }
  }

  // MARK: The carrier

  /// A text from somebody who is no device here.
  func inject(_ text: String, from sender: String, to device: Device) {
    carrier.received(
      .inject(id: 1, sender: sender, recipient: device.number, text: text), from: Self.program, now: now)
  }

  /// Texts that the carrier saw from a device.
  func carried(from device: Device) -> [String] {
    carrier.records.filter { $0.kind == .submit && $0.sender == device.number.e164 }.map(\.text)
  }

  func send(_ request: CarrierLink.Request, of device: Device) {
    after(.milliseconds(3)) { [unowned self] in carrier.received(request, from: device.carrierLink, now: now) }
  }
}
