import Testing

@testable import RelayProtocol

@Suite struct RelayHubSessionTests {
  @Test func challengeIsTheFirstFrame() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    #expect(rig.pushes(connection) == [.challenge(protocolVersion: 1, HubRig.nonce)])
  }

  @Test func provenKeyOpensASession() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    let answer = rig.authenticate(connection, as: 1)
    #expect(answer == .sessionReady(SessionReady(registration: nil, tokenGenerations: [HubRig.generation])))
    #expect(rig.hub.statistics.sessionsOpened == 1)
    #expect(rig.hub.unauthenticatedCount == 0)
    #expect(rig.hub.unauthenticatedByAddress.isEmpty)
  }

  @Test func wrongSignatureIsRefusedAndClosed() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    #expect(rig.authenticate(connection, as: 1, isRight: false)?.failureCode == .notAuthenticated)
    #expect(rig.closed == [connection])
    #expect(rig.hub.connectionCount == 0)
    #expect(rig.hub.unauthenticatedCount == 0)
    // Nothing after it is heard.
    #expect(rig.authenticate(connection, as: 1) == nil)
  }

  @Test func otherVersionIsRefused() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    #expect(rig.authenticate(connection, as: 1, version: 2)?.failureCode == .unsupportedVersion)
    #expect(rig.closed == [connection])
  }

  @Test func secondAuthenticationIsRefused() throws {
    let rig = HubRig()
    let connection = rig.session(1)
    #expect(rig.authenticate(connection, as: 2)?.failureCode == .badFrame)
    #expect(rig.closed == [connection])
  }

  @Test func nothingElseBeforeAuthentication() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    #expect(rig.ask(.ping(keepaliveSeconds: 0), connection)?.failureCode == .notAuthenticated)
    #expect(rig.closed == [connection])
  }

  @Test func framesBeforeTLSIsUpAreRefused() {
    let rig = HubRig()
    let connection = RelayConnectionID(rawValue: 77)
    let isTaken = rig.hub.connected(connection, address: "", at: rig.time)
    #expect(isTaken)
    #expect(rig.authenticate(connection, as: 1)?.failureCode == .badFrame)
    #expect(rig.closed == [connection])
  }

  @Test func authenticationHasATimeLimit() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    rig.advance(.milliseconds(9_999))
    #expect(rig.aborted.isEmpty)
    rig.advance(.milliseconds(1))
    #expect(rig.aborted == [connection])
    #expect(rig.hub.unauthenticatedCount == 0)
  }

  @Test func newerSessionReplacesTheOlder() {
    let rig = HubRig()
    let older = rig.session(1)
    let newer = rig.session(1)
    #expect(rig.pushes(older) == [.sessionEnded(.replaced)])
    #expect(rig.closed == [older])
    #expect(rig.hub.connectionOfIdentity[HubRig.octets(1)] == newer)
    #expect(rig.hub.connectionOfToken[HubRig.octets(1)] == newer)
    // The older one's close comes in late and must not take the newer one down.
    rig.close(older)
    #expect(rig.hub.onlineCount == 1)
  }

  @Test func unreadableStoreFailsTheSession() throws {
    let rig = HubRig()
    rig.storeFails = true
    let connection = try #require(rig.connect())
    #expect(rig.authenticate(connection, as: 1)?.failureCode == .internal)
    #expect(rig.closed == [connection])
  }

  @Test func badFrameEndsTheSession() {
    let rig = HubRig()
    let connection = rig.session(1)
    rig.hub.receivedBadFrame(from: connection, at: rig.time)
    rig.run()
    #expect(rig.pushes(connection) == [.sessionEnded(.protocolError)])
    #expect(rig.closed == [connection])
  }

  @Test func unknownRequestOfALaterVersionIsAnswered() {
    let rig = HubRig()
    let connection = rig.session(1)
    #expect(rig.ask(.unrecognized, connection)?.failureCode == .badFrame)
    #expect(rig.closed.isEmpty)
  }

  @Test func silenceEndsASessionAfterSixteenMinutes() {
    let rig = HubRig()
    let connection = rig.session(1)
    rig.advance(.seconds(15 * 60 + 59))
    #expect(rig.aborted.isEmpty)
    rig.advance(.seconds(1))
    #expect(rig.aborted == [connection])
    #expect(rig.hub.onlineCount == 0)
    #expect(rig.hub.statistics.sessionsTimedOut == 1)
  }

  @Test func announcedKeepaliveShortensTheWait() throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    rig.authenticate(connection, as: 1, keepalive: 120)
    rig.advance(.seconds(149))
    #expect(rig.ask(.ping(keepaliveSeconds: 240), connection) == .pong)
    rig.advance(.seconds(269))
    #expect(rig.aborted.isEmpty)
    rig.advance(.seconds(1))
    #expect(rig.aborted == [connection])
  }

  @Test(arguments: [(UInt32(1), 90), (UInt32.max, 16 * 60)])
  func announcedKeepaliveIsBounded(announced: UInt32, seconds: Int) throws {
    let rig = HubRig()
    let connection = try #require(rig.connect())
    rig.authenticate(connection, as: 1, keepalive: announced)
    rig.advance(.seconds(seconds - 1))
    #expect(rig.aborted.isEmpty)
    rig.advance(.seconds(1))
    #expect(rig.aborted == [connection])
  }

  @Test func anyFrameCountsAsKeepalive() {
    let rig = HubRig()
    let connection = rig.session(1)
    for _ in 0..<5 {
      rig.advance(.seconds(900))
      rig.ask(.refuse(HubRig.octets(1), .notNow), connection)
    }
    #expect(rig.aborted.isEmpty)
  }

  @Test func goingAwayIsOfflineAtOnceAndPublishingIsBack() {
    let rig = HubRig()
    let alice = rig.session(1)
    let bob = rig.session(2)
    #expect(rig.deliver(7, from: alice, to: 2) == .accepted)
    #expect(rig.ask(.goingAway, bob) == .done)
    #expect(rig.pushes(alice) == [.refused(HubRig.octets(7), .recipientGone)])
    #expect(rig.ask(.lookUp([HubRig.octets(2)], withKeyPackages: true), alice) == .lookUpResult([.offline]))
    #expect(rig.ask(.publishKeyPackage(HubRig.package(of: 2, id: 22)), bob) == .done)
    #expect(rig.deliver(8, from: alice, to: 2, package: 22) == .accepted)
  }

  @Test func stopTellsEverySession() throws {
    let rig = HubRig()
    let alice = rig.session(1)
    let waiting = try #require(rig.connect())
    rig.hub.stop(at: rig.time)
    rig.run()
    #expect(rig.pushes(alice) == [.sessionEnded(.stopping)])
    #expect(rig.closed == [alice, waiting])
    #expect(rig.connect() == nil)
    #expect(rig.hub.connectionCount == 0)
  }

  @Test func registrationIsRenewedWithEachSessionAndDaily() throws {
    let rig = HubRig()
    let connection = rig.session(1)
    let lifetime: UInt64 = 30 * 24 * 3600
    #expect(rig.store[HubRig.octets(1)]?.expires == rig.time.unixSeconds + lifetime)
    for _ in 0..<100 {
      rig.advance(.seconds(900))
      rig.ask(.ping(keepaliveSeconds: 900), connection)
    }
    // 25 hours on, renewed at 24.
    #expect(rig.store[HubRig.octets(1)]?.expires == rig.time.unixSeconds + lifetime - 3600)
    rig.close(connection)
    #expect(rig.store[HubRig.octets(1)]?.expires == rig.time.unixSeconds + lifetime)
  }

  @Test func registrationThatLapsedIsNone() throws {
    let rig = HubRig()
    rig.close(rig.session(1))
    rig.advance(.seconds(30 * 24 * 3600))
    let connection = try #require(rig.connect())
    guard case .sessionReady(let ready) = rig.authenticate(connection, as: 1) else {
      Issue.record("no session")
      return
    }
    #expect(ready.registration == nil)
  }
}
