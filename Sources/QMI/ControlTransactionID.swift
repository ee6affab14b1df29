/// A transaction of the control service: 8 bits, in contrast to all other services. Zero is not used by requests on the wire.
public struct ControlTransactionID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  public let rawValue: UInt8

  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(integerLiteral value: UInt8) {
    self.rawValue = value
  }
}

extension ControlTransactionID: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
