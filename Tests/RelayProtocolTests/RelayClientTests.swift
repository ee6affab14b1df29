import Testing

@testable import RelayProtocol

/// A client and the little it takes to drive it.
struct ClientRig {
  var client: RelayClient
  var now: Duration = .seconds(1_000)
  var samples = Samples(seed: 11)
  let hash: CertificateKeyHash
  let nonce: ChallengeNonce
  let identity: IdentityPublicKey
  let signature: Signature

  init(_ configuration: RelayClient.Configuration = .init(), seed: UInt64 = 5) {
    client = RelayClient(configuration: configuration, jitterSeed: seed)
    hash = samples.fixed()
    nonce = samples.fixed()
    identity = samples.fixed()
    signature = samples.fixed()
  }

  mutating func actions() -> [RelayClient.Action] {
    var actions: [RelayClient.Action] = []
    while let action = client.nextAction() { actions.append(action) }
    return actions
  }

  mutating func pass(_ duration: Duration) {
    now += duration
    client.timeReached(now: now)
  }

  /// To the next deadline, and past it.
  mutating func passToDeadline() throws {
    now = max(now, try #require(client.nextDeadline))
    client.timeReached(now: now)
  }

  mutating func receive(_ message: ServerMessage, for request: RequestID? = nil, on connection: RelayConnection) throws {
    client.received(try ServerFrame(request: request, message: message).encoded(), on: connection, now: now)
  }

  /// From `.connect` to a session.
  mutating func becomeReady() throws -> RelayConnection {
    guard case .connect(let connection) = actions().last else {
      Issue.record("no connection asked for")
      return RelayConnection(rawValue: 0)
    }
    client.connected(connection, certificateKeyHash: hash, now: now)
    try receive(.challenge(protocolVersion: 1, nonce), on: connection)
    #expect(actions() == [.sign(.session(nonce: nonce, certificateKeyHash: hash), on: connection)])
    client.signed(signature, by: identity, on: connection, now: now)
    let frames = try sent(actions(), on: connection)
    let request = try #require(frames.first?.request)
    guard case .authenticate(let authentication) = frames.first?.message else {
      Issue.record("no authentication")
      return connection
    }
    #expect(authentication.identityKey == identity)
    #expect(authentication.signature == signature)
    #expect(120...900 ~= authentication.keepaliveSeconds)
    let ready = SessionReady(registration: nil, tokenGenerations: [TokenGeneration(rawValue: 1)])
    try receive(.sessionReady(ready), for: request, on: connection)
    #expect(actions() == [.sessionReady(ready)])
    #expect(client.status == .ready)
    return connection
  }

  static func ready(_ configuration: RelayClient.Configuration = .init()) throws -> (ClientRig, RelayConnection) {
    var rig = ClientRig(configuration)
    rig.client.start(now: rig.now)
    let connection = try rig.becomeReady()
    return (rig, connection)
  }

  func sent(_ actions: [RelayClient.Action], on connection: RelayConnection) throws -> [ClientFrame] {
    try actions.compactMap {
      guard case .send(let octets, on: connection) = $0 else { return nil }
      return try ClientFrame(decoding: octets.dropFirst(4))
    }
  }
}

@Suite struct RelayClientTests {
  // MARK: opt-in

  @Test func nothingHappensUntilStarted() {
    var rig = ClientRig()
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    rig.pass(.seconds(86_400))
    #expect(rig.client.nextDeadline == nil)
    #expect(rig.client.status == .stopped)
    #expect(rig.actions() == [])
    #expect(throws: RequestError.noSession) { try rig.client.request(.deregister, now: rig.now) }
  }

  @Test func startConnectsOnce() {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    rig.client.start(now: rig.now)
    #expect(rig.actions() == [.connect(RelayConnection(rawValue: 1))])
    #expect(rig.client.status == .connecting)
    #expect(rig.client.nextDeadline == rig.now + .seconds(20))
  }

  @Test func stopSaysGoodbye() throws {
    var (rig, connection) = try ClientRig.ready()
    let id = try rig.client.request(.deregister, now: rig.now)
    _ = rig.actions()
    rig.client.stop(now: rig.now)
    let actions = rig.actions()
    #expect(actions.prefix(2) == [.finished(id, .sessionLost), .sessionLost(.stopped)])
    let goodbye = try #require(rig.sent(actions, on: connection).first)
    #expect(goodbye.message == .goingAway)
    #expect(rig.client.status == .leaving)
    try rig.receive(.done, for: goodbye.request, on: connection)
    #expect(rig.actions() == [.disconnect(connection), .stopped])
    #expect(rig.client.nextDeadline == nil)
    // The transport's own report comes too late to matter.
    rig.client.closed(connection, reason: "closed", now: rig.now)
    #expect(rig.actions() == [])
  }

