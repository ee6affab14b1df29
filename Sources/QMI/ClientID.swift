/// A client id (CID): names one user of one service, given out by the modem on CTL Allocate CID.
public struct ClientID: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  public let rawValue: UInt8

  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inlinable
  public init(integerLiteral value: UInt8) {
    self.rawValue = value
  }

  /// The id of the control service, which needs no allocation.
  @inlinable public static var control: ClientID { 0x00 }
  /// Addresses every client of a service; only indications carry it.
  @inlinable public static var broadcast: ClientID { 0xFF }
}

extension ClientID: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
