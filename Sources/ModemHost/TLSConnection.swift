internal import CModem

/// A TLS 1.3 client connection in the event loop (design section 8).
///
/// Only certificates that chain to a CERTIFICATE block of the CA file and name the host are accepted; system trust
/// is not consulted. Resolving, connecting and the handshake happen in the loop and share one time limit; when the
/// name has several addresses they are tried in turn.
///
/// Set the handlers, then call ``start()``. Handlers are called from the loop, never from inside a call of a method
/// here, and not at all after ``close()``. Releasing the object closes the connection as ``close()`` does.
public final class TLSConnection {
  /// Names the relay's protocol in the handshake (ALPN).
  public static let applicationProtocol = "shunt/1"

  /// The connection is established. The argument is the SHA-256 of the peer certificate's SubjectPublicKeyInfo in
  /// DER, 32 octets.
  public var onReady: (([UInt8]) -> Void)?
  /// Octets arrived. The buffer is valid during the call only.
  public var onBytes: ((UnsafeRawBufferPointer) -> Void)?
  /// Everything queued has gone to the kernel, after ``send(_:)`` had left a backlog.
  public var onDrained: (() -> Void)?
  /// The connection ended, or could not be made. The last call made to any handler.
  public var onClosed: ((TLSCloseReason) -> Void)?

  private let host: String
  private let port: UInt16
  private let certificateAuthorityFile: String
  private let applicationProtocol: String
  private let connectTimeout: Duration
  private var handle: OpaquePointer?
  private var hasStarted = false

  /// - Parameters:
  ///   - host: a name, or an IPv4 or IPv6 address in text.
  ///   - certificateAuthorityFile: path of a PEM file; blocks of other kinds in it are skipped.
  ///   - connectTimeout: bounds resolving, connecting and the handshake together.
  public init(
    host: String, port: UInt16, certificateAuthorityFile: String,
    applicationProtocol: String = TLSConnection.applicationProtocol, connectTimeout: Duration = .seconds(15)
  ) {
    self.host = host
    self.port = port
    self.certificateAuthorityFile = certificateAuthorityFile
    self.applicationProtocol = applicationProtocol
    self.connectTimeout = connectTimeout
  }

  deinit {
    cm_tls_close(handle, Self.lingerMilliseconds)
  }

  /// Begins to connect. Does nothing when called again: a connection is used once.
  public func start() {
    guard !hasStarted else { return }
    hasStarted = true
    var callbacks = CmTLSCallbacks(
      ready: { TLSConnection.from($0)?.ready($1) },
      received: { TLSConnection.from($0)?.onBytes?(UnsafeRawBufferPointer(start: $1, count: $2)) },
      drained: { TLSConnection.from($0)?.onDrained?() },
      closed: { TLSConnection.from($0)?.closed($1, $2) })
    handle = cm_tls_connect(
      host, port, certificateAuthorityFile, applicationProtocol, connectTimeout.clampedMilliseconds, &callbacks,
      Unmanaged.passUnretained(self).toOpaque())
  }

  /// Queues octets, also before the connection is ready, and returns how many the kernel has not taken yet.
  /// Nothing is queued once the connection has ended.
  @discardableResult
  public func send(_ octets: [UInt8]) -> Int {
    guard let handle else { return 0 }
    return octets.withUnsafeBufferPointer { cm_tls_send(handle, $0.baseAddress, $0.count) }
  }

  /// Octets accepted by ``send(_:)`` that the kernel has not taken.
  public var backlog: Int {
    handle.map { cm_tls_backlog($0) } ?? 0
  }

  /// Ends the connection: what is queued and then close_notify are sent from the loop for at most two seconds. No
  /// handler is called any more.
  public func close() {
    hasStarted = true
    let ended = handle
    handle = nil
    cm_tls_close(ended, Self.lingerMilliseconds)
  }

  private static let lingerMilliseconds: UInt32 = 2000

  private static func from(_ userData: UnsafeMutableRawPointer?) -> TLSConnection? {
    userData.map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  private func ready(_ keyHash: UnsafePointer<UInt8>?) {
    onReady?(Array(UnsafeBufferPointer(start: keyHash, count: keyHash == nil ? 0 : 32)))
  }

  private func closed(_ reason: CmTLSReason, _ text: UnsafePointer<CChar>?) {
    let ended = handle
    handle = nil
    cm_tls_close(ended, 0)
    onClosed?(TLSCloseReason(kind: .init(reason), text: text.map { String(cString: $0) } ?? ""))
  }
}

extension TLSCloseReason.Kind {
  fileprivate init(_ reason: CmTLSReason) {
    switch reason {
    case CM_TLS_CONFIGURATION: self = .configuration
    case CM_TLS_NAME: self = .name
    case CM_TLS_CONNECT: self = .connect
    case CM_TLS_TIMEOUT: self = .timeout
    case CM_TLS_CERTIFICATE: self = .certificate
    case CM_TLS_PROTOCOL: self = .protocol
    case CM_TLS_IO: self = .io
    default: self = .closedByPeer
    }
  }
}
