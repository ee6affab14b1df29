internal import NIOCore
internal import RelayProtocol

/// What is on its way out to one connection. On the event loop only.
final class RelayOutlet {
  let channel: any Channel
  /// Frames of this turn of the loop: one write, and so one TLS record, for all of them.
  var unwritten: ByteBuffer
  /// Octets written to the channel that its socket has not taken.
  var backlog = 0
  var isWaitingForFlush = false
  var closesAfterFlush = false

  init(channel: any Channel) {
    self.channel = channel
    unwritten = channel.allocator.buffer(capacity: 0)
  }
}
