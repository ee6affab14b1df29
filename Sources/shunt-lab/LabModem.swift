internal import ModemHost
internal import QMI
internal import VirtualModem

/// A modem on a pseudo-terminal, with its timer. What it says to the carrier goes out through ``onCarrier``.
final class LabModem {
  /// Octets that may wait for a host that does not read; what comes beyond is lost, as in a modem whose port nobody has open.
  private static let maximumBacklog = 256 << 10

  private var machine: VirtualModem
  private var timer: LoopTimer?
  private var terminal: PseudoTerminal?
  private let link: String?
  private var isPumping = false

  var onCarrier: (CarrierLink.Request) -> Void = { _ in }
  /// When octets of the host were last read, and when octets were last written to it: for benchmarks.
  private(set) var lastReceived: Duration = .zero
  private(set) var lastSent: Duration = .zero

  /// - Parameter link: where to make a symbolic link to the terminal.
  init(_ configuration: VirtualModem.Configuration, link: String? = nil) throws {
    machine = VirtualModem(configuration: configuration, now: EventLoop.now, wallTime: EventLoop.wallTime)
    self.link = link
    timer = LoopTimer { [unowned self] in change { $0.timeReached($1) } }
    try openTerminal()
  }

  /// Where the modem is found, nil while it is unplugged.
  var devicePath: String? { terminal?.slavePath }

  func add(_ faults: [ModemFault]) {
    for fault in faults { machine.add(fault) }
  }

  func carrierConnected() { change { $0.carrierConnected(now: $1) } }
  func carrierDisconnected() { change { $0.carrierDisconnected(now: $1) } }
  func carrierSent(_ event: CarrierLink.Event) { change { $0.carrierSent(event, now: $1) } }

  func unplug() { change { $0.unplug(now: $1) } }

  func plugIn() throws {
    if terminal == nil { try openTerminal() }
    change { $0.plugIn(now: $1) }
  }

  /// Takes the terminal and its link away.
  func close() {
    terminal?.close()
    terminal = nil
  }

  private func openTerminal() throws {
    let terminal: PseudoTerminal
    do {
      terminal = try PseudoTerminal(link: link)
    } catch {
      throw LabError(link.map { "cannot make the modem at \($0): \(error)" } ?? "cannot make a terminal: \(error)")
    }
    terminal.onBytes = { [unowned self] bytes in
      lastReceived = EventLoop.now
      change { $0.hostSent(bytes, now: $1) }
    }
    self.terminal = terminal
  }

  private func change(_ body: (inout VirtualModem, Duration) -> Void) {
    body(&machine, EventLoop.now)
    // The carrier may answer within this process before `onCarrier` returns; the outer loop then does the rest.
    guard !isPumping else { return }
    isPumping = true
    while let action = machine.nextAction() {
      switch action {
      case .sendToHost(let frame):
        guard let terminal, terminal.backlog < Self.maximumBacklog else { continue }
        lastSent = EventLoop.now
        terminal.send(frame.octets)
      case .sendToCarrier(let request):
        onCarrier(request)
      case .unplugged:
        close()
      }
    }
    isPumping = false
    timer?.arm(at: machine.nextDeadline)
  }
}
