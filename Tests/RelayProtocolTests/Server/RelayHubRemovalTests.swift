import Testing

@testable import RelayProtocol

/// A person whose device is gone ends its registration by proving the number again.
@Suite struct RelayHubRemovalTests {
  @Test func theRegistrationGoesAndItsDeviceIsTold() {
    let rig = HubRig()
    let lost = rig.session(1)
    let bob = rig.session(2)
    let other = rig.session(9, isRegistered: false)
    #expect(rig.deliver(7, from: bob, to: 1) == .accepted)
    #expect(rig.ask(.register(sealedNumber: [1], purpose: .deregister), other) == .codeSent(lifetimeSeconds: 600))
    #expect(rig.codesSent == [1])
    // Nothing happens before the code is confirmed.
    #expect(rig.registration(of: 1) != nil && rig.closed.isEmpty)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other) == .done)
    #expect(rig.registration(of: 1) == nil)
    #expect(rig.pushes(lost).last == .sessionEnded(.registrationRemoved))
    #expect(rig.closed == [lost])
    #expect(rig.pushes(bob) == [.refused(HubRig.octets(7), .recipientGone)])
    #expect(rig.deliver(8, from: bob, to: 1)?.failureCode == .unknownRecipient)
    // The identity that asked has gained nothing.
    #expect(rig.registration(of: 9) == nil)
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 9)), other)?.failureCode == .notRegistered)
    #expect(rig.hub.statistics.registrationsRemoved == 1)
  }

  @Test func whetherThereWasOneIsNotTold() {
    let rig = HubRig()
    let other = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [5], purpose: .deregister), other)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other) == .done)
  }

  @Test func aWrongCodeEndsNothing() {
    let rig = HubRig()
    let lost = rig.session(1)
    let other = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [1], purpose: .deregister), other)
    for _ in 0..<5 {
      #expect(rig.ask(.confirmRegistration(code: "WRONG"), other)?.failureCode == .wrongCode)
    }
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other)?.failureCode == .codeLapsed)
    #expect(rig.registration(of: 1) != nil && rig.pushes(lost).isEmpty)
  }

  @Test func itCountsAmongTheCodesOfTheNumber() {
    let rig = HubRig()
    for person: UInt8 in 7...9 {
      let other = rig.session(person, isRegistered: false)
      rig.ask(.register(sealedNumber: [1], purpose: person == 8 ? .register : .deregister), other)
    }
    let other = rig.session(6, isRegistered: false)
    let refusal = rig.ask(.register(sealedNumber: [1], purpose: .deregister), other)
    #expect(refusal?.failureCode == .limit && (refusal?.retryAfter ?? 0) > 0)
    #expect(rig.codesSent.count == 3)
  }

  @Test func aRegistrationOfAnyGenerationGoes() {
    let rig = HubRig(generations: [HubRig.second, HubRig.generation])
    let lost = rig.session(1)
    let other = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [1], purpose: .deregister), other)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other) == .done)
    #expect(rig.pushes(lost) == [.sessionEnded(.registrationRemoved)] && rig.store.isEmpty)
  }

  /// A registered device that ends another's registration keeps its own.
  @Test func fromARegisteredDevice() {
    let rig = HubRig()
    let lost = rig.session(1)
    let bob = rig.session(2)
    rig.ask(.register(sealedNumber: [1], purpose: .deregister), bob)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), bob) == .done)
    #expect(rig.pushes(lost) == [.sessionEnded(.registrationRemoved)])
    #expect(rig.hub.connectionOfToken == [HubRig.octets(2): bob])
  }

  /// Its own is taken from it like any other, and the answer says so.
  @Test func ofItsOwnNumber() {
    let rig = HubRig()
    let alice = rig.session(1)
    rig.ask(.register(sealedNumber: [1], purpose: .deregister), alice)
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), alice) == .done)
    #expect(rig.store.isEmpty && rig.hub.onlineCount == 0 && rig.closed.isEmpty)
  }

  @Test func aStoreThatFailsIsTold() {
    let rig = HubRig()
    let lost = rig.session(1)
    let other = rig.session(9, isRegistered: false)
    rig.ask(.register(sealedNumber: [1], purpose: .deregister), other)
    rig.storeFails = true
    #expect(rig.ask(.confirmRegistration(code: "RIGHT"), other)?.failureCode == .internal)
    #expect(rig.pushes(lost).isEmpty)
  }

  @Test func aPurposeOfALaterVersionIsRefused() {
    let rig = HubRig()
    let other = rig.session(9, isRegistered: false)
    let purpose = RegistrationPurpose(rawValue: 17)
    #expect(rig.ask(.register(sealedNumber: [1], purpose: purpose), other)?.failureCode == .badFrame)
    #expect(rig.codesSent.isEmpty && rig.hub.registrationsInProgress == 0)
  }
}
