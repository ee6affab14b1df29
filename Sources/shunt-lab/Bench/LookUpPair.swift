internal import Handset
internal import Interposer
internal import ModemHost
internal import QMI
internal import RelayProtocol
internal import Sealing
internal import Telephony
internal import VirtualModem

/// A device and its relay in one process, with nothing between them but their frames, under a clock that stands still while
/// either has something to do. The processor time of each is counted apart, and so are the octets each way.
final class LookUpPair {
  private static let wallStart = WallTime(millisecondsSince1970: 1_790_000_000_000)
  private static let number = "+441632960001"

  let relay: LookUpRelay
  private(set) var deviceSpent: Duration = .zero
  private(set) var toRelay = FrameTraffic()
  private(set) var toDevice = FrameTraffic()

  private var handset: Handset
  private var modem: VirtualModem
  private var actions: [HandsetAction] = []
  private var files: [StateFile: [UInt8]] = [:]
  private var replies: [HandsetCall: HandsetReply] = [:]
  private var lastCall: UInt64 = 0
  private var connection: RelayConnection?
  private var pending: [ModemKey: ModemRequestID] = [:]
  private var lastTransaction: UInt8 = 0
  private var now: Duration = .seconds(100)

  private struct ModemKey: Hashable {
    var service: QMIService
    var client: ClientID
    var transaction: UInt16
  }

  /// A device that has just been enabled.
  init(_ relay: LookUpRelay) throws {
    self.relay = relay
    let number = try PhoneNumber(e164: Self.number)
    modem = VirtualModem(configuration: try LabModem.configuration(number: number), now: now, wallTime: Self.wallStart)
    handset = Self.handset(relay, files: [:], now: now)
    guard case .row = try ask(.enable(number: number.e164)), case .row = try ask(.confirm(code: LookUpRelay.code)) else {
      throw LabError("the device was not registered")
    }
    try run(until: { relay.onlineCount == 1 })
  }

  /// The same device after a restart that left it no token of a contact, with a relay that has just started.
  func restart(limits: RelayLimits) throws {
    relay.restart(limits: limits)
    files[.tokens] = nil
    actions = []
    connection = nil
    pending = [:]
    modem.hostReopened(now: now)
    handset = Self.handset(relay, files: files, now: now)
    take()
    try run(until: { relay.onlineCount == 1 })
    // What answers the last step of coming online belongs to no look-up.
    while try turn() {}
    deviceSpent = .zero
    toRelay = FrameTraffic()
    toDevice = FrameTraffic()
  }

  private static func handset(_ relay: LookUpRelay, files: [StateFile: [UInt8]], now: Duration) -> Handset {
    Handset(
      configuration: HandsetConfiguration(
        interposer: Interposer.Configuration(device: "/dev/cdc-wdm0"), trust: relay.trust),
      state: PersistedState(files: files), classifier: LibPhoneNumber(), generator: SystemRandomNumberGenerator(),
      now: now, wall: wallStart)
  }

  /// Asks as a person would, and lets both work until the answer is there.
  func ask(_ request: HandsetRequest) throws -> HandsetReply {
    lastCall += 1
    let call = HandsetCall(rawValue: lastCall)
    tell { $0.handle(request, call, now: $1) }
    try run(until: { replies[call] != nil })
    guard let reply = replies.removeValue(forKey: call) else { throw LabError("no answer") }
    if case .error(let error) = reply { throw LabError(error.message) }
    return reply
  }

  // MARK: Time

  private var wall: WallTime { Self.wallStart.adding(now - .seconds(100)) }

  private var time: RelayTime {
    RelayTime(now: now, unixSeconds: UInt64(clamping: wall.millisecondsSince1970 / 1000))
  }

  private func run(until isSo: () -> Bool) throws {
    let limit = now + .seconds(30)
    while !isSo() {
      if try turn() { continue }
      // Nothing can be done now: time passes until something can.
      guard let next = [handset.nextDeadline, relay.nextDeadline, modem.nextDeadline].compactMap(\.self).min(), next <= limit
      else { throw LabError("device and relay came to a standstill") }
      now = max(now, next)
    }
  }

  /// Does one thing that can be done now.
  private func turn() throws -> Bool {
    if !actions.isEmpty {
      try perform(actions.removeFirst())
      return true
    }
    let frames = relay.takeOutbox()
    if !frames.isEmpty, let connection {
      for frame in frames {
        toDevice.add(frame)
        tell { handset, now in frame.withUnsafeBytes { handset.relayReceived($0, on: connection, now: now) } }
      }
      return true
    }
    if let action = modem.nextAction() {
      if case .sendToHost(let frame) = action { modemSent(frame) }
      return true
    }
    if let deadline = modem.nextDeadline, deadline <= now {
      modem.timeReached(now)
      return true
    }
    if let deadline = handset.nextDeadline, deadline <= now {
      tell { $0.timeReached(now: $1) }
      return true
    }
    if let deadline = relay.nextDeadline, deadline <= now {
      try relay.timeReached(time)
      return true
    }
    return false
  }

  // MARK: The device

  private func tell(_ event: (inout Handset, Duration) -> Void) {
    let start = ProcessorTime.now
    handset.wall = wall
    event(&handset, now)
    take()
    deviceSpent += ProcessorTime.now - start
  }

  private func take() {
    while let action = handset.nextAction() { actions.append(action) }
  }

  private func perform(_ action: HandsetAction) throws {
    switch action {
    case .openModem: tell { $0.modemOpened(now: $1) }
    case .sendToModem(let request, let frame, _): send(frame, request)
    case .readIdentity:
      let identity = modem.configuration.identity
      let read = DeviceIdentity(
        imei: identity.imei, imsi: identity.imsi, iccid: identity.iccid, homeNetwork: identity.homeNetwork)
      tell { $0.identityRead(read, now: $1) }
    case .readServingNetwork:
      tell { $0.servingNetworkRead(registrationState: "registered", isRoaming: false, country: nil, now: $1) }
    case .connectToRelay(let connection):
      self.connection = connection
      try relay.connect(at: time)
      tell { $0.relayConnected(connection, certificateKeyHash: self.relay.keyHash, now: $1) }
    case .sendToRelay(let octets, _):
      toRelay.add(octets)
      try relay.received(octets, at: time)
    case .closeRelay: throw LabError("the device closed the connection")
    case .write(let file, let octets): files[file] = octets
    case .remove(let file): files[file] = nil
    case .writeSpool(let write, _): tell { $0.spoolWritten(write, succeeded: true, now: $1) }
    case .reply(let call, let reply): replies[call] = reply
    case .sendToClient, .closeClient, .removeFromSpool, .eraseInSpool, .setAsideInSpool, .keepClientIDs, .keepConcluded, .record,
      .note,      .keyChanged, .statusChanged, .letSleep:
      break
    }
  }

  // MARK: The modem

  private func send(_ frame: QMUXFrame, _ request: ModemRequestID) {
    var frame = frame
    if frame.isControl {
      lastTransaction = lastTransaction == .max ? 1 : lastTransaction + 1
      frame.transaction = UInt16(lastTransaction)
    }
    pending[ModemKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)] = request
    modem.hostSent(frame, now: now)
  }

  private func modemSent(_ frame: QMUXFrame) {
    if frame.kind == .indication {
      tell { $0.modemIndicated(frame, now: $1) }
      return
    }
    let key = ModemKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)
    guard let request = pending.removeValue(forKey: key) else { return }
    tell { $0.modemResponded(request, frame, now: $1) }
  }
}
