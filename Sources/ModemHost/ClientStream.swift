import CModem
import Glibc

/// One connection over a Unix socket (either end), read and written directly from the loop.
///
/// The owner keeps it; when it goes, it is closed. Closures are called from the loop, never from inside `send`.
public final class ClientStream {
  /// Bytes as the kernel gave them, at most 64 KiB; valid during the call only.
  public var onBytes: (UnsafeRawBufferPointer) -> Void = { _ in }
  /// Octets still queued, each time the kernel took some of a backlog; 0 when it is gone.
  public var onBacklog: (Int) -> Void = { _ in }
  /// The peer is gone (nil) or reading or writing failed. The last call. A peer that only finished sending still gets answers
  /// and is not reported until it is gone.
  public var onClosed: (SystemError?) -> Void = { _ in }

  private var handle: OpaquePointer?

  init(takingOwnershipOf descriptor: Int32) {
    var handlers = Self.handlers
    handle = cm_stream_new(descriptor, &handlers, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Connects to a listening Unix socket.
  /// - Parameter address: `@name` for an abstract socket, else a path.
  public init(connectingTo address: String) throws(SystemError) {
    var handlers = Self.handlers
    handle = cm_stream_connect(address, &handlers, Unmanaged.passUnretained(self).toOpaque())
    if handle == nil { throw SystemError(number: errno) }
  }

  private static var handlers: CmStreamHandlers {
    var handlers = CmStreamHandlers()
    handlers.bytes = { ClientStream.from($2).onBytes(UnsafeRawBufferPointer(start: $0, count: $1)) }
    handlers.drained = { ClientStream.from($1).onBacklog($0) }
    handlers.closed = { ClientStream.from($1).onClosed($0 == 0 ? nil : SystemError(number: $0)) }
    return handlers
  }

  private static func from(_ box: UnsafeMutableRawPointer?) -> ClientStream {
    Unmanaged<ClientStream>.fromOpaque(box!).takeUnretainedValue()
  }

  /// Sends, and queues what the kernel does not take now.
  /// - Returns: octets queued after it. The caller bounds it: close a peer that does not read.
  @discardableResult
  public func send(_ octets: [UInt8]) -> Int {
    octets.withUnsafeBytes { send($0) }
  }

  /// The same for borrowed bytes.
  @discardableResult
  public func send(_ bytes: UnsafeRawBufferPointer) -> Int {
    cm_stream_send(handle, bytes.baseAddress, bytes.count)
  }

  /// Octets queued.
  public var backlog: Int { cm_stream_backlog(handle) }

  /// Whether bytes are taken from the peer; false lets its writes fill the socket and then wait.
  public var isReading = true {
    didSet { cm_stream_set_reading(handle, isReading) }
  }

  /// Who the peer is; nil once closed.
  public var peer: PeerCredentials? {
    var peer = CmPeer()
    return cm_stream_peer(handle, &peer) ? PeerCredentials(peer) : nil
  }

  /// Closes at once, dropping the queue. No call after it.
  public func close() {
    cm_stream_free(handle)
    handle = nil
  }

  public var isClosed: Bool { handle == nil }

  deinit {
    cm_stream_free(handle)
  }
}
