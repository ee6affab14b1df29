internal import ArgumentParser
internal import ModemHost
internal import QMI

/// A libqmi client of the proxy: one request at a time.
final class ProxyClient {
  private let stream: ClientStream
  private let loop = EventLoop()
  private var decoder = QMUXFrameDecoder()
  private var answers: [QMUXFrame] = []
  private var isClosed = false
  private var lastTransaction: UInt16 = 0
  private var clientID: ClientID?

  /// How long the modem may take for one answer.
  static let limit: Duration = .seconds(20)

  /// Connects, has the device opened, and takes a client id of the messaging service.
  /// - Parameters:
  ///   - device: as the proxy's settings name it.
  ///   - socket: the name of the proxy's, which is an abstract one.
  init(device: String, socket: String) throws {
    do throws(SystemError) {
      stream = try ClientStream(connectingTo: "@\(socket)")
    } catch {
      throw Self.failure("nobody listens on the socket \(socket): \(error)", ExitStatus.notRunning)
    }
    stream.onBytes = { [unowned self] bytes in
      decoder.append(bytes)
      // Where no frame begins nothing more is understood.
      do { while let frame = try decoder.next() { answers.append(frame) } } catch { isClosed = true }
    }
    stream.onClosed = { [unowned self] _ in isClosed = true }
    guard let open = CTL.ProxyOpenRequest(devicePath: device) else {
      throw Self.failure("\(device) is no device's path", 64)
    }
    let opened = try ask(open)
    guard opened.result?.isSuccess == true else {
      throw Self.failure("the proxy does not open \(device): \(Self.text(opened))", ExitStatus.refused)
    }
    let allocated = try ask(CTL.AllocateClientIDRequest(service: .wms))
    guard let id = try? CTL.AllocateClientIDResponse(decoding: allocated).allocation?.clientID else {
      throw Self.failure("the modem has no client id left: \(Self.text(allocated))", ExitStatus.refused)
    }
    clientID = id
  }

  /// Gives the client id back: modems have few.
  func end() {
    guard let clientID else { return }
    _ = try? ask(CTL.ReleaseClientIDRequest(.init(service: .wms, clientID: clientID)))
    self.clientID = nil
    stream.close()
  }

  /// The answer to a request of the messaging service.
  func ask(_ request: some ServiceMessage) throws -> QMUXFrame {
    guard let clientID else { throw Self.failure("the connection is over", ExitStatus.refused) }
    lastTransaction = lastTransaction == .max ? 1 : lastTransaction + 1
    return try exchange(request.encoded(client: clientID, transaction: ServiceTransactionID(rawValue: lastTransaction)))
  }

  private func ask(_ request: some ControlMessage) throws -> QMUXFrame {
    lastTransaction = lastTransaction % 255 + 1
    return try exchange(request.encoded(transaction: ControlTransactionID(rawValue: UInt8(lastTransaction))))
  }

  private func exchange(_ frame: QMUXFrame) throws -> QMUXFrame {
    func isAnswer(_ other: QMUXFrame) -> Bool {
      other.kind == .response && other.service == frame.service && other.transaction == frame.transaction
    }
    answers = []
    _ = stream.send(frame.octets)
    _ = loop.turn(until: { isClosed || answers.contains(where: isAnswer) }, limit: Self.limit)
    if let answer = answers.first(where: isAnswer) { return answer }
    // The proxy drops who is not root without a word.
    throw isClosed
      ? Self.failure("the proxy closed the connection; only root may use it", ExitStatus.denied)
      : Self.failure("the modem does not answer", ExitStatus.timedOut)
  }

  private static func text(_ frame: QMUXFrame) -> String {
    if case .failure(let error)? = frame.result { "\(error)" } else { "the answer can't be read" }
  }

  private static func failure(_ text: String, _ status: Int32) -> ExitCode {
    Output.error(text)
    return ExitCode(status)
  }
}
