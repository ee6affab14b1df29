import Testing

@testable import RelayProtocol

/// Two number-token keys live at once, while one replaces the other.
@Suite struct RelayHubRotationTests {
  private static let both = [HubRig.second, HubRig.generation]

  private func registered(_ answer: ServerMessage?) -> Registration? {
    if case .registered(let registration) = answer { registration } else { nil }
  }

  /// Registered under the older key only, as everybody is when the newer one is added.
  private func rigWithAliceAndBob() -> (rig: HubRig, alice: RelayConnectionID, bob: RelayConnectionID) {
    let rig = HubRig(generations: Self.both)
    return (rig, rig.session(1), rig.session(2))
  }

  @Test func aNewRegistrationHasATokenOfEachGeneration() {
    let rig = HubRig(generations: Self.both)
    let connection = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), connection)
    let registration = registered(rig.ask(.confirmRegistration(code: "RIGHT"), connection))
    #expect(registration?.generation == HubRig.second && registration?.token == HubRig.octets(0x85))
    #expect(rig.registration(of: 1)?.tokens == [HubRig.token(5, HubRig.second), HubRig.token(5, HubRig.generation)])
    // Whoever knows either finds it.
    rig.ask(.publishKeyPackage(HubRig.package(of: 1)), connection)
    let tokens: [NumberToken] = [HubRig.octets(5), HubRig.octets(0x85)]
    #expect(
      rig.ask(.lookUp(tokens, withKeyPackages: false), connection) == .lookUpResult([.online(nil), .online(nil)]))
    #expect(rig.hub.onlineCount == 1)
    rig.close(connection)
    #expect(rig.hub.onlineCount == 0 && rig.hub.connectionOfToken.isEmpty)
  }

  @Test func aSessionIsToldOfTheNewerKey() throws {
    let rig = HubRig(generations: Self.both)
    rig.store[HubRig.octets(1)] = RelayRegistration(
      identity: HubRig.octets(1), token: HubRig.octets(1), generation: HubRig.generation, registered: 0,
      expires: rig.time.unixSeconds + 1000)
    let connection = try #require(rig.connect())
    guard case .sessionReady(let ready) = rig.authenticate(connection, as: 1) else {
      Issue.record("no session")
      return
    }
    #expect(ready.tokenGenerations == Self.both && ready.registration?.generation == HubRig.generation)
  }

  @Test func aRegistrationMovesWithoutACode() {
    let (rig, alice, bob) = rigWithAliceAndBob()
    let expires = rig.registration(of: 1)?.expires
    let answer = rig.ask(.register(sealedNumber: [1], purpose: .move), alice)
    #expect(
      registered(answer)
        == Registration(token: HubRig.octets(0x81), expires: expires ?? 0, generation: HubRig.second))
    #expect(rig.codesSent.isEmpty && rig.discarded == 1 && rig.hub.registrationsInProgress == 0)
    #expect(rig.registration(of: 1)?.tokens == [HubRig.token(1, HubRig.second), HubRig.token(1, HubRig.generation)])
    // She is online under both from here on.
    let tokens: [NumberToken] = [HubRig.octets(0x81), HubRig.octets(1)]
    #expect(rig.ask(.lookUp(tokens, withKeyPackages: false), bob) == .lookUpResult([.online(nil), .online(nil)]))
    // Once more changes nothing.
    #expect(registered(rig.ask(.register(sealedNumber: [1], purpose: .move), alice))?.generation == HubRig.second)
    #expect(rig.hub.statistics.registrationsMoved == 1)
  }

  @Test func onlyTheRegisteredNumberMoves() {
    let (rig, alice, _) = rigWithAliceAndBob()
    for number: UInt8 in [2, 7, 0] {
      #expect(rig.ask(.register(sealedNumber: [number], purpose: .move), alice)?.failureCode == .badNumber)
    }
    #expect(rig.registration(of: 1)?.tokens == [HubRig.token(1, HubRig.generation)])
    let stranger = rig.session(3, isRegistered: false)
    #expect(rig.ask(.register(sealedNumber: [1], purpose: .move), stranger)?.failureCode == .notRegistered)
    #expect(rig.codesSent.isEmpty && rig.hub.registrationsInProgress == 0)
  }

  /// The number was proved from another device while the move was under way.
  @Test func aRegistrationThatIsGoneDoesNotMove() {
    let (rig, alice, _) = rigWithAliceAndBob()
    rig.holds = { if case .moveRegistration = $0 { true } else { false } }
    rig.ask(.register(sealedNumber: [1], purpose: .move), alice)
    rig.holds = { _ in false }
    rig.store = [:]
    rig.answer(rig.held[0])
    rig.run()
    #expect(rig.pushes(alice).map(\.failureCode) == [.notRegistered])
    #expect(rig.store.isEmpty)
  }

  @Test func aStoreThatFailsLeavesTheRegistrationAsItWas() {
    let (rig, alice, bob) = rigWithAliceAndBob()
    rig.storeFails = true
    #expect(rig.ask(.register(sealedNumber: [1], purpose: .move), alice)?.failureCode == .internal)
    #expect(rig.ask(.lookUp([HubRig.octets(1)], withKeyPackages: false), bob) == .lookUpResult([.online(nil)]))
  }

  @Test func attemptsToMoveAreBounded() {
    let (rig, alice, _) = rigWithAliceAndBob()
    for _ in 0..<500 { rig.ask(.register(sealedNumber: [7], purpose: .move), alice) }
    let refusal = rig.ask(.register(sealedNumber: [1], purpose: .move), alice)
    #expect(refusal?.failureCode == .limit && refusal?.retryAfter == 180)
  }

  @Test func theSenderIsVouchedForUnderBothKeys() {
    let (rig, alice, bob) = rigWithAliceAndBob()
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    rig.ask(.register(sealedNumber: [1], purpose: .move), alice)
    #expect(rig.deliver(8, from: alice, to: 2) == .accepted)
    let vouched = rig.pushes(bob).map { message -> [GenerationToken] in
      if case .incoming(let incoming) = message { incoming.senderTokens } else { [] }
    }
    #expect(
      vouched == [
        [HubRig.token(1, HubRig.generation)], [HubRig.token(1, HubRig.second), HubRig.token(1, HubRig.generation)],
      ])
  }

  @Test func aMessageFindsItsRecipientByEitherToken() {
    let (rig, alice, bob) = rigWithAliceAndBob()
    // Not yet by the new one.
    #expect(rig.deliver(6, from: alice, to: 0x82, package: 2)?.failureCode == .unknownRecipient)
    rig.ask(.register(sealedNumber: [2], purpose: .move), bob)
    #expect(rig.deliver(7, from: alice, to: 0x82, package: 2) == .accepted)
    #expect(rig.deliver(8, from: alice, to: 2) == .accepted)
    #expect(rig.pushes(bob).count == 2)
    rig.close(bob)
    #expect(rig.deliver(9, from: alice, to: 0x82, package: 2)?.failureCode == .recipientOffline)
  }

  /// What a registration may still ask is counted on, whether it moves or is made anew.
  @Test func neitherMovingNorRegisteringAnewFillsABucket() {
    let rig = HubRig(generations: Self.both) { $0.evaluationBurst = 10 }
    let alice = rig.session(1)
    let elements: [BlindedElement] = (0..<9).map { _ in HubRig.octets(3) }
    #expect(rig.ask(.evaluateTokens(HubRig.second, elements), alice)?.failureCode == nil)
    #expect(registered(rig.ask(.register(sealedNumber: [1], purpose: .move), alice)) != nil)
    // It costs what a look-up does.
    #expect(rig.ask(.evaluateTokens(HubRig.second, [elements[0]]), alice)?.failureCode == .limit)
    #expect(rig.ask(.register(sealedNumber: [1], purpose: .move), alice)?.failureCode == .limit)
    // The same number from another identity.
    let other = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [1]), other)
    #expect(registered(rig.ask(.confirmRegistration(code: "RIGHT"), other)) != nil)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, [elements[0]]), other)?.failureCode == .limit)
    #expect(rig.hub.accounts.count == 1)
  }

  /// By its old token it is found and displaced, though it has no other.
  @Test func aNumberMovesToANewDeviceAcrossGenerations() {
    let (rig, alice, _) = rigWithAliceAndBob()
    let new = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [1]), new)
    #expect(registered(rig.ask(.confirmRegistration(code: "RIGHT"), new))?.generation == HubRig.second)
    #expect(rig.pushes(alice) == [.sessionEnded(.registrationMoved)])
    #expect(rig.registration(of: 1) == nil && rig.registration(of: 9)?.tokens.count == 2)
  }
}
