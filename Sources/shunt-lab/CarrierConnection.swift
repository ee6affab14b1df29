internal import ModemHost
internal import VirtualModem

/// One connection to a carrier's socket.
final class CarrierConnection {
  private let stream: ClientStream
  private var decoder = CarrierLinkDecoder<CarrierLink.Event>()

  var onEvent: (CarrierLink.Event) -> Void = { _ in }
  /// The last call: why the connection is no more.
  var onClosed: (String) -> Void = { _ in }

  /// - Throws: a line that names the socket.
  init(socket: String) throws {
    do {
      stream = try ClientStream(connectingTo: socket)
    } catch {
      throw LabError("no carrier at \(socket): \(error)")
    }
    stream.onBytes = { [unowned self] bytes in received(bytes) }
    stream.onClosed = { [unowned self] error in onClosed(error?.description ?? "the carrier closed the connection") }
  }

  func send(_ request: CarrierLink.Request) {
    stream.send(request.encoded())
  }

  private func received(_ bytes: UnsafeRawBufferPointer) {
    decoder.append(bytes)
    do {
      while let event = try decoder.next() { onEvent(event) }
    } catch {
      stream.close()
      onClosed("this is no carrier: \(error)")
    }
  }
}

extension CarrierConnection {
  /// Sends `requests` and turns the loop until `take` says that it has seen enough.
  ///
  /// - Throws: when the connection ends before, or `limit` is over.
  static func converse(
    with socket: String, _ requests: [CarrierLink.Request], limit: Duration?,
    until take: @escaping (CarrierLink.Event) throws -> Bool
  ) throws {
    let loop = EventLoop()
    let connection = try CarrierConnection(socket: socket)
    var outcome: Result<Void, any Error>?
    connection.onEvent = { event in
      guard outcome == nil else { return }
      do {
        if try take(event) { outcome = .success(()) }
      } catch {
        outcome = .failure(error)
      }
    }
    connection.onClosed = { reason in outcome = outcome ?? .failure(LabError(reason)) }
    for request in requests { connection.send(request) }
    let deadline = limit.map { EventLoop.now + $0 }
    while outcome == nil {
      let left = deadline.map { $0 - EventLoop.now }
      if let left, left <= .zero { throw LabError("the carrier at \(socket) does not answer") }
      loop.turn(waitingAtMost: left)
    }
    try outcome?.get()
  }
}
