/// Why octets from the other end are not a frame of this protocol. Each of these ends the connection: after one bad
/// frame nothing that follows can be trusted to be at a frame's start.
public enum RelayFrameError: Error, Hashable, Sendable {
  /// The octet count in front of the frame, or that of a frame to be sent, is over ``RelayFrame/maximumOctetCount``.
  case tooLarge(octetCount: Int)
  /// A frame of no octets: a frame without a body means nothing.
  case empty
  /// Not a protobuf message of the expected type.
  case malformed
  /// A field of a fixed size has another one.
  case wrongOctetCount(field: String, expected: Int, found: Int)
  /// A number, or a count of repeated fields, beyond what relay.proto allows.
  case outOfRange(field: String)
  /// A field without which the frame means nothing is not there.
  case missing(field: String)
}

extension RelayFrameError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooLarge(let octetCount):
      "a frame of \(octetCount) octets, over the limit of \(RelayFrame.maximumOctetCount)"
    case .empty: "a frame of no octets"
    case .malformed: "a frame that is not protobuf"
    case .wrongOctetCount(let field, let expected, let found):
      "\(field) of \(found) octets instead of \(expected)"
    case .outOfRange(let field): "\(field) out of range"
    case .missing(let field): "\(field) missing"
    }
  }
}
