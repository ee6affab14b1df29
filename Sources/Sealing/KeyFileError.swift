/// What is wrong with a file of keys, in one line for a person.
public enum KeyFileError: Error, Hashable, Sendable {
  /// Over ``PEMText/maximumOctetCount``.
  case tooLarge
  /// Not PEM; the line, counted from 1, and what was expected there.
  case malformed(line: Int, expected: String)
  /// No block of this label.
  case missing(String)
  /// Two blocks of a label, or two number-token keys of a generation, where there must be one.
  case repeated(String)
  /// More blocks of a label than are served at a time.
  case tooMany(String, limit: Int)
  /// A block whose octets are not what its label says.
  case invalid(String, expected: String)
}

extension KeyFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooLarge: "over \(PEMText.maximumOctetCount) octets: not a file of keys"
    case .malformed(let line, let expected): "line \(line): expected \(expected)"
    case .missing(let label): "no \"\(label)\" block"
    case .repeated(let label): "more than one \"\(label)\" block where one was expected"
    case .tooMany(let label, let limit): "more than \(limit) \"\(label)\" blocks"
    case .invalid(let label, let expected): "the \"\(label)\" block is not \(expected)"
    }
  }
}
