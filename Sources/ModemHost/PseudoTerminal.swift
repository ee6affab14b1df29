import CModem
import Glibc

/// A pseudo-terminal in raw mode that stands for a modem's character device: what is written here is read at `path`, and back.
///
/// The slave side may be opened and closed by others any number of times. When this object closes, they see a hang-up, as when a modem
/// is unplugged.
public final class PseudoTerminal {
  /// Bytes written at the slave side; valid during the call only.
  public var onBytes: (UnsafeRawBufferPointer) -> Void = { _ in }
  /// Octets still queued, each time some of a backlog went.
  public var onBacklog: (Int) -> Void = { _ in }

  /// Path of the slave (`/dev/pts/N`).
  public let slavePath: String
  /// The link to it, if one was asked for.
  public let link: String?

  private var handle: OpaquePointer?
  private var slave: Int32

  /// - Parameter link: where to make a symbolic link to the slave. An existing link is replaced, any other file is not.
  public init(link: String? = nil) throws(SystemError) {
    var slave: Int32 = -1
    var path: UnsafeMutablePointer<CChar>?
    let master = cm_pseudo_terminal_open(&slave, &path)
    guard master >= 0, let path else { throw SystemError(number: errno) }
    defer { cm_stream_free_string(path) }
    slavePath = String(cString: path)
    self.slave = slave
    self.link = link

    var handlers = CmStreamHandlers()
    handlers.bytes = { PseudoTerminal.from($2).onBytes(UnsafeRawBufferPointer(start: $0, count: $1)) }
    handlers.drained = { PseudoTerminal.from($1).onBacklog($0) }
    handlers.closed = { _, _ in }
    handle = cm_stream_new(master, &handlers, Unmanaged.passUnretained(self).toOpaque())

    if let link, let error = makeLink(link) {
      cm_stream_free(handle)
      handle = nil
      Glibc.close(slave)
      throw error
    }
  }

  private static func from(_ box: UnsafeMutableRawPointer?) -> PseudoTerminal {
    Unmanaged<PseudoTerminal>.fromOpaque(box!).takeUnretainedValue()
  }

  private func makeLink(_ link: String) -> SystemError? {
    var status = stat()
    if lstat(link, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, unlink(link) != 0 {
      return SystemError(number: errno)
    }
    return symlink(slavePath, link) == 0 ? nil : SystemError(number: errno)
  }

  /// Sends to whoever has the slave open; queues what does not go now.
  /// - Returns: octets queued after it.
  @discardableResult
  public func send(_ octets: [UInt8]) -> Int {
    octets.withUnsafeBytes { cm_stream_send(handle, $0.baseAddress, $0.count) }
  }

  /// Octets queued.
  public var backlog: Int { cm_stream_backlog(handle) }

  /// Whether bytes are taken from the slave; false makes its writers wait, as a hung modem does.
  public var isReading = true {
    didSet { cm_stream_set_reading(handle, isReading) }
  }

  /// Takes the device away, and the link with it. No call after it.
  public func close() {
    guard handle != nil else { return }
    cm_stream_free(handle)
    handle = nil
    Glibc.close(slave)
    if let link { removeLink(link) }
  }

  /// Removes the link if it is still this terminal's.
  private func removeLink(_ link: String) {
    var target = [CChar](repeating: 0, count: 4096)
    let count = readlink(link, &target, target.count)
    guard count > 0 else { return }
    let octets = target.prefix(count).map { UInt8(bitPattern: $0) }
    if String(decoding: octets, as: UTF8.self) == slavePath { unlink(link) }
  }

  deinit {
    close()
  }
}
