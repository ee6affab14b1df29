/// A transaction of any service but control: 16 bits, little-endian on the wire.
public struct ServiceTransactionID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
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

extension ServiceTransactionID: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