  @Test func aRelayThatDoesNotAnswerTheGoodbyeDelaysAStopByASecond() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.client.stop(now: rig.now)
    _ = rig.actions()
    #expect(rig.client.nextDeadline == rig.now + .seconds(1))
    try rig.passToDeadline()
    #expect(rig.actions() == [.disconnect(connection), .stopped])
  }

  @Test func stopInEveryOtherState() throws {
    var rig = ClientRig()
    rig.client.stop(now: rig.now)
    #expect(rig.actions() == [.stopped])
    rig.client.start(now: rig.now)
    rig.client.stop(now: rig.now)
    #expect(rig.actions() == [.connect(.init(rawValue: 1)), .disconnect(.init(rawValue: 1)), .stopped])
    rig.client.start(now: rig.now)
    rig.client.connected(.init(rawValue: 2), certificateKeyHash: rig.hash, now: rig.now)
    rig.client.stop(now: rig.now)
    #expect(rig.actions() == [.connect(.init(rawValue: 2)), .disconnect(.init(rawValue: 2)), .stopped])
    rig.client.start(now: rig.now)
    rig.client.closed(.init(rawValue: 3), reason: "refused", now: rig.now)
    rig.client.stop(now: rig.now)
    #expect(rig.actions().last == .stopped)
    #expect(rig.client.nextDeadline == nil)
  }

