/// TP-ST: what became of a message (3GPP TS 23.040 §9.2.3.15). Every value is kept.
public struct DeliveryStatus: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let received = DeliveryStatus(rawValue: 0x00)
  public static let forwardedUnconfirmed = DeliveryStatus(rawValue: 0x01)
  public static let replaced = DeliveryStatus(rawValue: 0x02)
  /// Temporary, still trying: the recipient does not answer.
  public static let stillTryingNoResponse = DeliveryStatus(rawValue: 0x22)
  public static let remoteProcedureError = DeliveryStatus(rawValue: 0x40)
  public static let incompatibleDestination = DeliveryStatus(rawValue: 0x41)
  public static let connectionRejected = DeliveryStatus(rawValue: 0x42)
  public static let notObtainable = DeliveryStatus(rawValue: 0x43)
  public static let validityPeriodExpired = DeliveryStatus(rawValue: 0x46)
  public static let deletedBySender = DeliveryStatus(rawValue: 0x47)

  /// The four ranges of values.
  public enum Kind: Equatable, Sendable {
    /// The transaction is complete.
    case completed
    /// A temporary error, the service centre still tries.
    case stillTrying
    /// A permanent error.
    case failed
    /// A temporary error, the service centre tries no more.
    case gaveUp
    /// 0x80…0xFF.
    case reserved
  }

  /// Which range the value is in.
  public var kind: Kind {
    switch rawValue {
    case 0x00...0x1F: .completed
    case 0x20...0x3F: .stillTrying
    case 0x40...0x5F: .failed
    case 0x60...0x7F: .gaveUp
    default: .reserved
    }
  }
}
