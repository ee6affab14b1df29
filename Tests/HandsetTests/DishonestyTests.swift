import Interposer
import QMI
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A relay that cheats, and people who write what their programs never would.
@Suite struct DishonestyTests {
  /// Somebody registered with a program of their own.
  private struct Stranger {
    let key: IdentityKey
    let token: NumberToken

    init(_ world: World, _ number: String) throws {
      key = try IdentityKey()
      token = TestRelay.token(try PhoneNumber(e164: number))
    }

    /// A message as a relay would pass it on.
    func message(
      _ world: World, to device: Device, claiming number: String, _ parts: [MessagePart], id: RelayProtocol.MessageID? = nil,
      generation: TokenGeneration = TestRelay.generation
    ) throws -> IncomingMessage {
      let package = try #require(device.handset?.link.sessionKey?.keyPackage)
      let content = MessageContent(
        senderNumber: try PhoneNumber(e164: number), sent: world.wall, parts: parts)
      let id = id ?? RelayProtocol.MessageID(using: &world.generator)
      let sealed = try MessageSealer.seal(
        content, id: id, from: key, to: VerifiedKeyPackage(package, now: world.wall))
      return IncomingMessage(
        messageID: id, senderToken: token, generation: generation, senderIdentityKey: key.publicKey,
        keyPackageID: package.id, sealed: sealed.sealed)
    }
  }

  private static func parts(_ text: String, _ change: (inout MessagePart) -> Void = { _ in }) throws -> [MessagePart] {
    try MessageComposer.submits(text: text, to: SMSAddress(dialled: "+919876500000"), reference: 3).map { submit in
      var part = MessagePart(submit)
      change(&part)
      return part
    }
  }

  /// What a device says to what it is sent.
  private func answers(_ world: World, _ device: Device) -> Answers {
    let answers = Answers()
    world.relay.fromDevice = { from, frame in
      if from === device {
        switch frame.message {
        case .acknowledge: answers.acknowledgements += 1
        case .refuse(_, let reason): answers.refusals.append(reason)
        default: break
        }
      }
      return [frame]
    }
    return answers
  }

  private final class Answers {
    var acknowledgements = 0
    var refusals: [RefusalReason] = []
  }

