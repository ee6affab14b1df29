internal import ModemHost
internal import VirtualModem

/// A modem's radio: keeps it connected to the carrier's socket, and tries again each second while there is no carrier.
final class CarrierUplink {
  private static let retryInterval: Duration = .seconds(1)

  private let modem: LabModem
  private let socket: String
  private var connection: CarrierConnection?
  private var timer: LoopTimer?
  private var isComplaintMade = false

  init(_ modem: LabModem, socket: String) {
    self.modem = modem
    self.socket = socket
    timer = LoopTimer { [unowned self] in connect() }
    modem.onCarrier = { [unowned self] request in connection?.send(request) }
  }

  func start() {
    connect()
  }

  private func connect() {
    do {
      let connection = try CarrierConnection(socket: socket)
      connection.onEvent = { [unowned self] event in modem.carrierSent(event) }
      connection.onClosed = { [unowned self] reason in lost(reason) }
      self.connection = connection
      isComplaintMade = false
      modem.carrierConnected()
    } catch {
      complain("\(error)")
      timer?.arm(at: EventLoop.now + Self.retryInterval)
    }
  }

  private func lost(_ reason: String) {
    connection = nil
    modem.carrierDisconnected()
    complain(reason)
    timer?.arm(at: EventLoop.now + Self.retryInterval)
  }

  private func complain(_ reason: String) {
    guard !isComplaintMade else { return }
    isComplaintMade = true
    Output.notice("\(reason); trying again")
  }
}
