import CModem
import Glibc

/// One QMI device, through libqmi-glib: whole QMUX frames in both directions.
///
/// The closures are called from the loop, never from inside a call of this class. The owner keeps the instance; when it goes, the
/// device is closed.
public final class Modem {
  /// Why a request has no answer.
  public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
      /// The modem said nothing in time. A late answer is dropped.
      case timeout
      /// A request with the same service, client id and transaction followed, and takes the answer.
      case replaced
      /// Not a request that can be sent: too short, lengths that do not fit, no client id.
      case malformed
      /// An answer of another message type came for this transaction: the modem lost track.
      case mismatch
      /// The modem takes no more bytes and too much is queued.
      case congested
      /// The device is not open.
      case notOpen
      /// Anything else, such as a failed write.
      case other
    }

    public let kind: Kind
    /// One line for a log; no personal data.
    public let text: String

    public init(kind: Kind, text: String) {
      self.kind = kind
      self.text = text
    }

    public var description: String { text }
  }

  /// The device is open; frames may be sent.
  public var onOpened: () -> Void = {}
  /// One line that says why not.
  public var onOpenFailed: (String) -> Void = { _ in }
  /// The answer to a request. In a CTL answer the transaction is libqmi's choice, to be set back by the caller.
  public var onResponse: (_ requestID: UInt64, _ octets: [UInt8]) -> Void = { _, _ in }
  public var onFailure: (_ requestID: UInt64, Failure) -> Void = { _, _ in }
  public var onIndication: (_ octets: [UInt8]) -> Void = { _ in }
  /// The device hung up (unplugged, reset) and is closed. Outstanding requests get no call of their own.
  public var onRemoved: (_ text: String) -> Void = { _ in }

  private(set) var handle: OpaquePointer?

  public init() {
    var handlers = CmModemHandlers()
    handlers.opened = { Modem.from($0).onOpened() }
    handlers.open_failed = { Modem.from($1).onOpenFailed(String(cString: $0!)) }
    handlers.response = { Modem.from($3).onResponse($0, [UInt8](UnsafeBufferPointer(start: $1, count: $2))) }
    handlers.failure = { requestID, failure, text, box in
      Modem.from(box).onFailure(requestID, Failure(kind: .init(failure), text: String(cString: text!)))
    }
    handlers.indication = { Modem.from($2).onIndication([UInt8](UnsafeBufferPointer(start: $0, count: $1))) }
    handlers.removed = { Modem.from($1).onRemoved(String(cString: $0!)) }
    handle = cm_modem_new(&handlers, Unmanaged.passUnretained(self).toOpaque())
  }

  private static func from(_ box: UnsafeMutableRawPointer?) -> Modem {
    Unmanaged<Modem>.fromOpaque(box!).takeUnretainedValue()
  }

  /// Opens the character device at `path` (a pseudo-terminal or a link to one will do). `onOpened` or `onOpenFailed` follows.
  /// Nothing is sent to the modem. A device that is open is closed first; after `onRemoved` it may be opened again.
  public func open(path: String) {
    cm_modem_open(handle, path)
  }

  public var isOpen: Bool { cm_modem_is_open(handle) }

  /// Requests without an answer so far.
  public var outstandingCount: Int { cm_modem_outstanding(handle) }

  /// Sends the QMUX frame of one request. A CTL frame must have transaction 0: libqmi then picks a free one.
  ///
  /// One of `onResponse` and `onFailure` follows with `requestID`, unless the device is removed or closed before.
  /// - Parameter timeout: rounded up to whole seconds, at least one. The timer may be up to a second late.
  public func send(_ octets: [UInt8], requestID: UInt64, timeout: Duration) {
    let (seconds, rest) = timeout.components
    let whole = UInt32(clamping: max(1, rest > 0 ? seconds &+ 1 : seconds))
    octets.withUnsafeBufferPointer {
      cm_modem_send(handle, requestID, $0.baseAddress, $0.count, whole)
    }
  }

  /// Closes the device. Outstanding requests get no call.
  public func close() {
    cm_modem_close(handle)
  }

  /// The file that `path` leads to, through all links; nil when there is none.
  public static func realPath(of path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  deinit {
    cm_modem_free(handle)
  }
}

extension Modem.Failure.Kind {
  init(_ failure: CmModemFailure) {
    self =
      switch failure {
      case CM_MODEM_FAILURE_TIMEOUT: .timeout
      case CM_MODEM_FAILURE_REPLACED: .replaced
      case CM_MODEM_FAILURE_MALFORMED: .malformed
      case CM_MODEM_FAILURE_MISMATCH: .mismatch
      case CM_MODEM_FAILURE_CONGESTED: .congested
      case CM_MODEM_FAILURE_NOT_OPEN: .notOpen
      default: .other
      }
  }
}
