internal import CModem

/// A log file of lines, such as the decision log. A line is written whole or not at all.
public final class AppendFile {
  public let path: String
  private var descriptor: Int32

  /// Opens a file for appending, making it (mode 0600) when it is not there.
  public init(path: String) throws(FileError) {
    let result = cm_file_open_append(path)
    guard result >= 0 else { throw FileError(operation: "open", path: path, result: result) }
    self.path = path
    descriptor = result
  }

  deinit {
    cm_file_close(descriptor)
  }

  /// Appends a line; its newline is added here. A file that was moved away or removed, as log rotation does, is opened
  /// anew first.
  public func append(_ line: String) throws(FileError) {
    if !cm_file_is_current(descriptor, path) {
      let result = cm_file_open_append(path)
      guard result >= 0 else { throw FileError(operation: "open", path: path, result: result) }
      cm_file_close(descriptor)
      descriptor = result
    }
    var octets = Array(line.utf8)
    octets.append(UInt8(ascii: "\n"))
    let result = octets.withUnsafeBufferPointer { cm_file_append(descriptor, $0.baseAddress, $0.count) }
    guard result >= 0 else { throw FileError(operation: "append", path: path, result: result) }
  }

  /// The last `count` lines, newest last, from at most the last 4 MiB.
  public func lastLines(_ count: Int) throws(FileError) -> [String] {
    var octets: UnsafeMutablePointer<UInt8>?
    var size = 0
    let result = cm_file_tail(path, max(0, count), 4 << 20, &octets, &size)
    // Moved away, and nothing appended since.
    if FileError(operation: "read", path: path, result: result).isNotFound { return [] }
    guard result >= 0 else { throw FileError(operation: "read", path: path, result: result) }
    defer { cm_file_octets_free(octets) }
    return UnsafeBufferPointer(start: octets, count: size)
      .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
