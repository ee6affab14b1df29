import Testing

@testable import Routing

@Suite struct OutgoingMessageTests {
  typealias Step = OutgoingMessage.Step

  static func started(hasToken: Bool = true, hasKey: Bool = true) -> OutgoingMessage {
    OutgoingMessage.start(hasToken: hasToken, hasKey: hasKey, timeout: .seconds(6), now: .seconds(100)).0
  }

  @Test func anUnknownContactIsAskedForStepByStep() {
    var (message, step) = OutgoingMessage.start(hasToken: false, hasKey: false, timeout: .seconds(6), now: .zero)
    #expect(step == .fetchToken)
    step = message.tokenFetched()
    #expect(step == .lookUp)
    step = message.keyFound()
    #expect(step == .deliver)
    let result1 = message.accepted()
    #expect(result1 == .nothing)
    let result2 = message.acknowledged()
    #expect(result2 == .succeed)
    #expect(message.isFinished)
  }

  @Test func aKnownContactIsDeliveredToAtOnce() {
    let (_, step) = OutgoingMessage.start(hasToken: true, hasKey: true, timeout: .seconds(6), now: .zero)
    #expect(step == .deliver)
  }

  @Test func anAcknowledgementMayOvertakeTheRelaysAcceptance() {
    var message = Self.started()
    let result3 = message.acknowledged()
    #expect(result3 == .succeed)
    let result4 = message.accepted()
    #expect(result4 == .nothing)
  }

  @Test func aStaleKeyIsLookedUpOnce() {
    var message = Self.started()
    let result5 = message.rejected(.staleKey)
    #expect(result5 == .lookUp)
    let result6 = message.keyFound()
    #expect(result6 == .deliver)
    let result7 = message.rejected(.staleKey)
    #expect(result7 == .useCarrier(.recipientOffline, attemptedIP: true, revoke: false))
  }

  @Test func aChangedKeyEndsInTheCarrier() {
    var message = Self.started(hasKey: false)
    let fresh = message.rejected(.keyChanged)
    #expect(fresh == .useCarrier(.keyChanged, attemptedIP: false, revoke: false))
    // After a first key that turned out stale, the message was with the relay already.
    message = Self.started()
    let stale = message.rejected(.staleKey)
    let retried = message.rejected(.keyChanged)
    #expect(stale == .lookUp && retried == .useCarrier(.keyChanged, attemptedIP: true, revoke: false))
    let late = message.keyFound()
    #expect(late == .nothing)
  }

  @Test func silenceEndsInARevokeAndTheCarrier() {
    var message = Self.started()
    let result8 = message.accepted()
    #expect(result8 == .nothing)
    let result9 = message.timeReached(.seconds(105))
    #expect(result9 == .nothing)
    let result10 = message.timeReached(.seconds(106))
    #expect(result10 == .useCarrier(.noAcknowledgement, attemptedIP: true, revoke: true))
    let result11 = message.acknowledged()
    #expect(result11 == .nothing, "an acknowledgement after the fallback changes nothing")
    let result12 = message.timeReached(.seconds(107))
    #expect(result12 == .nothing)
  }

  @Test func aRelayThatDoesNotAnswerTheLookUpWasNeverTried() {
    var message = Self.started(hasKey: false)
    let result13 = message.timeReached(.seconds(106))
    #expect(result13 == .useCarrier(.relayUnreachable, attemptedIP: false, revoke: false))
  }

  @Test func aLostSessionGoesToTheCarrierAtOnce() {
    var early = Self.started(hasToken: false, hasKey: false)
    let result14 = early.relayLost()
    #expect(result14 == .useCarrier(.relayUnreachable, attemptedIP: false, revoke: false))
    var late = Self.started()
    let result15 = late.relayLost()
    #expect(result15 == .useCarrier(.noAcknowledgement, attemptedIP: true, revoke: true))
  }

  @Test(arguments: [
    (OutgoingMessage.Rejection.unknownRecipient, Reason.unknownRecipient), (.recipientOffline, .recipientOffline),
    (.refused, .relayRejected), (.notRegistered, .notRegistered), (.unreachable, .relayUnreachable),
  ])
  func theRelaysNoIsTheReason(_ rejection: OutgoingMessage.Rejection, _ reason: Reason) {
    var message = Self.started(hasKey: false)
    let result16 = message.rejected(rejection)
    #expect(result16 == .useCarrier(reason, attemptedIP: false, revoke: false))
    let result17 = message.keyFound()
    #expect(result17 == .nothing)
  }

  @Test func aMessageThatDoesNotFitGoesByCarrier() {
    var message = Self.started()
    let result18 = message.tooLarge()
    #expect(result18 == .useCarrier(.relayRejected, attemptedIP: true, revoke: false))
  }

  @Test func theRecipientsRefusalIsFinal() {
    var message = Self.started()
    let result19 = message.refusedByRecipient()
    #expect(result19 == .useCarrier(.noAcknowledgement, attemptedIP: true, revoke: false))
    let result20 = message.refusedByRecipient()
    #expect(result20 == .nothing)
  }

  @Test func aKeyThatIsStaleAgainAfterItsRetryIsGivenUp() {
    var (message, _) = OutgoingMessage.start(hasToken: true, hasKey: true, timeout: .seconds(6), now: .zero)
    _ = message.accepted()
    let first = message.rejected(.staleKey)
    #expect(first == .lookUp)
    let found = message.keyFound()
    #expect(found == .deliver)
    _ = message.accepted()
    let second = message.rejected(.staleKey)
    #expect(second == .useCarrier(.recipientOffline, attemptedIP: true, revoke: false))
    #expect(message.isFinished)
  }
}
