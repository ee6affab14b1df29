/// Why a request failed: the second number of a response's result TLV (0x02), little-endian on the wire.
///
/// The set is open; modems send values that no list has.
public struct QMIError: RawRepresentable, Error, Hashable, Sendable {
  public let rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable public static var none: QMIError { QMIError(rawValue: 0) }
  @inlinable public static var malformedMessage: QMIError { QMIError(rawValue: 1) }
  @inlinable public static var noMemory: QMIError { QMIError(rawValue: 2) }
  @inlinable public static var `internal`: QMIError { QMIError(rawValue: 3) }
  @inlinable public static var aborted: QMIError { QMIError(rawValue: 4) }
  @inlinable public static var clientIDsExhausted: QMIError { QMIError(rawValue: 5) }
  @inlinable public static var unabortableTransaction: QMIError { QMIError(rawValue: 6) }
  @inlinable public static var invalidClientID: QMIError { QMIError(rawValue: 7) }
  @inlinable public static var noThresholdsProvided: QMIError { QMIError(rawValue: 8) }
  @inlinable public static var invalidHandle: QMIError { QMIError(rawValue: 9) }
  @inlinable public static var invalidProfile: QMIError { QMIError(rawValue: 10) }
  @inlinable public static var invalidPINID: QMIError { QMIError(rawValue: 11) }
  @inlinable public static var incorrectPIN: QMIError { QMIError(rawValue: 12) }
  @inlinable public static var noNetworkFound: QMIError { QMIError(rawValue: 13) }
  @inlinable public static var callFailed: QMIError { QMIError(rawValue: 14) }
  @inlinable public static var outOfCall: QMIError { QMIError(rawValue: 15) }
  @inlinable public static var notProvisioned: QMIError { QMIError(rawValue: 16) }
  @inlinable public static var missingArgument: QMIError { QMIError(rawValue: 17) }
  @inlinable public static var argumentTooLong: QMIError { QMIError(rawValue: 19) }
  @inlinable public static var invalidTransactionID: QMIError { QMIError(rawValue: 22) }
  @inlinable public static var deviceInUse: QMIError { QMIError(rawValue: 23) }
  @inlinable public static var networkUnsupported: QMIError { QMIError(rawValue: 24) }
  @inlinable public static var deviceUnsupported: QMIError { QMIError(rawValue: 25) }
  @inlinable public static var noEffect: QMIError { QMIError(rawValue: 26) }
  @inlinable public static var pinAlwaysBlocked: QMIError { QMIError(rawValue: 36) }
  @inlinable public static var pinBlocked: QMIError { QMIError(rawValue: 35) }
  @inlinable public static var uimUninitialized: QMIError { QMIError(rawValue: 37) }
  @inlinable public static var general: QMIError { QMIError(rawValue: 46) }
  @inlinable public static var unknown: QMIError { QMIError(rawValue: 47) }
  @inlinable public static var invalidArgument: QMIError { QMIError(rawValue: 48) }
  @inlinable public static var invalidIndex: QMIError { QMIError(rawValue: 49) }
  @inlinable public static var noEntry: QMIError { QMIError(rawValue: 50) }
  @inlinable public static var deviceStorageFull: QMIError { QMIError(rawValue: 51) }
  @inlinable public static var deviceNotReady: QMIError { QMIError(rawValue: 52) }
  @inlinable public static var networkNotReady: QMIError { QMIError(rawValue: 53) }
  @inlinable public static var wmsCauseCode: QMIError { QMIError(rawValue: 54) }
  @inlinable public static var wmsMessageNotSent: QMIError { QMIError(rawValue: 55) }
  @inlinable public static var wmsMessageDeliveryFailure: QMIError { QMIError(rawValue: 56) }
  @inlinable public static var wmsInvalidMessageID: QMIError { QMIError(rawValue: 57) }
  @inlinable public static var wmsEncoding: QMIError { QMIError(rawValue: 58) }
  @inlinable public static var authenticationLock: QMIError { QMIError(rawValue: 59) }
  @inlinable public static var invalidTransition: QMIError { QMIError(rawValue: 60) }
  @inlinable public static var insufficientResources: QMIError { QMIError(rawValue: 68) }
  @inlinable public static var disabled: QMIError { QMIError(rawValue: 69) }
  @inlinable public static var invalidOperation: QMIError { QMIError(rawValue: 70) }
  @inlinable public static var invalidQMICommand: QMIError { QMIError(rawValue: 71) }
  @inlinable public static var wmsTPDUType: QMIError { QMIError(rawValue: 72) }
  @inlinable public static var wmsSMSCAddress: QMIError { QMIError(rawValue: 73) }
  @inlinable public static var informationUnavailable: QMIError { QMIError(rawValue: 74) }
  @inlinable public static var segmentTooLong: QMIError { QMIError(rawValue: 75) }
  @inlinable public static var segmentOrder: QMIError { QMIError(rawValue: 76) }
  @inlinable public static var simFileNotFound: QMIError { QMIError(rawValue: 80) }
  @inlinable public static var extendedInternal: QMIError { QMIError(rawValue: 81) }
  @inlinable public static var accessDenied: QMIError { QMIError(rawValue: 82) }
  @inlinable public static var hardwareRestricted: QMIError { QMIError(rawValue: 83) }
  @inlinable public static var ackNotSent: QMIError { QMIError(rawValue: 84) }
  @inlinable public static var injectTimeout: QMIError { QMIError(rawValue: 85) }
  @inlinable public static var incompatibleState: QMIError { QMIError(rawValue: 90) }
  @inlinable public static var fdnRestrict: QMIError { QMIError(rawValue: 91) }
  @inlinable public static var noRadio: QMIError { QMIError(rawValue: 93) }
  @inlinable public static var notSupported: QMIError { QMIError(rawValue: 94) }
  @inlinable public static var noSubscription: QMIError { QMIError(rawValue: 95) }
  @inlinable public static var networkAborted: QMIError { QMIError(rawValue: 97) }
  @inlinable public static var messageBlocked: QMIError { QMIError(rawValue: 98) }
  @inlinable public static var noSIM: QMIError { QMIError(rawValue: 102) }
}

