/// RP-Cause: why the network refused a short message (3GPP TS 24.011 §8.2.5.4). An open set: any value passes through.
public struct RPCause: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let unassignedNumber = RPCause(rawValue: 1)
  public static let operatorDeterminedBarring = RPCause(rawValue: 8)
  public static let callBarred = RPCause(rawValue: 10)
  public static let transferRejected = RPCause(rawValue: 21)
  public static let destinationOutOfOrder = RPCause(rawValue: 27)
  public static let unidentifiedSubscriber = RPCause(rawValue: 28)
  public static let facilityRejected = RPCause(rawValue: 29)
  public static let unknownSubscriber = RPCause(rawValue: 30)
  public static let networkOutOfOrder = RPCause(rawValue: 38)
  public static let temporaryFailure = RPCause(rawValue: 41)
  public static let congestion = RPCause(rawValue: 42)
  public static let resourcesUnavailable = RPCause(rawValue: 47)
  public static let requestedFacilityNotSubscribed = RPCause(rawValue: 50)
  public static let requestedFacilityNotImplemented = RPCause(rawValue: 69)
  public static let protocolError = RPCause(rawValue: 111)
  public static let interworking = RPCause(rawValue: 127)
}

/// TP-FCS: why the service centre or the other end refused a message (3GPP TS 23.040 §9.2.3.22). An open set.
public struct FailureCause: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let telematicInterworkingNotSupported = FailureCause(rawValue: 0x80)
  public static let dataCodingSchemeNotSupported = FailureCause(rawValue: 0x91)
  public static let tpduNotSupported = FailureCause(rawValue: 0xB0)
  public static let serviceCentreBusy = FailureCause(rawValue: 0xC0)
  public static let noServiceCentreSubscription = FailureCause(rawValue: 0xC1)
  public static let serviceCentreSystemFailure = FailureCause(rawValue: 0xC2)
  public static let invalidAddress = FailureCause(rawValue: 0xC3)
  public static let destinationBarred = FailureCause(rawValue: 0xC4)
  public static let memoryCapacityExceeded = FailureCause(rawValue: 0xD3)
  public static let unspecified = FailureCause(rawValue: 0xFF)
}
