internal import ModemHost
internal import VirtualModem

/// The carrier's socket: one stream per modem or program.
final class CarrierServer {
  /// A peer that lets more than this wait for it is cut off.
  private static let maximumBacklog = 64 << 20

  private struct Peer {
    var stream: ClientStream
    var decoder = CarrierLinkDecoder<CarrierLink.Request>()
  }

  private let carrier: LabCarrier
  private var listener: ClientListener?
  private var peers: [VirtualCarrier.LinkID: Peer] = [:]

  init(_ carrier: LabCarrier, socket: String) throws {
    self.carrier = carrier
    do {
      listener = try ClientListener(at: ClientListener.Address(socket)) { [unowned self] stream, _ in accept(stream) }
    } catch {
      throw LabError(error.description)
    }
  }

  func close() {
    listener?.close()
    peers = [:]
  }

  private func accept(_ stream: ClientStream) {
    var link = VirtualCarrier.LinkID(rawValue: 0)
    link = carrier.connect(
      onEvent: { [unowned self] event in send(event, to: link) }, onClose: { [unowned self] in close(link) })
    peers[link] = Peer(stream: stream)
    stream.onBytes = { [unowned self] bytes in received(bytes, from: link) }
    stream.onClosed = { [unowned self] _ in close(link) }
  }

  private func received(_ bytes: UnsafeRawBufferPointer, from link: VirtualCarrier.LinkID) {
    peers[link]?.decoder.append(bytes)
    do {
      while let request = try peers[link]?.decoder.next() { carrier.receive(request, from: link) }
    } catch {
      Output.notice("a peer is cut off, for it does not speak the carrier's language: \(error)")
      close(link)
    }
  }

  private func send(_ event: CarrierLink.Event, to link: VirtualCarrier.LinkID) {
    guard let peer = peers[link] else { return }
    if peer.stream.send(event.encoded()) > Self.maximumBacklog { close(link) }
  }

  private func close(_ link: VirtualCarrier.LinkID) {
    guard let peer = peers.removeValue(forKey: link) else { return }
    peer.stream.close()
    carrier.disconnect(link)
  }
}
