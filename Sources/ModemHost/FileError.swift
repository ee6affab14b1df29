import Glibc

/// A file operation that failed.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried, as a verb: `open`, `write`, `read`, `remove`, `list`, `lock`, `append`.
  public var operation: String
  public var path: String
  public var error: SystemError

  public init(operation: String, path: String, error: SystemError) {
    self.operation = operation
    self.path = path
    self.error = error
  }

  /// - Parameter result: a negative error number, as the shim returns it.
  init(operation: String, path: String, result: Int32) {
    self.init(operation: operation, path: path, error: SystemError(number: -result))
  }

  /// There is no such file.
  public var isNotFound: Bool { error.number == ENOENT }
  /// Another process has the lock.
  public var isHeldByAnother: Bool { error.number == EWOULDBLOCK }
  /// The disk or the quota is full.
  public var isStorageFull: Bool { error.number == ENOSPC || error.number == EDQUOT }

  /// One line, such as `can't write /var/lib/shunt/state: No space left on device`.
  public var description: String { "can't \(operation) \(path): \(error)" }
}
