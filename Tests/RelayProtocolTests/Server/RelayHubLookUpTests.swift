import Testing

@testable import RelayProtocol

@Suite struct RelayHubLookUpTests {
  private func elements(_ count: Int, _ value: UInt8 = 1) -> [BlindedElement] {
    Array(repeating: HubRig.octets(value), count: count)
  }

  @Test func evaluationsComeInTheOrderAsked() {
    let rig = HubRig()
    let alice = rig.session(1)
    let asked: [BlindedElement] = (1...10).map { HubRig.octets($0) }
    #expect(
      rig.ask(.evaluateTokens(HubRig.generation, asked), alice) == .evaluations((1...10).map { HubRig.octets($0) }))
    #expect(rig.hub.evaluations.isEmpty)
    #expect(rig.hub.evaluationsInProgress == 0)
  }

  @Test func oneSessionsManyDoNotHoldUpAnothersOne() {
    let rig = HubRig { $0.evaluationsInProgress = 1 }
    let alice = rig.session(1)
    let bob = rig.session(2)
    rig.holds = { if case .evaluate = $0 { true } else { false } }
    rig.ask(.evaluateTokens(HubRig.generation, elements(64, 1)), alice)
    rig.ask(.evaluateTokens(HubRig.generation, elements(1, 2)), bob)
    var order: [UInt8] = []
    while !rig.held.isEmpty {
      let action = rig.held.removeFirst()
      guard case .evaluate(_, _, let chunk) = action else { continue }
      #expect(chunk.count <= 4)
      order.append(chunk[0].octets[0])
      rig.answer(action)
      rig.run()
    }
    #expect(order.prefix(3) == [1, 2, 1])
    #expect(order.count == 17)
  }

  @Test func badPointFailsItsRequestOnly() {
    let rig = HubRig()
    let alice = rig.session(1)
    let mixed = elements(9) + elements(1, 0) + elements(9)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, mixed), alice)?.failureCode == .badFrame)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), alice) == .evaluations([HubRig.octets(1)]))
  }

  @Test func unknownGeneration() {
    let rig = HubRig()
    let alice = rig.session(1)
    let request = ClientMessage.evaluateTokens(TokenGeneration(rawValue: 2), elements(1))
    #expect(rig.ask(request, alice)?.failureCode == .unknownGeneration)
  }

  @Test func onlyRegisteredSessionsAsk() {
    let rig = HubRig()
    let stranger = rig.session(1, isRegistered: false)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), stranger)?.failureCode == .notRegistered)
    #expect(rig.ask(.lookUp([HubRig.octets(1)], withKeyPackages: false), stranger)?.failureCode == .notRegistered)
  }

  @Test func bucketOfFiveHundredAndTwentyAnHour() {
    let rig = HubRig()
    var alice = rig.session(1)
    for _ in 0..<50 { #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(10)), alice)?.failureCode == nil) }
    let refusal = rig.ask(.evaluateTokens(HubRig.generation, elements(1)), alice)
    #expect(refusal?.failureCode == .limit)
    #expect(refusal?.retryAfter == 180)
    // A new session is no new bucket.
    rig.close(alice)
    alice = rig.session(1)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), alice)?.failureCode == .limit)
    for _ in 0..<4 {
      rig.advance(.seconds(900))
      rig.ask(.ping(keepaliveSeconds: 900), alice)
    }
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(21)), alice)?.failureCode == .limit)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(20)), alice)?.failureCode == nil)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), alice)?.failureCode == .limit)
  }

  @Test func fullBucketsAreForgotten() {
    let rig = HubRig()
    let alice = rig.session(1)
    rig.ask(.evaluateTokens(HubRig.generation, elements(64)), alice)
    #expect(rig.hub.accounts.count == 1)
    rig.advance(.seconds(5 * 3600))
    #expect(rig.hub.accounts.isEmpty)
  }

  @Test func accountsAreBounded() {
    let rig = HubRig { $0.accounts = 1 }
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), alice)?.failureCode == nil)
    #expect(rig.ask(.evaluateTokens(HubRig.generation, elements(1)), bob)?.failureCode == .limit)
  }

  @Test func presence() {
    let rig = HubRig()
    let alice = rig.session(1)
    _ = rig.session(2)
    _ = rig.session(3, isOnline: false)
    let tokens: [NumberToken] = [HubRig.octets(4), HubRig.octets(2), HubRig.octets(3), HubRig.octets(5)]
    #expect(
      rig.ask(.lookUp(tokens, withKeyPackages: false), alice)
        == .lookUpResult([.unknown, .online(nil), .offline, .unknown]))
    #expect(
      rig.ask(.lookUp([HubRig.octets(2)], withKeyPackages: true), alice)
        == .lookUpResult([.online(HubRig.package(of: 2))]))
    rig.storeFails = true
    #expect(rig.ask(.lookUp(tokens, withKeyPackages: false), alice)?.failureCode == .internal)
  }

  @Test func presenceBucket() {
    let rig = HubRig { $0.presenceBurst = 3 }
    let alice = rig.session(1)
    let tokens: [NumberToken] = [HubRig.octets(1), HubRig.octets(1), HubRig.octets(1)]
    #expect(rig.ask(.lookUp(tokens, withKeyPackages: false), alice)?.failureCode == nil)
    #expect(rig.ask(.lookUp(tokens, withKeyPackages: false), alice)?.failureCode == .limit)
    // Nor does Deliver tell for free.
    #expect(rig.deliver(7, from: alice, to: 9)?.failureCode == .limit)
    // A message to someone online is not a question.
    #expect(rig.deliver(7, from: alice, to: 1) == .accepted)
  }

  @Test func outstandingRequestsAreBounded() {
    let rig = HubRig { $0.outstandingRequests = 2 }
    let alice = rig.session(1)
    rig.holds = { if case .findTokens = $0 { true } else { false } }
    #expect(rig.ask(.lookUp([HubRig.octets(9)], withKeyPackages: false), alice) == nil)
    #expect(rig.ask(.lookUp([HubRig.octets(9)], withKeyPackages: false), alice) == nil)
    let refusal = rig.ask(.lookUp([HubRig.octets(9)], withKeyPackages: false), alice)
    #expect(refusal?.failureCode == .limit)
    #expect(refusal?.retryAfter == 1)
    rig.holds = { _ in false }
    rig.answer(rig.held[0])
    rig.run()
    #expect(rig.ask(.lookUp([HubRig.octets(9)], withKeyPackages: false), alice) == .lookUpResult([.unknown]))
  }

  @Test func answersForALostSessionGoNowhere() {
    let rig = HubRig()
    let alice = rig.session(1)
    rig.holds = {
      switch $0 {
      case .findTokens, .evaluate: true
      default: false
      }
    }
    rig.ask(.lookUp([HubRig.octets(9)], withKeyPackages: false), alice)
    rig.ask(.evaluateTokens(HubRig.generation, elements(8)), alice)
    rig.close(alice)
    rig.holds = { _ in false }
    for action in rig.held { rig.answer(action) }
    rig.run()
    #expect(rig.pushes(alice).isEmpty)
    #expect(rig.hub.jobs.isEmpty)
    #expect(rig.hub.evaluations.isEmpty)
    #expect(rig.hub.evaluationsInProgress == 0)
  }
}