extension QMIError: CustomStringConvertible {
  /// The error in words, or its number when no name is known.
  public var description: String {
    switch self {
    case .none: "none"
    case .malformedMessage: "malformed message"
    case .noMemory: "no memory"
    case .internal: "internal error"
    case .aborted: "aborted"
    case .clientIDsExhausted: "client ids exhausted"
    case .unabortableTransaction: "unabortable transaction"
    case .invalidClientID: "invalid client id"
    case .noThresholdsProvided: "no thresholds provided"
    case .invalidHandle: "invalid handle"
    case .invalidProfile: "invalid profile"
    case .invalidPINID: "invalid PIN id"
    case .incorrectPIN: "incorrect PIN"
    case .noNetworkFound: "no network found"
    case .callFailed: "call failed"
    case .outOfCall: "out of call"
    case .notProvisioned: "not provisioned"
    case .missingArgument: "missing argument"
    case .argumentTooLong: "argument too long"
    case .invalidTransactionID: "invalid transaction id"
    case .deviceInUse: "device in use"
    case .networkUnsupported: "network unsupported"
    case .deviceUnsupported: "device unsupported"
    case .noEffect: "no effect"
    case .pinAlwaysBlocked: "PIN always blocked"
    case .pinBlocked: "PIN blocked"
    case .uimUninitialized: "UIM uninitialized"
    case .general: "general error"
    case .unknown: "unknown error"
    case .invalidArgument: "invalid argument"
    case .invalidIndex: "invalid index"
    case .noEntry: "no entry"
    case .deviceStorageFull: "device storage full"
    case .deviceNotReady: "device not ready"
    case .networkNotReady: "network not ready"
    case .wmsCauseCode: "WMS cause code"
    case .wmsMessageNotSent: "WMS message not sent"
    case .wmsMessageDeliveryFailure: "WMS message delivery failure"
    case .wmsInvalidMessageID: "WMS invalid message id"
    case .wmsEncoding: "WMS encoding"
    case .authenticationLock: "authentication lock"
    case .invalidTransition: "invalid transition"
    case .insufficientResources: "insufficient resources"
    case .disabled: "disabled"
    case .invalidOperation: "invalid operation"
    case .invalidQMICommand: "invalid QMI command"
    case .wmsTPDUType: "WMS TPDU type"
    case .wmsSMSCAddress: "WMS SMSC address"
    case .informationUnavailable: "information unavailable"
    case .segmentTooLong: "segment too long"
    case .segmentOrder: "segment order"
    case .simFileNotFound: "SIM file not found"
    case .extendedInternal: "extended internal"
    case .accessDenied: "access denied"
    case .hardwareRestricted: "hardware restricted"
    case .ackNotSent: "ack not sent"
    case .injectTimeout: "inject timeout"
    case .incompatibleState: "incompatible state"
    case .fdnRestrict: "FDN restrict"
    case .noRadio: "no radio"
    case .notSupported: "not supported"
    case .noSubscription: "no subscription"
    case .networkAborted: "network aborted"
    case .messageBlocked: "message blocked"
    case .noSIM: "no SIM"
    default: "QMI error \(rawValue)"
    }
  }
}
