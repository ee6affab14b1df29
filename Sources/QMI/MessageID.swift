/// A message's number within its service, little-endian on the wire. Requests, responses and indications share one space; see ``CTL/ID`` and ``WMS/ID``.
public struct MessageID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  public let rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(integerLiteral value: UInt16) {
    self.rawValue = value
  }
}

extension MessageID: CustomStringConvertible {
  public var description: String { hexadecimal(rawValue, digits: 4) }
}