  @Test func startDuringTheGoodbyeConnectsAfterIt() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.client.stop(now: rig.now)
    rig.client.start(now: rig.now)
    _ = rig.actions()
    rig.client.closed(connection, reason: "closed", now: rig.now)
    #expect(rig.actions() == [.stopped, .connect(.init(rawValue: 2))])
  }

  // MARK: the handshake

  @Test func challengeSignatureSession() throws {
    _ = try ClientRig.ready()
  }

  @Test func anotherVersionIsNotTriedAgainSoon() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    let connection = RelayConnection(rawValue: 1)
    rig.client.connected(connection, certificateKeyHash: rig.hash, now: rig.now)
    try rig.receive(.challenge(protocolVersion: 2, rig.nonce), on: connection)
    #expect(
      rig.actions().suffix(2) == [.disconnect(connection), .connectionFailed(.unsupportedVersion(2))])
    #expect(try #require(rig.client.nextDeadline) >= rig.now + .seconds(150))
  }

  @Test func aRefusedAuthenticationWaitsAsLongAsAsked() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    let connection = RelayConnection(rawValue: 1)
    rig.client.connected(connection, certificateKeyHash: rig.hash, now: rig.now)
    let failure = RelayFailure(code: .limit, text: "too many sessions", retryAfterSeconds: 90)
    try rig.receive(.failure(failure), on: connection)
    #expect(rig.actions().last == .connectionFailed(.refused(failure)))
    #expect(rig.client.nextDeadline == rig.now + .seconds(90))
    // Not for as long as a relay could wish, though.
    try rig.passToDeadline()
    rig.client.connected(.init(rawValue: 2), certificateKeyHash: rig.hash, now: rig.now)
    try rig.receive(.failure(.init(code: .limit, text: "", retryAfterSeconds: .max)), on: .init(rawValue: 2))
    #expect(rig.client.nextDeadline == rig.now + .seconds(3_600))
  }

  @Test func aWaitThatTheRelayAskedForIsNotShortenedByANetworkChange() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    let connection = RelayConnection(rawValue: 1)
    rig.client.connected(connection, certificateKeyHash: rig.hash, now: rig.now)
    try rig.receive(.failure(.init(code: .limit, text: "too many connections", retryAfterSeconds: 90)), on: connection)
    _ = rig.actions()
    let end = rig.now + .seconds(90)
    rig.pass(.seconds(30))
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    #expect(rig.actions() == [] && rig.client.nextDeadline == end)
    try rig.passToDeadline()
    #expect(rig.actions() == [.connect(.init(rawValue: 2))])
  }

  @Test func whatACodeWasForTheRelayKnows() throws {
    for (answer, outcome) in [
      (ServerMessage.done, RequestOutcome.done),
      (.registered(.init(token: Samples.token, expires: 5, generation: .init(rawValue: 1))),
        .registered(.init(token: Samples.token, expires: 5, generation: .init(rawValue: 1)))),
    ] {
      var (rig, connection) = try ClientRig.ready()
      let request = try rig.client.request(.confirmRegistration(code: "K7RT2MXQ"), now: rig.now)
      _ = rig.actions()
      try rig.receive(answer, for: request, on: connection)
      #expect(rig.actions() == [.finished(request, outcome)])
    }
    // A number that moves to a newer generation is registered at once; no other is.
    for (purpose, isRight) in [(RegistrationPurpose.move, true), (.register, false), (.deregister, false)] {
      var (rig, connection) = try ClientRig.ready()
      let request = try rig.client.request(.register(sealedNumber: [1], purpose: purpose), now: rig.now)
      _ = rig.actions()
      let registration = Registration(token: Samples.token, expires: 5, generation: .init(rawValue: 1))
      try rig.receive(.registered(registration), for: request, on: connection)
      #expect((rig.actions() == [.finished(request, .registered(registration))]) == isRight)
    }
  }

  @Test func aFrameOutOfPlaceEndsTheHandshake() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    let connection = RelayConnection(rawValue: 1)
    rig.client.connected(connection, certificateKeyHash: rig.hash, now: rig.now)
    let ready = SessionReady(registration: nil, tokenGenerations: [.init(rawValue: 1)])
    try rig.receive(.sessionReady(ready), for: .init(rawValue: 1), on: connection)
    #expect(rig.actions().last == .connectionFailed(.unexpectedFrame("SessionReady")))
  }

  @Test func eachStepHasATimeLimit() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    try rig.passToDeadline()
    #expect(rig.actions().last == .connectionFailed(.connectTimedOut))
    try rig.passToDeadline()
    rig.client.connected(.init(rawValue: 2), certificateKeyHash: rig.hash, now: rig.now)
    #expect(rig.client.nextDeadline == rig.now + .seconds(10))
    try rig.passToDeadline()
    #expect(rig.actions().last == .connectionFailed(.handshakeTimedOut))
  }

  @Test func aKeyThatCannotSign() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    rig.client.connected(.init(rawValue: 1), certificateKeyHash: rig.hash, now: rig.now)
    try rig.receive(.challenge(protocolVersion: 1, rig.nonce), on: .init(rawValue: 1))
    rig.client.notSigned(on: .init(rawValue: 1), now: rig.now)
    #expect(rig.actions().last == .connectionFailed(.notSigned))
  }

  // MARK: requests

  @Test func answersFindTheirRequests() throws {
    var (rig, connection) = try ClientRig.ready()
    let first = try rig.client.request(.deregister, now: rig.now)
    let second = try rig.client.request(.confirmRegistration(code: "A"), now: rig.now)
    #expect(first != second)
    _ = rig.actions()
    let registration = rig.samples.registration()
    try rig.receive(.registered(registration), for: second, on: connection)
    try rig.receive(.done, for: first, on: connection)
    #expect(rig.actions() == [.finished(second, .registered(registration)), .finished(first, .done)])
    // Each only once.
    try rig.receive(.done, for: first, on: connection)
    #expect(rig.actions() == [])
  }

  @Test func everyRequestHasItsAnswer() throws {
    var (rig, connection) = try ClientRig.ready()
    var samples = Samples(seed: 2)
    let tokens: [NumberToken] = [samples.fixed(), samples.fixed()]
    let evaluation: Evaluation = samples.fixed()
    let registration = samples.registration()
    let exchanges: [(ClientMessage, ServerMessage, RequestOutcome)] = [
      (.register(sealedNumber: [1]), .codeSent(lifetimeSeconds: 600), .codeSent(lifetimeSeconds: 600)),
      (.confirmRegistration(code: "A"), .registered(registration), .registered(registration)),
      (.deregister, .done, .done),
      (.evaluateTokens(.init(rawValue: 1), [samples.fixed()]), .evaluations([evaluation]), .evaluations([evaluation])),
      (.lookUp(tokens, withKeyPackages: false), .lookUpResult([.unknown, .offline]), .contacts([.unknown, .offline])),
      (.publishKeyPackage(samples.keyPackage()), .done, .done),
      (
        .deliver(
          .init(
            messageID: samples.fixed(), recipientToken: samples.fixed(), keyPackageID: samples.fixed(), sealed: [1],
            lifetimeMilliseconds: 1)), .accepted, .accepted
      ),
      (.revoke(samples.fixed()), .done, .done),
      (
        .deregister, .failure(.init(code: .limit, text: "later")),
        .failed(.init(code: .limit, text: "later"))
      ),
    ]
    for (request, answer, outcome) in exchanges {
      let id = try rig.client.request(request, now: rig.now)
      #expect(try rig.sent(rig.actions(), on: connection) == [.init(request: id, message: request)])
      try rig.receive(answer, for: id, on: connection)
      #expect(rig.actions() == [.finished(id, outcome)])
    }
  }

  @Test func anAnswerToAnotherQuestionEndsTheSession() throws {
    var (rig, connection) = try ClientRig.ready()
    let tokens: [NumberToken] = [rig.samples.fixed(), rig.samples.fixed()]
    let id = try rig.client.request(.lookUp(tokens, withKeyPackages: false), now: rig.now)
    let other = try rig.client.request(.deregister, now: rig.now)
    _ = rig.actions()
    // One contact for two tokens.
    try rig.receive(.lookUpResult([.offline]), for: id, on: connection)
    #expect(
      rig.actions() == [
        .finished(id, .sessionLost), .disconnect(connection), .finished(other, .sessionLost),
        .sessionLost(.unexpectedFrame("LookUpResult")),
      ])
  }

  @Test func theTableIsBounded() throws {
    var (rig, _) = try ClientRig.ready()
    for _ in 0..<64 { _ = try rig.client.request(.deregister, now: rig.now) }
    #expect(throws: RequestError.tooManyOutstanding) { try rig.client.request(.deregister, now: rig.now) }
    // Acknowledgements have no answer and take no place.
    try rig.client.notify(.acknowledge(rig.samples.fixed(), rig.samples.fixed()), now: rig.now)
  }

  @Test func aRequestOverTheLimitIsNotSent() throws {
    var (rig, _) = try ClientRig.ready()
    let message = ClientMessage.register(sealedNumber: .init(repeating: 0, count: 17_000))
    #expect {
      try rig.client.request(message, now: rig.now)
    } throws: { error in
      guard case .invalid(.tooLarge)? = error as? RequestError else { return false }
      return true
    }
    #expect(rig.actions() == [])
  }

  @Test func anUnansweredRequestTimesOutAndTheLinkIsAsked() throws {
    var (rig, connection) = try ClientRig.ready()
    let id = try rig.client.request(.deregister, timeout: .seconds(3), now: rig.now)
    _ = rig.actions()
    #expect(rig.client.nextDeadline == rig.now + .seconds(3))
    try rig.passToDeadline()
    let actions = rig.actions()
    #expect(actions.first == .finished(id, .timedOut))
    let ping = try #require(rig.sent(actions, on: connection).first)
    guard case .ping = ping.message else {
      Issue.record("no ping")
      return
    }
    // Too late is too late.
    try rig.receive(.done, for: id, on: connection)
    #expect(rig.actions() == [])
    try rig.receive(.pong, for: ping.request, on: connection)
    #expect(rig.client.status == .ready)
    #expect(rig.actions() == [])
  }

  @Test func requestsThatTimeOutWithThePingAreAllFinished() throws {
    var (rig, connection) = try ClientRig.ready()
    let ids = try (0..<5).map { _ in try rig.client.request(.deregister, timeout: .seconds(30), now: rig.now) }
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    _ = rig.actions()
    rig.pass(.seconds(31))
    #expect(
      rig.actions() == ids.map { .finished($0, .timedOut) } + [.disconnect(connection), .sessionLost(.unanswered)])
  }

  @Test func pushesComeThrough() throws {
    var (rig, connection) = try ClientRig.ready()
    let incoming = rig.samples.incoming(octetCount: 1_500)
    let id: MessageID = rig.samples.fixed()
    let mac: AcknowledgementMAC = rig.samples.fixed()
    try rig.receive(.incoming(incoming), on: connection)
    try rig.receive(.acknowledged(id, mac), on: connection)
    try rig.receive(.refused(id, .storageFull), on: connection)
    try rig.receive(.revoked(id), on: connection)
    try rig.receive(.unrecognized, for: .init(rawValue: 4_000), on: connection)
    #expect(
      rig.actions() == [
        .pushed(.incoming(incoming)), .pushed(.acknowledged(id, mac)), .pushed(.refused(id, .storageFull)),
        .pushed(.revoked(id)),
      ])
  }

  @Test func garbageEndsTheSession() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.client.received([0xFF, 0xFF, 0xFF, 0xFF], on: connection, now: rig.now)
    let problem = LinkProblem.badFrame(.tooLarge(octetCount: 4_294_967_295))
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(problem)])
    #expect(problem.description == "the relay sent a frame of 4294967295 octets, over the limit of 16384")
  }

  @Test func framesAfterTheEndAreNotRead() throws {
    var (rig, connection) = try ClientRig.ready()
    let octets =
      try ServerFrame(request: nil, message: .sessionEnded(.stopping)).encoded()
      + ServerFrame(request: nil, message: .revoked(rig.samples.fixed())).encoded()
    rig.client.received(octets, on: connection, now: rig.now)
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.ended(.stopping))])
  }

  @Test func aRelayThatDoesNotReadIsLeft() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.client.backlog(262_144, on: connection, now: rig.now)
    #expect(rig.actions() == [])
    rig.client.backlog(262_145, on: connection, now: rig.now)
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.backlog)])
  }

  // MARK: staying and coming back

  @Test(arguments: [Duration.zero, .milliseconds(40), .seconds(9)])
  func anIdleLinkIsAskedAtItsInterval(roundTrip: Duration) throws {
    var (rig, connection) = try ClientRig.ready()
    var last = rig.now
    for expected in [120, 180, 270, 405, 607.5, 900, 900] {
      try rig.passToDeadline()
      #expect(rig.now - last == .seconds(expected))
      last = rig.now
      let ping = try #require(rig.sent(rig.actions(), on: connection).first)
      guard case .ping(let seconds) = ping.message else {
        Issue.record("no ping")
        return
      }
      // What the relay is told covers the interval to come.
      rig.pass(roundTrip)
      try rig.receive(.pong, for: ping.request, on: connection)
      #expect(rig.client.keepalive.seconds <= seconds)
    }
  }

  @Test func trafficPutsThePingOff() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.pass(.seconds(100))
    let id = try rig.client.request(.deregister, now: rig.now)
    try rig.receive(.done, for: id, on: connection)
    _ = rig.actions()
    #expect(rig.client.nextDeadline == rig.now + .seconds(120))
    // What comes in alone does not tell the relay that this device lives.
    rig.pass(.seconds(60))
    try rig.receive(.revoked(rig.samples.fixed()), on: connection)
    #expect(rig.client.nextDeadline == rig.now + .seconds(60))
  }

  @Test func anUnansweredPingShortensTheInterval() throws {
    var (rig, connection) = try ClientRig.ready()
    for _ in 0..<3 {
      try rig.passToDeadline()
      let ping = try #require(rig.sent(rig.actions(), on: connection).first)
      try rig.receive(.pong, for: ping.request, on: connection)
    }
    #expect(rig.client.keepalive.seconds == 405)
    try rig.passToDeadline()
    _ = rig.actions()
    try rig.passToDeadline()
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.unanswered)])
    #expect(rig.client.keepalive.seconds == 202)
  }

  @Test func aLostLinkComesBackFasterThanASecond() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.pass(.seconds(61))
    rig.client.closed(connection, reason: "connection reset", now: rig.now)
    #expect(rig.actions() == [.sessionLost(.closed("connection reset"))])
    #expect(try #require(rig.client.nextDeadline) <= rig.now + .seconds(1))
    try rig.passToDeadline()
    _ = try rig.becomeReady()
  }

  @Test func triesGrowApart() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    var waits: [Duration] = []
    for attempt in 1...12 {
      rig.client.closed(.init(rawValue: UInt64(attempt)), reason: "refused", now: rig.now)
      waits.append(try #require(rig.client.nextDeadline) - rig.now)
      try rig.passToDeadline()
    }
    #expect(waits[0] <= .seconds(1))
    #expect(waits[5] >= .seconds(16))
    #expect(waits.allSatisfy { $0 <= .seconds(300) })
    #expect(waits[11] >= .seconds(150))
  }

  @Test func onlyASessionThatLastedMakesTheNextTryAQuickOne() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    for attempt in 1...6 {
      rig.client.closed(.init(rawValue: UInt64(attempt)), reason: "refused", now: rig.now)
      try rig.passToDeadline()
    }
    // A relay that throws everyone out at once is not asked every second.
    let brief = try rig.becomeReady()
    rig.pass(.seconds(59))
    rig.client.closed(brief, reason: "reset", now: rig.now)
    #expect(try #require(rig.client.nextDeadline) - rig.now >= .seconds(32))
    try rig.passToDeadline()
    let settled = try rig.becomeReady()
    rig.pass(.seconds(60))
    rig.client.closed(settled, reason: "reset", now: rig.now)
    #expect(try #require(rig.client.nextDeadline) - rig.now <= .seconds(1))
  }

  @Test func aNetworkChangeTriesAtOnce() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    for attempt in 1...8 {
      rig.client.closed(.init(rawValue: UInt64(attempt)), reason: "unreachable", now: rig.now)
      if attempt < 8 { try rig.passToDeadline() }
    }
    _ = rig.actions()
    rig.now += .seconds(2)
    rig.client.networkChanged(isAvailable: false, now: rig.now)
    #expect(rig.actions() == [])
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    #expect(rig.actions() == [.connect(.init(rawValue: 9))])
    // A network that changes ten times a second does not make ten tries a second.
    rig.client.closed(.init(rawValue: 9), reason: "unreachable", now: rig.now)
    _ = rig.actions()
    rig.client.networkChanged(isAvailable: true, now: rig.now + .milliseconds(100))
    #expect(rig.actions() == [])
    #expect(try #require(rig.client.nextDeadline) <= rig.now + .seconds(1))
  }

  @Test func aNetworkChangeRestartsAConnectionUnderWay() throws {
    var rig = ClientRig()
    rig.client.start(now: rig.now)
    _ = rig.actions()
    rig.client.networkChanged(isAvailable: true, now: rig.now + .milliseconds(500))
    #expect(rig.actions() == [])
    rig.client.networkChanged(isAvailable: true, now: rig.now + .seconds(5))
    #expect(rig.actions() == [.disconnect(.init(rawValue: 1)), .connect(.init(rawValue: 2))])
    // What the first try still reports is of no interest.
    rig.client.closed(.init(rawValue: 1), reason: "late", now: rig.now + .seconds(5))
    rig.client.connected(.init(rawValue: 1), certificateKeyHash: rig.hash, now: rig.now + .seconds(5))
    #expect(rig.actions() == [])
    #expect(rig.client.status == .connecting)
  }

  @Test func aNetworkChangeAsksALiveLink() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.pass(.seconds(30))
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    let pings = try rig.sent(rig.actions(), on: connection)
    #expect(pings.count == 1)
    try rig.passToDeadline()
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.unanswered)])
    // Not idleness broke it.
    #expect(rig.client.keepalive.seconds == 120)
  }

  @Test func aSessionTakenOverIsNotTakenBackAtOnce() throws {
    var (rig, connection) = try ClientRig.ready()
    try rig.receive(.sessionEnded(.replaced), on: connection)
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.ended(.replaced))])
    #expect(try #require(rig.client.nextDeadline) >= rig.now + .seconds(150))
  }

  @Test func halfAFrameOfALostConnectionIsForgotten() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.client.received([0, 0], on: connection, now: rig.now)
    rig.client.closed(connection, reason: "reset", now: rig.now)
    _ = rig.actions()
    try rig.passToDeadline()
    _ = try rig.becomeReady()
  }

  @Test func aRelayThatIsNotBelievedIsLeftAloneForLong() throws {
    var (rig, connection) = try ClientRig.ready()
    rig.now += .seconds(100)
    rig.client.distrust(now: rig.now)
    #expect(rig.actions() == [.disconnect(connection), .sessionLost(.badProof)])
    let due = try #require(rig.client.nextDeadline)
    #expect(due - rig.now >= Backoff.longest / 2 && due - rig.now <= Backoff.longest)
    // No network makes it honest.
    rig.client.networkChanged(isAvailable: true, now: rig.now)
    #expect(rig.actions().isEmpty && rig.client.nextDeadline == due)
    rig.client.distrust(now: rig.now)
    #expect(rig.actions().isEmpty)
    // Nor does a sleep.
    rig.client.stop(now: rig.now)
    #expect(rig.actions() == [.stopped] && rig.client.nextDeadline == nil)
    rig.client.start(now: rig.now + .seconds(5))
    #expect(rig.actions().isEmpty && rig.client.nextDeadline == due)
    try rig.passToDeadline()
    guard case .connect = rig.actions().first else {
      Issue.record("not tried again")
      return
    }
  }
}
