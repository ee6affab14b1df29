internal import NIOCore
internal import NIOTLS
internal import RelayProtocol

/// The one handler of a connection behind TLS: octets to frames to the node. What goes out, the node writes itself.
final class RelayConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// The application protocol without which there is no session (design section 8).
  static let applicationProtocol = "shunt/1"

  private let node: RelayNode
  private var connection: RelayConnectionID?
  private var decoder = RelayFrameDecoder()
  private var isSecured = false
  private var isBad = false

  init(node: RelayNode) {
    self.node = node
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { open(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    open(context)
    context.fireChannelActive()
  }

  private func open(_ context: ChannelHandlerContext) {
    guard connection == nil else { return }
    connection = node.connected(context.channel)
    if connection == nil { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
      if negotiated == Self.applicationProtocol, let connection {
        isSecured = true
        node.secured(connection)
      } else {
        context.close(promise: nil)
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let connection, isSecured else { return }
    let buffer = unwrapInboundIn(data)
    guard !isBad else {
      buffer.withUnsafeReadableBytes { node.recorder?.record(.received, connection, $0) }
      return
    }
    buffer.withUnsafeReadableBytes { octets in
      node.recorder?.record(.received, connection, octets)
      decoder.append(octets)
    }
    do throws(RelayFrameError) {
      while let frame = try decoder.nextClientFrame() { node.received(frame, from: connection) }
    } catch {
      isBad = true
      node.receivedBadFrame(from: connection)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let connection { node.closed(connection) }
    connection = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Resets, failed handshakes and missing close_notify are daily business and tell nothing but that it is over.
    context.close(promise: nil)
  }
}
