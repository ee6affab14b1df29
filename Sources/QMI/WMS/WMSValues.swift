extension WMS {
  /// Where the modem keeps messages.
  public struct StorageType: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    /// On the SIM.
    @inlinable public static var uim: StorageType { 0x00 }
    /// In the modem's own non-volatile memory.
    @inlinable public static var nv: StorageType { 0x01 }
    /// Nowhere.
    @inlinable public static var none: StorageType { 0xFF }
  }

  /// What the octets of a raw message are.
  public struct MessageFormat: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var cdma: MessageFormat { 0x00 }
    /// SMSC address (behind its octet count) and a TPDU of 3GPP TS 23.040.
    @inlinable public static var gsmWCDMAPointToPoint: MessageFormat { 0x06 }
    /// Cell broadcast.
    @inlinable public static var gsmWCDMABroadcast: MessageFormat { 0x07 }
    /// Message waiting indication.
    @inlinable public static var messageWaiting: MessageFormat { 0x08 }
  }

  /// Whether a stored message came in or goes out, and whether it has been read or sent.
  public struct MessageTag: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var receivedRead: MessageTag { 0x00 }
    @inlinable public static var receivedUnread: MessageTag { 0x01 }
    @inlinable public static var sent: MessageTag { 0x02 }
    @inlinable public static var unsent: MessageTag { 0x03 }
  }

  /// Which family of networks a stored message belongs to.
  public struct MessageMode: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var cdma: MessageMode { 0x00 }
    @inlinable public static var gsmWCDMA: MessageMode { 0x01 }
  }

  /// The protocol that the modem sends and receives messages with, or that an acknowledgement is for.
  public struct MessageProtocol: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var cdma: MessageProtocol { 0x00 }
    @inlinable public static var wcdma: MessageProtocol { 0x01 }
  }

  /// Whether the one who gets a message by transfer route must acknowledge it (``SendAckRequest``).
  public struct AckIndicator: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var send: AckIndicator { 0x00 }
    @inlinable public static var doNotSend: AckIndicator { 0x01 }
  }

  /// RP-Cause, why the network refused a message (3GPP TS 24.011 §8.2.5.4). Two octets in responses, one in requests.
  /// libqmi names two of them by other numbers (0x20, 0x21); these are the standard's.
  public struct RPCause: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt16) { self.rawValue = value }

    @inlinable public static var unassignedNumber: RPCause { 1 }
    @inlinable public static var operatorDeterminedBarring: RPCause { 8 }
    @inlinable public static var callBarred: RPCause { 10 }
    @inlinable public static var transferRejected: RPCause { 21 }
    @inlinable public static var memoryCapacityExceeded: RPCause { 22 }
    @inlinable public static var destinationOutOfOrder: RPCause { 27 }
    @inlinable public static var unidentifiedSubscriber: RPCause { 28 }
    @inlinable public static var facilityRejected: RPCause { 29 }
    @inlinable public static var unknownSubscriber: RPCause { 30 }
    @inlinable public static var networkOutOfOrder: RPCause { 38 }
    @inlinable public static var temporaryFailure: RPCause { 41 }
    @inlinable public static var congestion: RPCause { 42 }
    @inlinable public static var resourcesUnavailable: RPCause { 47 }
    @inlinable public static var facilityNotSubscribed: RPCause { 50 }
    @inlinable public static var facilityNotImplemented: RPCause { 69 }
    @inlinable public static var protocolError: RPCause { 111 }
    @inlinable public static var interworking: RPCause { 127 }
  }

  /// TP-FCS, why the service centre or the handset refused a message (3GPP TS 23.040 §9.2.3.22).
  public struct TPCause: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt8) { self.rawValue = value }

    @inlinable public static var serviceCentreBusy: TPCause { 0xC0 }
    @inlinable public static var noServiceCentreSubscription: TPCause { 0xC1 }
    @inlinable public static var serviceCentreSystemFailure: TPCause { 0xC2 }
    @inlinable public static var invalidAddress: TPCause { 0xC3 }
    @inlinable public static var destinationBarred: TPCause { 0xC4 }
    @inlinable public static var rejectedDuplicate: TPCause { 0xC5 }
    @inlinable public static var simStorageFull: TPCause { 0xD0 }
    @inlinable public static var memoryCapacityExceeded: TPCause { 0xD3 }
    @inlinable public static var unspecified: TPCause { 0xFF }
  }
}

extension WMS.StorageType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .uim: "uim"
    case .nv: "nv"
    case .none: "none"
    default: hexadecimal(rawValue, digits: 2)
    }
  }
}
