/// Which number-token key of the relay a token was made with. Never 0.
public struct TokenGeneration: RawRepresentable, Hashable, Comparable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// Generations that a relay serves at a time: the one in use, and while it is being replaced its successor.
  public static let maximumServed = 2
}

/// What is to become of a number that a device seals to its relay: `RegistrationPurpose` of relay.proto. Values this
/// version does not know are kept, and refused.
public struct RegistrationPurpose: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Register it, once a code sent to it is confirmed.
  public static let register = RegistrationPurpose(rawValue: 0)
  /// It is registered; add its token of the newest generation.
  public static let move = RegistrationPurpose(rawValue: 1)
  /// End its registration, once a code sent to it is confirmed.
  public static let deregister = RegistrationPurpose(rawValue: 2)
}

/// Pairs an answer with its request; the device chooses it, unique among its outstanding requests, never 0.
public struct RequestID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init?(rawValue: UInt32) {
    guard rawValue != 0 else { return nil }
    self.rawValue = rawValue
  }
}

/// Why the relay refused a request: `FailureCode` of relay.proto. Values this version does not know are kept.
public struct FailureCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let badFrame = FailureCode(rawValue: 1)
  public static let notAuthenticated = FailureCode(rawValue: 2)
  public static let notRegistered = FailureCode(rawValue: 3)
  public static let unknownRecipient = FailureCode(rawValue: 4)
  public static let recipientOffline = FailureCode(rawValue: 5)
  public static let staleKeyPackage = FailureCode(rawValue: 6)
  public static let limit = FailureCode(rawValue: 7)
  public static let tooLarge = FailureCode(rawValue: 8)
  public static let wrongCode = FailureCode(rawValue: 9)
  public static let codeLapsed = FailureCode(rawValue: 10)
  public static let badNumber = FailureCode(rawValue: 11)
  public static let unknownGeneration = FailureCode(rawValue: 12)
  public static let unsupportedVersion = FailureCode(rawValue: 13)
  public static let stopping = FailureCode(rawValue: 14)
  public static let `internal` = FailureCode(rawValue: 15)
}

/// Why a recipient did not take a message: `RefusalReason` of relay.proto. Values this version does not know are kept.
public struct RefusalReason: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let unspecified = RefusalReason(rawValue: 0)
  /// Could not be opened, or its signature, sender or message id did not hold.
  public static let notAuthentic = RefusalReason(rawValue: 1)
  public static let storageFull = RefusalReason(rawValue: 2)
  public static let staleKeyPackage = RefusalReason(rawValue: 3)
  public static let notNow = RefusalReason(rawValue: 4)
  /// The relay lost the recipient's session before the message was acknowledged.
  public static let recipientGone = RefusalReason(rawValue: 5)
}

/// Why the relay ends a session: `SessionEndReason` of relay.proto. Values this version does not know are kept.
public struct SessionEndReason: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let unspecified = SessionEndReason(rawValue: 0)
  /// The same identity opened a newer session.
  public static let replaced = SessionEndReason(rawValue: 1)
  public static let stopping = SessionEndReason(rawValue: 2)
  /// The number was registered from another device.
  public static let registrationMoved = SessionEndReason(rawValue: 3)
  public static let protocolError = SessionEndReason(rawValue: 4)
  /// The registration was ended by somebody who proved the number.
  public static let registrationRemoved = SessionEndReason(rawValue: 5)
}
