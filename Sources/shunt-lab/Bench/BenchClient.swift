internal import ModemHost
internal import QMI

/// A client of a proxy, one request at a time, as libqmi writes them.
final class BenchClient {
  private let workspace: BenchWorkspace
  private let stream: ClientStream
  private var decoder = QMUXFrameDecoder()
  private var answer: QMUXFrame?
  private var answered: Duration = .zero
  private var failure: String?
  private var awaited: QMUXFrame?
  private var nextTransaction: UInt16 = 1
  private var clientIDs: [QMIService: ClientID] = [:]

  var onIndication: (QMUXFrame) -> Void = { _ in }

  /// Connects, tries again while nobody listens, and opens the device.
  init(_ workspace: BenchWorkspace, socket: String, device: String, of proxy: ChildProcess) throws {
    self.workspace = workspace
    var connected: ClientStream?
    try workspace.wait(for: "socket \(socket)", [proxy]) {
      connected = try? ClientStream(connectingTo: socket)
      return connected != nil
    }
    guard let connected else { throw LabError("no socket \(socket)") }
    stream = connected
    stream.onBytes = { [unowned self] bytes in received(bytes) }
    stream.onClosed = { [unowned self] _ in failure = "\(proxy.name) closed the connection: \(proxy.output)" }
    guard let open = CTL.ProxyOpenRequest(devicePath: device) else { throw LabError("no device path") }
    let result = try request(open.encoded(transaction: 1)).answer.result
    guard result == .success else { throw LabError("\(proxy.name) does not open \(device): \(result?.description ?? "")") }
  }

  /// A request of the service with a client id (allocated on first use) and a transaction of its own.
  func frame(_ service: QMIService, _ message: MessageID, _ fill: (inout QMIMessageBuilder) -> Void = { _ in }) throws
    -> QMUXFrame
  {
    var builder = QMIMessageBuilder(
      .request, service: service, client: try clientID(of: service), transaction: takeTransaction(service),
      message: message)
    fill(&builder)
    return builder.finish()
  }

  func frame(_ message: some ServiceMessage) throws -> QMUXFrame {
    try frame(type(of: message).service, type(of: message).messageID) { message.encode(to: &$0) }
  }

  func frame(_ message: some ControlMessage) -> QMUXFrame {
    message.encoded(transaction: ControlTransactionID(rawValue: UInt8(takeTransaction(.control))))
  }

  /// Sends and waits for the answer.
  func request(_ frame: QMUXFrame, limit: Duration = .seconds(20)) throws -> (
    answer: QMUXFrame, start: Duration, end: Duration
  ) {
    answer = nil
    awaited = frame
    defer { awaited = nil }
    let start = EventLoop.now
    stream.send(frame.octets)
    while true {
      workspace.turn(waitingAtMost: .seconds(1))
      if let failure { throw LabError(failure) }
      if let answer { return (answer, start, answered) }
      try workspace.checkStopped()
      if EventLoop.now - start > limit { throw LabError("no answer to \(frame)") }
    }
  }

  /// Sends without waiting; the answer is dropped.
  func send(_ frame: QMUXFrame) {
    stream.send(frame.octets)
  }

  private func clientID(of service: QMIService) throws -> ClientID {
    if let id = clientIDs[service] { return id }
    let answer = try request(frame(CTL.AllocateClientIDRequest(service: service))).answer
    guard let id = try CTL.AllocateClientIDResponse(decoding: answer).allocation?.clientID else {
      throw LabError("no client id of service \(service)")
    }
    clientIDs[service] = id
    return id
  }

  private func takeTransaction(_ service: QMIService) -> UInt16 {
    nextTransaction = nextTransaction &+ 1
    return service == .control ? nextTransaction % 255 + 1 : max(1, nextTransaction)
  }

  private func received(_ bytes: UnsafeRawBufferPointer) {
    let now = EventLoop.now
    decoder.append(bytes)
    do {
      while let frame = try decoder.next() {
        if frame.kind == .indication {
          onIndication(frame)
        } else if let awaited, frame.service == awaited.service, frame.transaction == awaited.transaction {
          answer = frame
          answered = now
        }
      }
    } catch {
      failure = "octets that are no QMUX frame: \(error)"
    }
  }
}
