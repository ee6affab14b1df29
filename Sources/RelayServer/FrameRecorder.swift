internal import CRelay
internal import Glibc
internal import Logging
internal import RelayProtocol
internal import Synchronization

/// Writes all that passes inside TLS, and the numbers the relay opens, to a file for an audit (``RelayProtocol/RecordedOctets``).
/// Blocks: a relay that records is not for service.
final class FrameRecorder: Sendable {
  let path: String
  private let descriptor: Int32
  /// Whether all went into the file so far. Holding it also keeps one record's octets together.
  private let isWhole = Mutex(true)
  private let logger: Logger

  /// Makes the file, for this user only.
  ///
  /// - Throws: when there is one already.
  init(path: String, logger: Logger) throws(RelayError) {
    try FileIO.create(path, String(decoding: RecordedOctets.header, as: UTF8.self), mode: 0o600)
    descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: FileIO.lastReason()) }
    self.path = path
    self.logger = logger
  }

  deinit {
    close(descriptor)
  }

  func record(_ kind: RecordedOctets.Kind, _ connection: RelayConnectionID?, _ octets: UnsafeRawBufferPointer) {
    isWhole.withLock { isWhole in
      guard isWhole else { return }
      let header = RecordedOctets.recordHeader(kind, connection: connection?.rawValue ?? 0, octetCount: octets.count)
      isWhole = FileIO.writeAll(header, to: descriptor) && FileIO.writeAll(octets, to: descriptor)
      if !isWhole {
        logger.error("frames are not recorded any more", metadata: ["reason": "\(FileIO.lastReason())"])
      }
    }
  }
}
