import Testing

@testable import RelayProtocol

@Suite struct RelayHubRegistrationTests {
  @Test func codeThenRegistration() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    #expect(rig.ask(.register(sealedNumber: [5]), connection) == .codeSent(lifetimeSeconds: 600))
    #expect(rig.codesSent == [5])
    let expires = rig.time.unixSeconds + 30 * 24 * 3600
    #expect(
      rig.ask(.confirmRegistration(code: "RIGHT"), connection)
        == .registered(Registration(token: HubRig.octets(5), expires: expires, generation: HubRig.generation)))
    #expect(rig.store[HubRig.octets(5)]?.identity == HubRig.octets(1))
    // The session is registered from here on.
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 1)), connection) == .done)
    // A code is good once.
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), connection)?.failureCode == .codeLapsed)
  }

  @Test func numberThatDoesNotOpenIsRefused() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    #expect(rig.ask(.register(sealedNumber: [0]), connection)?.failureCode == .badNumber)
    #expect(rig.hub.registrationsInProgress == 0)
  }

  @Test func threeCodesANumberADayWhoeverAsks() {
    let rig = HubRig()
    for person: UInt8 in 1...3 {
      let connection = rig.session(person, isRegistered: false)
      #expect(rig.ask(.register(sealedNumber: [5]), connection) == .codeSent(lifetimeSeconds: 600))
      rig.advance(.seconds(60))
    }
    let connection = rig.session(4, isRegistered: false)
    let refusal = rig.ask(.register(sealedNumber: [5]), connection)
    #expect(refusal?.failureCode == .limit)
    #expect(refusal?.retryAfter == 86_221)
    #expect(rig.codesSent.count == 3)
    #expect(rig.discarded == 1)
    // Another number has its own three.
    #expect(rig.ask(.register(sealedNumber: [6]), connection) == .codeSent(lifetimeSeconds: 600))
    rig.advance(.seconds(24 * 3600))
    let later = rig.session(4, isRegistered: false)
    #expect(rig.ask(.register(sealedNumber: [5]), later) == .codeSent(lifetimeSeconds: 600))
  }

  @Test func fiveWrongCodesVoidIt() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), connection)
    for _ in 0..<5 {
      #expect(rig.ask(.confirmRegistration(code: "WRONG"), connection)?.failureCode == .wrongCode)
    }
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), connection)?.failureCode == .codeLapsed)
  }

  @Test func triesSentAtOnceAreTriesToo() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), connection)
    rig.holds = { if case .checkCode = $0 { true } else { false } }
    for _ in 0..<5 { #expect(rig.ask(.confirmRegistration(code: "WRONG"), connection) == nil) }
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), connection)?.failureCode == .codeLapsed)
    #expect(rig.held.count == 5)
  }

  @Test func codeLapsesAfterTenMinutes() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), connection)
    rig.advance(.seconds(600))
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), connection)?.failureCode == .codeLapsed)
  }

  @Test func codeOfAnotherIdentityIsNoCode() {
    let rig = HubRig()
    let one = rig.session(1, isRegistered: false)
    let other = rig.session(2, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), one)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other)?.failureCode == .codeLapsed)
  }

  @Test func codeSurvivesAReconnect() {
    let rig = HubRig()
    let before = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), before)
    rig.close(before)
    let after = rig.session(1, isRegistered: false)
    guard case .registered = rig.ask(.confirmRegistration(code: "RIGHT"), after) else {
      Issue.record("not registered")
      return
    }
  }

  @Test func failingSenderGivesTheTryBack() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    rig.senderFails = true
    for _ in 0..<4 { #expect(rig.ask(.register(sealedNumber: [5]), connection)?.failureCode == .internal) }
    #expect(rig.hub.codeTimes.isEmpty)
    #expect(rig.hub.pendingCodes.isEmpty)
    rig.senderFails = false
    #expect(rig.ask(.register(sealedNumber: [5]), connection) == .codeSent(lifetimeSeconds: 600))
  }

  @Test func numberMovesToTheNewDevice() {
    let rig = HubRig()
    let old = rig.session(1)
    let new = rig.session(2, isRegistered: false)
    rig.ask(.register(sealedNumber: [1]), new)
    rig.ask(.confirmRegistration(code: "RIGHT"), new)
    #expect(rig.pushes(old) == [.sessionEnded(.registrationMoved)])
    #expect(rig.closed == [old])
    #expect(rig.hub.onlineCount == 0)
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 2)), new) == .done)
    #expect(rig.hub.connectionOfToken[HubRig.octets(1)] == new)
  }

  @Test func deviceWithANewNumberIsFoundUnderItOnly() {
    let rig = HubRig()
    let connection = rig.session(1)
    rig.ask(.register(sealedNumber: [5]), connection)
    rig.ask(.confirmRegistration(code: "RIGHT"), connection)
    #expect(rig.hub.connectionOfToken == [HubRig.octets(5): connection])
    #expect(rig.store.count == 1)
  }

  @Test func deregisterIsAtOnce() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    #expect(rig.ask(.deregister, bob) == .done)
    #expect(rig.store[HubRig.octets(2)] == nil)
    #expect(rig.pushes(alice) == [.refused(HubRig.octets(7), .recipientGone)])
    #expect(rig.deliver(8, from: alice, to: 2)?.failureCode == .unknownRecipient)
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 2)), bob)?.failureCode == .notRegistered)
  }

  @Test func storeFailureIsToldAndChangesNothing() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    rig.ask(.register(sealedNumber: [5]), connection)
    rig.storeFails = true
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), connection)?.failureCode == .internal)
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 1)), connection)?.failureCode == .notRegistered)
    #expect(rig.ask(.deregister, connection)?.failureCode == .internal)
  }

  @Test func attemptsOfOneSessionAreBounded() {
    let rig = HubRig()
    let connection = rig.session(1, isRegistered: false)
    for number: UInt8 in 1...6 {
      #expect(rig.ask(.register(sealedNumber: [number]), connection)?.failureCode == nil)
    }
    #expect(rig.ask(.register(sealedNumber: [7]), connection)?.failureCode == .limit)
  }

  @Test func registrationsInProgressAreBounded() {
    let rig = HubRig { $0.registrationsInProgress = 2 }
    rig.holds = { if case .openNumber = $0 { true } else { false } }
    let connections = (1...3).map { rig.session($0, isRegistered: false) }
    #expect(rig.ask(.register(sealedNumber: [1]), connections[0]) == nil)
    #expect(rig.ask(.register(sealedNumber: [2]), connections[1]) == nil)
    #expect(rig.ask(.register(sealedNumber: [3]), connections[2])?.failureCode == .limit)
    // One of them hangs up; its work still counts until it is done, then not.
    rig.close(connections[0])
    rig.holds = { _ in false }
    rig.answer(rig.held[0])
    rig.run()
    #expect(rig.discarded == 1)
    #expect(rig.ask(.register(sealedNumber: [3]), connections[2])?.failureCode == nil)
  }

  @Test func allCodesTogetherAreBounded() {
    let rig = HubRig {
      $0.codeBurst = 2
      $0.codesPerHour = 60
    }
    let connection = rig.session(1, isRegistered: false)
    for number: UInt8 in 1...2 { rig.ask(.register(sealedNumber: [number]), connection) }
    let refusal = rig.ask(.register(sealedNumber: [3]), connection)
    #expect(refusal?.failureCode == .limit)
    #expect(refusal?.retryAfter == 60)
    #expect(rig.codesSent == [1, 2])
  }

  @Test func tablesOfCodesAreBoundedAndSwept() {
    let rig = HubRig {
      $0.pendingCodes = 2
      $0.numbersWithCodes = 3
    }
    let connections = (1...4).map { rig.session($0, isRegistered: false) }
    rig.ask(.register(sealedNumber: [1]), connections[0])
    rig.ask(.register(sealedNumber: [2]), connections[1])
    #expect(rig.ask(.register(sealedNumber: [3]), connections[2])?.failureCode == .limit)
    rig.advance(.seconds(601))
    #expect(rig.ask(.register(sealedNumber: [3]), connections[2])?.failureCode == nil)
    #expect(rig.ask(.register(sealedNumber: [4]), connections[3])?.failureCode == .limit)
    rig.advance(.seconds(26 * 3600))
    #expect(rig.hub.codeTimes.isEmpty)
    #expect(rig.hub.pendingCodes.isEmpty)
  }
}
