/// A well-formed frame that is not the message asked for, or whose TLVs do not hold what that message needs.
public enum QMIDecodingError: Error, Hashable, Sendable {
  /// Service, message id or kind (request, response, indication) are those of another message.
  case unexpectedMessage
  /// A TLV that the message cannot do without is not there.
  case missing(TLV.Tag)
  /// The TLV ends before its last field.
  case truncated(TLV.Tag)
  /// The TLV goes on after its last field, in a request, where that would mean something unknown.
  case trailingOctets(TLV.Tag)
  /// The TLV's value is outside what the message allows.
  case invalid(TLV.Tag)
}

extension QMIDecodingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpectedMessage: "not the message expected"
    case .missing(let tag): "TLV \(tag) is missing"
    case .truncated(let tag): "TLV \(tag) is too short"
    case .trailingOctets(let tag): "TLV \(tag) is too long"
    case .invalid(let tag): "TLV \(tag) has an invalid value"
    }
  }
}
