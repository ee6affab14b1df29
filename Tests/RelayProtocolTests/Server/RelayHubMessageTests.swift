import Testing

@testable import RelayProtocol

@Suite struct RelayHubMessageTests {
  private static let mac: AcknowledgementMAC = HubRig.octets(0x3A)

  @Test func deliverAndAcknowledge() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    #expect(
      rig.pushes(bob) == [
        .incoming(
          IncomingMessage(
            messageID: HubRig.octets(7), senderToken: HubRig.octets(1), generation: HubRig.generation,
            senderIdentityKey: HubRig.octets(1), keyPackageID: HubRig.octets(2), sealed: [7]))
      ])
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.pushes(alice) == [.acknowledged(HubRig.octets(7), Self.mac)])
    #expect(rig.hub.pendingMessageCount == 0)
    #expect(rig.hub.messageCountOfSender.isEmpty)
    // Once.
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.pushes(alice).isEmpty)
  }

  @Test func theSenderConcludesOnce() {
    let rig = HubRig()
    let (alice, bob, eve) = (rig.session(1), rig.session(2), rig.session(3))
    _ = rig.deliver(7, from: alice, to: 2)
    _ = rig.pushes(bob)
    // Not before it is acknowledged, and not by anybody else.
    rig.ask(.conclude(HubRig.octets(7), Self.mac), alice)
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    for connection in [eve, bob] { rig.ask(.conclude(HubRig.octets(7), Self.mac), connection) }
    #expect(rig.pushes(bob).isEmpty && rig.pushes(eve).isEmpty)
    rig.ask(.conclude(HubRig.octets(7), Self.mac), alice)
    #expect(rig.pushes(bob) == [.concluded(HubRig.octets(7), Self.mac)])
    rig.ask(.conclude(HubRig.octets(7), Self.mac), alice)
    #expect(rig.pushes(bob).isEmpty && rig.hub.acknowledged.count == 0)
  }

  @Test func whoWroteToWhomIsForgottenWithinTheLifetimeOfAMessage() {
    let rig = HubRig()
    let (alice, bob) = (rig.session(1), rig.session(2))
    _ = rig.deliver(7, from: alice, to: 2)
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.hub.acknowledged.count == 1)
    _ = rig.pushes(bob)
    rig.advance(rig.hub.limits.messageLifetime)
    #expect(rig.hub.acknowledged.count == 0 && rig.pushes(bob).isEmpty)
    rig.ask(.conclude(HubRig.octets(7), Self.mac), alice)
    #expect(rig.pushes(bob).isEmpty)
  }

  @Test(arguments: [0, 3]) func theRelayRemembersSoManyAcknowledgedMessages(limit: Int) {
    let rig = HubRig { $0.acknowledgedMessages = limit }
    let (alice, bob) = (rig.session(1), rig.session(2))
    func acknowledge(_ id: UInt8) {
      _ = rig.deliver(id, from: alice, to: 2)
      rig.ask(.acknowledge(HubRig.octets(id), Self.mac), bob)
    }
    for id in 10..<30 as Range<UInt8> {
      acknowledge(id)
      // Some are concluded at once.
      if id % 3 == 0 { rig.ask(.conclude(HubRig.octets(id), Self.mac), alice) }
      #expect(rig.hub.acknowledged.count <= limit)
    }
    _ = rig.pushes(bob)
    for id in 10..<30 as Range<UInt8> { rig.ask(.conclude(HubRig.octets(id), Self.mac), alice) }
    #expect(rig.pushes(bob).count == (limit == 0 ? 0 : 2))
  }

  @Test(arguments: [
    (RefusalReason.notAuthentic, RefusalReason.notAuthentic), (.storageFull, .storageFull),
    (.recipientGone, .notNow), (.unspecified, .notNow), (RefusalReason(rawValue: 99), RefusalReason(rawValue: 99)),
  ])
  func refuse(said: RefusalReason, told: RefusalReason) {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    rig.ask(.refuse(HubRig.octets(7), said), bob)
    #expect(rig.pushes(alice) == [.refused(HubRig.octets(7), told)])
    #expect(rig.hub.pendingMessageCount == 0)
  }

  @Test func revoke() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    _ = rig.pushes(bob)
    #expect(rig.ask(.revoke(HubRig.octets(7)), alice) == .done)
    #expect(rig.pushes(bob) == [.revoked(HubRig.octets(7))])
    // Too late.
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.pushes(alice).isEmpty)
    // And again: nothing is there, which is what was wanted.
    #expect(rig.ask(.revoke(HubRig.octets(7)), alice) == .done)
    #expect(rig.pushes(bob).isEmpty)
  }

  @Test func onlyTheRecipientAcknowledgesAndOnlyTheSenderRevokes() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    let eve = rig.session(3)
    _ = rig.deliver(7, from: alice, to: 2)
    _ = rig.pushes(bob)
    for connection in [eve, alice] {
      rig.ask(.acknowledge(HubRig.octets(7), Self.mac), connection)
      rig.ask(.refuse(HubRig.octets(7), .notNow), connection)
    }
    #expect(rig.pushes(alice).isEmpty)
    #expect(rig.ask(.revoke(HubRig.octets(7)), eve) == .done)
    #expect(rig.ask(.revoke(HubRig.octets(7)), bob) == .done)
    #expect(rig.pushes(bob).isEmpty)
    #expect(rig.hub.pendingMessageCount == 1)
  }

  @Test func lifetimeEndsIt() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2, lifetime: 6_000)
    _ = rig.pushes(bob)
    rig.advance(.milliseconds(5_999))
    #expect(rig.hub.pendingMessageCount == 1)
    rig.advance(.milliseconds(1))
    #expect(rig.hub.pendingMessageCount == 0)
    #expect(rig.pushes(bob) == [.revoked(HubRig.octets(7))])
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.pushes(alice).isEmpty)
  }

  @Test func lifetimeIsBounded() {
    let rig = HubRig { $0.messageLifetime = .seconds(2) }
    let alice = rig.session(1)
    _ = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2, lifetime: 60_000)
    rig.advance(.seconds(2))
    #expect(rig.hub.pendingMessageCount == 0)
  }

  @Test func lostRecipientIsToldToTheSender() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    _ = rig.deliver(8, from: alice, to: 2)
    rig.close(bob)
    #expect(
      rig.pushes(alice) == [.refused(HubRig.octets(7), .recipientGone), .refused(HubRig.octets(8), .recipientGone)])
    #expect(rig.hub.pendingMessageCount == 0)
  }

  @Test func replacedRecipientIsToldToTheSender() {
    let rig = HubRig()
    let alice = rig.session(1)
    _ = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    _ = rig.session(2)
    #expect(rig.pushes(alice) == [.refused(HubRig.octets(7), .recipientGone)])
  }

  @Test func acknowledgementFindsASenderThatReconnected() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    rig.close(alice)
    let again = rig.session(1)
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.pushes(again) == [.acknowledged(HubRig.octets(7), Self.mac)])
  }

  @Test func acknowledgementForAVanishedSenderIsDropped() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    rig.close(alice)
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), bob)
    #expect(rig.hub.pendingMessageCount == 0)
    #expect(rig.hub.messageCountOfSender.isEmpty)
  }

  @Test func refusalsOfDeliver() {
    let rig = HubRig()
    let alice = rig.session(1)
    let stranger = rig.session(3, isRegistered: false)
    _ = rig.session(2)
    _ = rig.session(4, isOnline: false)
    #expect(rig.deliver(7, from: stranger, to: 2)?.failureCode == .notRegistered)
    #expect(rig.deliver(7, from: alice, to: 5)?.failureCode == .unknownRecipient)
    #expect(rig.deliver(7, from: alice, to: 4)?.failureCode == .recipientOffline)
    #expect(rig.deliver(7, from: alice, to: 2, package: 9)?.failureCode == .staleKeyPackage)
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    #expect(rig.deliver(7, from: alice, to: 2)?.failureCode == .badFrame)
    rig.storeFails = true
    #expect(rig.deliver(8, from: alice, to: 5)?.failureCode == .internal)
  }

  @Test func messageToOneself() {
    let rig = HubRig()
    let alice = rig.session(1)
    #expect(rig.deliver(7, from: alice, to: 1) == .accepted)
    rig.ask(.acknowledge(HubRig.octets(7), Self.mac), alice)
    #expect(rig.pushes(alice).last == .acknowledged(HubRig.octets(7), Self.mac))
  }

  @Test func expiredKeyPackageIsOffline() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    let expires = rig.time.unixSeconds + 60
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 2, expires: expires)), bob) == .done)
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    rig.advance(.seconds(60))
    #expect(rig.deliver(8, from: alice, to: 2)?.failureCode == .recipientOffline)
    let stale = HubRig.package(of: 2, expires: rig.time.unixSeconds)
    #expect(rig.ask(.publishKeyPackage(stale), bob)?.failureCode == .badFrame)
  }

  @Test func keyPackageOfAnotherIsRefused() {
    let rig = HubRig()
    let alice = rig.session(1)
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 2)), alice)?.failureCode == .badFrame)
  }

  @Test func pendingMessagesOfASenderAreBounded() {
    let rig = HubRig { $0.pendingMessagesPerSender = 2 }
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.deliver(1, from: alice, to: 2) == .accepted)
    #expect(rig.deliver(2, from: alice, to: 2) == .accepted)
    let refusal = rig.deliver(3, from: alice, to: 2)
    #expect(refusal?.failureCode == .limit)
    #expect(refusal?.retryAfter == 1)
    // Another sender has its own.
    #expect(rig.deliver(4, from: bob, to: 1) == .accepted)
    rig.ask(.acknowledge(HubRig.octets(1), Self.mac), bob)
    #expect(rig.deliver(3, from: alice, to: 2) == .accepted)
  }

  @Test func pendingMessagesOfAllAreBounded() {
    let rig = HubRig { $0.pendingMessages = 1 }
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.deliver(1, from: alice, to: 2) == .accepted)
    #expect(rig.deliver(2, from: bob, to: 1)?.failureCode == .limit)
  }

  @Test func sessionThatStopsReadingIsCutOff() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    _ = rig.deliver(7, from: alice, to: 2)
    rig.hub.backlogged(bob, octetCount: rig.hub.limits.outgoingOctets, at: rig.time)
    rig.run()
    #expect(rig.aborted.isEmpty)
    rig.hub.backlogged(bob, octetCount: rig.hub.limits.outgoingOctets + 1, at: rig.time)
    rig.run()
    #expect(rig.aborted == [bob])
    #expect(rig.pushes(alice) == [.refused(HubRig.octets(7), .recipientGone)])
    #expect(rig.hub.statistics.sessionsCutOff == 1)
  }
}
