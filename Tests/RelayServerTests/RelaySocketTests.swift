import Foundation
import NIOCore
import NIOSSL
import RelayProtocol
import Sealing
import Telephony
import Testing

@testable import RelayServer

/// A real relay, real sockets, real TLS.
@Suite(.timeLimit(.minutes(5))) struct RelaySocketTests {
  private func randomID() -> MessageID {
    var generator = SystemRandomNumberGenerator()
    return MessageID(using: &generator)
  }

  @Test func twoDevicesFromRegistrationToRevoke() async throws {
    try await withRelay { relay in
      let alice = try await TestPerson("+447700900111", relay)
      let bob = try await TestPerson("+447700900122", relay)

      let token = try await alice.token(of: bob.number)
      let stranger = try await alice.token(of: PhoneNumber(e164: "+447700900133"))
      let answer = try await alice.device.ask(.lookUp([token, stranger], withKeyPackages: true))
      guard case .lookUpResult(let contacts) = answer, contacts.count == 2, case .online(let package?) = contacts[0] else {
        Issue.record("not found: \(answer)")
        return
      }
      #expect(contacts[1] == .unknown)
      #expect(package == bob.session.keyPackage)

      // Deliver and acknowledge, end to end.
      let now = WallTime(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000))
      let part = MessagePart(
        protocolIdentifier: 0, dataCodingScheme: 0, hasUserDataHeader: false, userDataLength: 2, userData: [0xC8, 0x34])
      let content = MessageContent(senderNumber: alice.number, sent: now, parts: [part])
      let id = randomID()
      let sealed = try MessageSealer.seal(
        content, id: id, from: alice.identity, to: VerifiedKeyPackage(package, now: now), of: bob.number)
      let delivery = Delivery(
        messageID: id, recipientToken: token, keyPackageID: package.id, sealed: sealed.sealed,
        lifetimeMilliseconds: 60_000)
      #expect(try await alice.device.ask(.deliver(delivery)) == .accepted)
      guard case .incoming(let incoming) = try await bob.device.push() else {
        Issue.record("nothing came in")
        return
      }
      #expect(incoming.senderIdentityKey == alice.identity.publicKey)
      let opened = try bob.session.open(incoming, for: bob.number, now: now)
      #expect(opened.content == content)
      // The token the relay vouches for is that of the number inside.
      #expect(try await bob.token(of: opened.content.senderNumber) == incoming.senderToken)
      _ = try await bob.device.send(.acknowledge(id, try opened.acknowledgementKey.mac(for: id)))
      guard case .acknowledged(id, let mac) = try await alice.device.push() else {
        Issue.record("not acknowledged")
        return
      }
      #expect(sealed.acknowledgementKey.isValid(mac, for: id))

      // Deliver and refuse.
      var second = delivery
      second.messageID = randomID()
      #expect(try await alice.device.ask(.deliver(second)) == .accepted)
      guard case .incoming = try await bob.device.push() else {
        Issue.record("nothing came in")
        return
      }
      _ = try await bob.device.send(.refuse(second.messageID, .storageFull))
      #expect(try await alice.device.push() == .refused(second.messageID, .storageFull))

      // Deliver and revoke.
      var third = delivery
      third.messageID = randomID()
      #expect(try await alice.device.ask(.deliver(third)) == .accepted)
      #expect(try await alice.device.ask(.revoke(third.messageID)) == .done)
      guard case .incoming = try await bob.device.push() else {
        Issue.record("nothing came in")
        return
      }
      #expect(try await bob.device.push() == .revoked(third.messageID))

      // The recipient is lost on the way.
      var fourth = delivery
      fourth.messageID = randomID()
      #expect(try await alice.device.ask(.deliver(fourth)) == .accepted)
      await bob.device.close()
      #expect(try await alice.device.push() == .refused(fourth.messageID, .recipientGone))
      #expect(try await alice.device.ask(.lookUp([token], withKeyPackages: false)) == .lookUpResult([.offline]))

      #expect(try await alice.device.ask(.deregister) == .done)
      await alice.device.close()
    }
  }

  @Test func wrongSignatureIsRefused() async throws {
    try await withRelay { relay in
      let device = try await TestDevice(relay)
      guard case .challenge = try await device.push() else {
        Issue.record("no challenge")
        return
      }
      let identity = try IdentityKey()
      let wrong = try identity.sign(
        .session(nonce: ChallengeNonce([UInt8](repeating: 0, count: 32)), certificateKeyHash: device.keyHash))
      let answer = try await device.ask(
        .authenticate(Authentication(identityKey: identity.publicKey, signature: wrong, keepaliveSeconds: 0)))
      guard case .failure(let failure) = answer else {
        Issue.record("\(answer)")
        return
      }
      #expect(failure.code == .notAuthenticated)
      await device.end()
    }
  }

  @Test func signatureForAnotherCertificateIsRefused() async throws {
    try await withRelay { relay in
      try await withRelay { other in
        // What a man in the middle with a certificate of his own would get from the device and pass on.
        let elsewhere = try await TestDevice(other)
        let device = try await TestDevice(relay)
        #expect(elsewhere.keyHash != device.keyHash)
        let answer = try await device.authenticate(try IdentityKey(), keyHash: elsewhere.keyHash)
        guard case .failure(let failure) = answer else {
          Issue.record("\(answer)")
          return
        }
        #expect(failure.code == .notAuthenticated)
        await device.end()
        await elsewhere.close()
      }
    }
  }

  @Test func restartKeepsRegistrations() async throws {
    let first = try await TestRelay()
    defer { first.remove() }
    let alice = try await TestPerson("+447700900111", first)
    let identity = alice.identity
    await first.server.stop()
    #expect(try await alice.device.push() == .sessionEnded(.stopping))
    await alice.device.end()

    let second = try await TestRelay(directory: first.directory)
    let device = try await TestDevice(second)
    guard case .sessionReady(let ready) = try await device.authenticate(identity) else {
      Issue.record("no session")
      return
    }
    #expect(ready.registration != nil)
    #expect(ready.tokenGenerations == [TokenGeneration(rawValue: 1)])
    let stranger = try await TestDevice(second)
    guard case .sessionReady(let none) = try await stranger.authenticate(try IdentityKey()) else {
      Issue.record("no session")
      return
    }
    #expect(none.registration == nil)
    await device.close()
    await stranger.close()
    await second.server.stop()
  }

  /// Registered under one key, then served under two, then under the new one only; nobody proves a number again.
  @Test func rotationKeepsRegistrations() async throws {
    let first = try await TestRelay()
    defer { first.remove() }
    let alice = try await TestPerson("+447700900111", first)
    let carol = try await TestPerson("+447700900113", first)
    await first.server.stop()
    await alice.device.end()
    await carol.device.end()

    func opened(_ relay: TestRelay, _ identity: IdentityKey) async throws -> (TestDevice, SessionReady) {
      let device = try await TestDevice(relay)
      guard case .sessionReady(let ready) = try await device.authenticate(identity) else { throw ConnectionEnded() }
      return (device, ready)
    }
    _ = try first.directory.rotate()
    let second = try await TestRelay(directory: first.directory)
    #expect(second.log.lines.contains { $0.contains("two number-token keys") && $0.contains("2") })
    let generations = [TokenGeneration(rawValue: 2), TokenGeneration(rawValue: 1)]
    let (device, before) = try await opened(second, alice.identity)
    #expect(before.tokenGenerations == generations && before.registration?.generation == generations[1])
    // Another's number does not move her registration, her own does, without a code.
    for (number, isHers) in [(carol.number, false), (alice.number, true)] {
      let sealed = try RegistrationEnvelope.seal(number, identity: alice.identity.publicKey, trust: second.trust)
      switch try await device.ask(.register(sealedNumber: sealed, purpose: .move)) {
      case .registered(let registration): #expect(isHers && registration.generation == generations[0])
      case .failure(let failure): #expect(!isHers && failure.code == .badNumber)
      default: Issue.record("no answer")
      }
    }
    #expect(second.sender.messages.isEmpty)
    // Devices with the old file and with the new one find her alike.
    #expect(try await device.ask(.publishKeyPackage(alice.session.keyPackage)) == .done)
    var tokens: [NumberToken] = []
    for generation in generations {
      let trust = generation == generations[0] ? second.trust : first.trust
      let request = try NumberTokenRequest(alice.number, generation: generation, trust: trust)
      guard case .evaluations(let evaluations) =
        try await device.ask(.evaluateTokens(generation, [request.blindedElement]))
      else { throw ConnectionEnded() }
      tokens.append(try request.token(from: evaluations[0]))
    }
    #expect(
      try await device.ask(.lookUp(tokens, withKeyPackages: false)) == .lookUpResult([.online(nil), .online(nil)]))
    await device.close()
    await second.server.stop()

    #expect(throws: RelayError.notMoved(count: 1)) { _ = try first.directory.finishRotation() }
    _ = try first.directory.finishRotation(lapse: true)
    let third = try await TestRelay(directory: first.directory)
    #expect(third.log.lines.contains { $0.contains("no longer served were removed") })
    let (again, after) = try await opened(third, alice.identity)
    #expect(after.tokenGenerations == [generations[0]] && after.registration?.token == tokens[0])
    // Carol has not connected in time.
    let (late, none) = try await opened(third, carol.identity)
    #expect(none.registration == nil)
    await again.close()
    await late.close()
    await third.server.stop()
  }

  @Test func aLostDevicesRegistrationIsEndedByProofOfItsNumber() async throws {
    try await withRelay { relay in
      let lost = try await TestPerson("+447700900111", relay)
      let identity = try IdentityKey()
      let device = try await TestDevice(relay)
      _ = try await device.authenticate(identity)
      let sealed = try RegistrationEnvelope.seal(lost.number, identity: identity.publicKey, trust: relay.trust)
      #expect(
        try await device.ask(.register(sealedNumber: sealed, purpose: .deregister)) == .codeSent(lifetimeSeconds: 600))
      let code = try #require(relay.sender.code(for: lost.number))
      #expect(try await device.ask(.confirmRegistration(code: code)) == .done)
      #expect(try await lost.device.push() == .sessionEnded(.registrationRemoved))
      await lost.device.end()
      let again = try await TestDevice(relay)
      guard case .sessionReady(let ready) = try await again.authenticate(lost.identity) else {
        Issue.record("no session")
        return
      }
      #expect(ready.registration == nil)
      await device.close()
      await again.close()
    }
  }

  @Test func connectionsOverTheRateAreToldToWait() async throws {
    try await withRelay { limits in
      limits.connectionBurstPerAddress = 1
      limits.connectionsPerAddressPerHour = 60
    } _: { relay in
      let first = try await TestDevice(relay)
      let second = try await TestDevice(relay)
      guard case .failure(let failure) = try await second.push() else {
        Issue.record("let in")
        return
      }
      #expect(failure.code == .limit && 50...60 ~= failure.retryAfterSeconds)
      await second.end()
      guard case .challenge = try await first.push() else {
        Issue.record("no challenge")
        return
      }
      await first.close()
    }
  }

  @Test func wrongCodesAreRefusedThenVoid() async throws {
    try await withRelay { relay in
      let identity = try IdentityKey()
      let number = try PhoneNumber(e164: "+447700900111")
      let device = try await TestDevice(relay)
      _ = try await device.authenticate(identity)
      let sealed = try RegistrationEnvelope.seal(number, identity: identity.publicKey, trust: relay.trust)
      #expect(try await device.ask(.register(sealedNumber: sealed)) == .codeSent(lifetimeSeconds: 600))
      #expect(relay.sender.messages[0].text.wholeMatch(of: /Shunt code: [A-Z0-9]{8}/) != nil)
      var codes: [FailureCode] = []
      for _ in 0..<6 {
        if case .failure(let failure) = try await device.ask(.confirmRegistration(code: "AAAAAAAA")) {
          codes.append(failure.code)
        }
      }
      #expect(codes == Array(repeating: .wrongCode, count: 5) + [.codeLapsed])
      // Sealed for this identity only.
      let other = try await TestDevice(relay)
      _ = try await other.authenticate(try IdentityKey())
      guard case .failure(let failure) = try await other.ask(.register(sealedNumber: sealed)) else {
        Issue.record("taken")
        return
      }
      #expect(failure.code == .badNumber)
      await device.close()
      await other.close()
    }
  }

  @Test func evaluationsDoNotHoldUpOthers() async throws {
    try await withRelay { relay in
      let alice = try await TestPerson("+447700900111", relay)
      let generation = TokenGeneration(rawValue: 1)
      let request = try NumberTokenRequest(alice.number, generation: generation, trust: relay.trust)
      let many = Array(repeating: request.blindedElement, count: 64)
      _ = try await alice.device.send(.evaluateTokens(generation, many))
      // The same connection even: the pong overtakes a quarter of a second of work.
      #expect(try await alice.device.ask(.ping(keepaliveSeconds: 120)) == .pong)
      guard case .evaluations(let evaluations) = try await alice.device.push() else {
        Issue.record("no evaluations")
        return
      }
      #expect(evaluations.count == 64)
      let notAPoint = try BlindedElement([UInt8](repeating: 0xFF, count: 49))
      guard case .failure(let failure) = try await alice.device.ask(.evaluateTokens(generation, [notAPoint])) else {
        Issue.record("evaluated")
        return
      }
      #expect(failure.code == .badFrame)
      await alice.device.close()
    }
  }

  @Test func newerSessionReplacesTheOlder() async throws {
    try await withRelay { relay in
      let alice = try await TestPerson("+447700900111", relay)
      let again = try await TestDevice(relay)
      guard case .sessionReady(let ready) = try await again.authenticate(alice.identity) else {
        Issue.record("no session")
        return
      }
      #expect(ready.registration != nil)
      #expect(try await alice.device.push() == .sessionEnded(.replaced))
      await alice.device.end()
      await again.close()
    }
  }

  // MARK: Bad peers

  @Test func onlyTLS13() async throws {
    try await withRelay { relay in
      await #expect(throws: (any Error).self) { _ = try await TestDevice(relay, maximumTLS: .tlsv12) }
    }
  }

  @Test(arguments: [[], ["h2"]])
  func onlyTheRightApplicationProtocol(protocols: [String]) async throws {
    try await withRelay { relay in
      // Closed before a challenge is sent.
      await #expect(throws: (any Error).self) {
        let device = try await TestDevice(relay, protocols: protocols)
        _ = try await device.push()
      }
    }
  }

  @Test(arguments: [
    [0, 0, 0x40, 1], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 3, 0xFF, 0xFF, 0xFF], Array("GET / HTTP/1.1\r\n\r\n".utf8),
  ])
  func garbageEndsTheSession(octets: [UInt8]) async throws {
    try await withRelay { relay in
      let device = try await TestDevice(relay)
      _ = try await device.authenticate(try IdentityKey())
      try await device.send(octets: octets)
      #expect(try await device.push() == .sessionEnded(.protocolError))
      await device.end()
      #expect(try await relay.server.statistics().protocolErrors == 1)
    }
  }

  @Test func framesInDropsAndInOneGo() async throws {
    try await withRelay { relay in
      let device = try await TestDevice(relay)
      _ = try await device.authenticate(try IdentityKey())
      let frame = try ClientFrame(request: RequestID(rawValue: 900), message: .ping(keepaliveSeconds: 60)).encoded()
      for octet in frame { try await device.send(octets: [octet]) }
      #expect(try await device.push() == .pong)
      try await device.send(octets: frame + frame + frame)
      for _ in 0..<3 { #expect(try await device.push() == .pong) }
      await device.close()
    }
  }

  @Test func unauthenticatedConnectionsTimeOut() async throws {
    try await withRelay { limits in
      limits.authenticationTime = .milliseconds(400)
    } _: { relay in
      let device = try await TestDevice(relay)
      await device.end()
      #expect(try await relay.server.statistics().authenticationsFailed == 1)
    }
  }

  @Test func connectionsOverTheLimitAreDropped() async throws {
    try await withRelay { limits in
      limits.unauthenticatedConnectionsPerAddress = 1
    } _: { relay in
      let first = try await TestDevice(relay)
      await #expect(throws: (any Error).self) {
        let second = try await TestDevice(relay)
        _ = try await second.push()
      }
      _ = try await first.authenticate(try IdentityKey())
      let third = try await TestDevice(relay)
      await third.close()
      await first.close()
    }
  }

  @Test func deviceThatStopsReadingIsCutOff() async throws {
    try await withRelay { limits in
      limits.outgoingOctets = 64 * 1024
      limits.pendingMessagesPerSender = 100_000
    } _: { relay in
      let alice = try await TestPerson("+447700900111", relay)
      let bob = try await TestPerson("+447700900122", relay, receiveBuffer: 8_192)
      let token = try await alice.token(of: bob.number)
      try await bob.device.channel.setOption(.autoRead, value: false).get()
      var refusals = 0
      // The kernels' buffers take a few megabytes first.
      for _ in 0..<4_000 {
        let delivery = Delivery(
          messageID: randomID(), recipientToken: token, keyPackageID: bob.session.keyPackage.id,
          sealed: [UInt8](repeating: 1, count: 16_000), lifetimeMilliseconds: 60_000)
        let answer = try await alice.device.ask(.deliver(delivery))
        if case .failure(let failure) = answer {
          #expect(failure.code == .recipientOffline)
          refusals += 1
          break
        }
      }
      #expect(refusals == 1)
      guard case .refused(_, .recipientGone) = try await alice.device.push() else {
        Issue.record("not told")
        return
      }
      #expect(try await relay.server.statistics().sessionsCutOff == 1)
      try await bob.device.channel.setOption(.autoRead, value: true).get()
      await bob.device.end()
      await alice.device.close()
    }
  }

  @Test func logsTellNothingOfAnybody() async throws {
    try await withRelay { relay in
      let alice = try await TestPerson("+447700900111", relay)
      let bob = try await TestPerson("+447700900122", relay)
      let token = try await alice.token(of: bob.number)
      let delivery = Delivery(
        messageID: randomID(), recipientToken: token, keyPackageID: bob.session.keyPackage.id, sealed: [1],
        lifetimeMilliseconds: 60_000)
      #expect(try await alice.device.ask(.deliver(delivery)) == .accepted)
      let sealed = try RegistrationEnvelope.seal(
        alice.number, identity: alice.identity.publicKey, trust: relay.trust)
      for _ in 0..<4 { _ = try await alice.device.ask(.register(sealedNumber: sealed)) }
      await alice.device.close()
      await bob.device.close()
      let log = relay.log.lines.joined(separator: "\n")
      for person in [alice, bob] {
        #expect(!log.contains(person.number.digits.suffix(6)))
        #expect(!log.contains(relay.sender.code(for: person.number) ?? "-"))
        #expect(!log.contains(person.identity.publicKey.octets.prefix(4).map { String(format: "%02x", $0) }.joined()))
      }
      #expect(!log.contains("\(token.octets[0]), \(token.octets[1]), \(token.octets[2])"))
      #expect(!log.contains("127.0.0.1:"))
    }
  }
}