  @Test func anImpostorIsNotShown() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let mallory = try Stranger(world, "+447700900666")
    let answers = answers(world, bob)
    for _ in 0..<3 {
      world.relay.push(
        .incoming(try mallory.message(world, to: bob, claiming: alice.number.e164, Self.parts("It is me"))), to: bob)
      world.run(.seconds(1))
    }
    #expect(bob.messenger.texts.isEmpty && bob.spool.isEmpty && bob.records.isEmpty)
    #expect(answers.acknowledgements == 0 && answers.refusals == [.notAuthentic, .notAuthentic, .notAuthentic])
    #expect(bob.notes.filter { $0.contains("claims another's number") }.count == 1)
    // Alice herself is believed.
    #expect(alice.messenger.sent("It is really me", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+919876543210: It is really me"])
  }

  @Test func anImpostorOfAnUnknownNumberCostsOneLookUp() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let mallory = try Stranger(world, "+447700900666")
    for _ in 0..<4 {
      world.relay.push(
        .incoming(try mallory.message(world, to: bob, claiming: "+447700900777", Self.parts("Hello"))), to: bob)
      world.run(.seconds(1))
    }
    #expect(world.relay.evaluatedCount == 1 && bob.spool.isEmpty)
  }

  @Test func aReplayedMessageIsShownOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let answers = answers(world, bob)
    var replayed: ServerFrame?
    world.relay.toDevice = { device, frame in
      guard device === bob, case .incoming = frame.message else { return [frame] }
      replayed = frame
      return [frame, frame]
    }
    #expect(alice.messenger.sent("Once", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    let frame = try #require(replayed)
    world.relay.toDevice = { _, frame in [frame] }
    for _ in 0..<3 { world.relay.push(frame, to: bob) }
    world.run(.seconds(1))
    // After a restart the key is gone with the session.
    bob.kill()
    bob.start()
    bob.messenger = Messenger(bob)
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    world.relay.push(frame, to: bob)
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+919876543210: Once"] && bob.spool.count == 1)
    #expect(bob.records.count == 1)
    #expect(answers.acknowledgements == 5 && answers.refusals == [.staleKeyPackage])
  }

  @Test func aMessageThatWaitsForItsSendersTokenIsShownOnce() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let carol = try Stranger(world, "+447700900777")
    let message = try carol.message(world, to: bob, claiming: "+447700900777", Self.parts("Hello"))
    for _ in 0..<3 { world.relay.push(.incoming(message), to: bob) }
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+447700900777: Hello"] && bob.records.count == 1)
  }

  @Test func aForgedAcknowledgementDoesNotCount() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.toDevice = { device, frame in
      guard device === bob, case .incoming(let message) = frame.message else { return [frame] }
      world.relay.push(.acknowledged(message.messageID, AcknowledgementMAC(using: &world.generator)), to: alice)
      return []
    }
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: Hello"])
    #expect(alice.notes.contains { $0.contains("not the recipient's") })
  }

  @Test func aKeyThatItsOwnerDidNotSignIsNotUsed() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.toDevice = { device, frame in
      guard device === alice, case .lookUpResult(let contacts) = frame.message, case .online(var package?) = contacts.first
      else { return [frame] }
      package.publicKey = SealingPublicKey(using: &world.generator)
      return [ServerFrame(request: frame.request, message: .lookUpResult([.online(package)]))]
    }
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier recipient-offline sent"])
  }

  @Test func evaluationsByAnotherKeyAreNotBelieved() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let others = try RelayKeys()
    world.relay.fromDevice = { device, frame in
      guard case .evaluateTokens(let generation, let elements) = frame.message,
        let evaluations = try? others.evaluate(elements, generation: generation)
      else { return [frame] }
      world.relay.push(ServerFrame(request: frame.request, message: .evaluations(evaluations)), to: device)
      return []
    }
    #expect(alice.messenger.sent("Hello", to: "+447700900123").hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier relay-unreachable sent"])
    #expect(alice.notes.contains { $0.contains("pinned key") })
  }

  @Test func whatOnlyACarrierMayDoIsRefused() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let carol = try Stranger(world, "+447700900777")
    try bob.learn(number: "+447700900777")
    bob.kill()
    bob.start()
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    let answers = answers(world, bob)
    var bad: [[MessagePart]] = [
      try Self.parts("Flash") { $0.dataCodingScheme = 0x10 },
      try Self.parts("Type 0") { $0.protocolIdentifier = 0x40 },
      try Self.parts("Replaces") { $0.protocolIdentifier = 0x41 },
      try Self.parts("To the SIM") { $0.protocolIdentifier = 0x7F },
    ]
    let long = try Self.parts(String(repeating: "Three parts of text go here. ", count: 14))
    bad += [[long[0]], [long[0], long[1]], [long[1], long[0], long[2]], long + long, [long[0], long[0], long[0]]]
    bad.append(try Self.parts("One") + Self.parts("Two"))
    // A WAP push, which configures a device.
    bad.append([
      MessagePart(
        protocolIdentifier: 0, dataCodingScheme: 0x04, hasUserDataHeader: true, userDataLength: 9,
        userData: [6, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 1, 2])
    ])
    for parts in bad {
      world.relay.push(.incoming(try carol.message(world, to: bob, claiming: "+447700900777", parts)), to: bob)
      world.run(.milliseconds(200))
    }
    #expect(bob.messenger.received.isEmpty && bob.spool.isEmpty)
    #expect(answers.refusals == Array(repeating: .notAuthentic, count: bad.count) && answers.acknowledgements == 0)
    // Not a word of it in the journal.
    #expect(!bob.notes.contains { $0.contains("Flash") || $0.contains("777") })
    world.relay.push(.incoming(try carol.message(world, to: bob, claiming: "+447700900777", long)), to: bob)
    world.run(.seconds(1))
    #expect(bob.messenger.texts.count == 1)
  }

  @Test func aSenderOfAnOlderTokenKeyIsNoImpostor() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let carol = try Stranger(world, "+447700900777")
    let answers = answers(world, bob)
    world.relay.push(
      .incoming(
        try carol.message(
          world, to: bob, claiming: "+447700900777", Self.parts("Hello"), generation: TokenGeneration(rawValue: 9))),
      to: bob)
    world.run(.seconds(1))
    #expect(answers.refusals == [.notNow] && bob.notes.allSatisfy { !$0.contains("claims") })
    world.relay.push(
      .incoming(try carol.message(world, to: bob, claiming: "+447700900777", Self.parts("Hello"))), to: bob)
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+447700900777: Hello"])
  }

  @Test func strangersWaitingForLookUpsAreBounded() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      if device === bob, case .evaluateTokens = frame.message { [] } else { [frame] }
    }
    let carol = try Stranger(world, "+447700900777")
    for index in 0..<(IncomingDesk.waitingCapacity + 8) {
      let number = "+4477009\(10_000 + index)"
      world.relay.push(.incoming(try carol.message(world, to: bob, claiming: number, Self.parts("Hello"))), to: bob)
    }
    world.run(.seconds(1))
    #expect(bob.handset?.incoming.waiting.count == IncomingDesk.waitingCapacity)
    #expect(bob.spool.isEmpty)
    // When the relay does not answer, they are refused, and none stays.
    world.run(.seconds(30))
    #expect(bob.handset?.incoming.waiting.isEmpty == true)
    #expect(bob.handset?.tokens.pendingCount == 0)
  }
}
