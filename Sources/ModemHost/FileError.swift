internal import CModem

/// A file operation that failed.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried, as a verb: `open`, `write`, `read`, `remove`, `list`, `lock`, `append`.
  public var operation: String
  public var path: String
  /// The system's error number, positive.
  public var code: Int32

  public init(operation: String, path: String, code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  /// There is no such file (ENOENT).
  public var isNotFound: Bool { code == cm_file_code_not_found }
  /// Another process has the lock (EWOULDBLOCK).
  public var isHeldByAnother: Bool { code == cm_file_code_held }
  /// The disk or quota is full (ENOSPC, EDQUOT).
  public var isStorageFull: Bool { code == cm_file_code_no_space || code == cm_file_code_quota }

  /// One line, such as `can't write /var/lib/shunt/state: No space left on device`.
  public var description: String { "can't \(operation) \(path): \(errorText(-code))" }
}

/// The system's text for a negative error number.
func errorText(_ result: Int32) -> String {
  var text = [CChar](repeating: 0, count: 128)
  cm_file_error_text(result, &text, text.count)
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
