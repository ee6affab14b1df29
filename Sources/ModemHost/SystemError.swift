import Glibc

/// An error number of the operating system, with its text.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `errno`; 0 when there is none.
  public let number: Int32

  public init(number: Int32) {
    self.number = number
  }

  public var description: String {
    number == 0 ? "no error" : String(cString: strerror(number))
  }
}
