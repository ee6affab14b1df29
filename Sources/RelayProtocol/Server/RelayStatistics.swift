/// What has happened since the relay's start: counts only, so that nothing in them tells who did it.
public struct RelayStatistics: Sendable, Equatable {
  public var connectionsAccepted: UInt64 = 0
  public var connectionsRefused: UInt64 = 0
  public var sessionsOpened: UInt64 = 0
  public var authenticationsFailed: UInt64 = 0
  public var protocolErrors: UInt64 = 0
  public var sessionsReplaced: UInt64 = 0
  public var sessionsTimedOut: UInt64 = 0
  public var sessionsCutOff: UInt64 = 0
  public var codesSent: UInt64 = 0
  public var wrongCodes: UInt64 = 0
  public var registrationsMade: UInt64 = 0
  public var registrationsRemoved: UInt64 = 0
  /// To a newer number-token key.
  public var registrationsMoved: UInt64 = 0
  public var elementsEvaluated: UInt64 = 0
  public var tokensLookedUp: UInt64 = 0
  public var messagesAccepted: UInt64 = 0
  public var messagesAcknowledged: UInt64 = 0
  public var messagesRefused: UInt64 = 0
  public var messagesRevoked: UInt64 = 0
  public var messagesLapsed: UInt64 = 0
  public var messagesRecipientGone: UInt64 = 0
  public var requestsLimited: UInt64 = 0

  public init() {}
}
