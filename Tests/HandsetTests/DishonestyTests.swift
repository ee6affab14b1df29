import Interposer
import QMI
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// People who write what their programs never would, and a relay that helps them.
@Suite struct DishonestyTests {
  @Test func anImpostorIsNotShown() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let mallory = try Stranger("+447700900666")
    let answers = Answers(world, bob)
    for _ in 0..<3 {
      world.relay.push(
        .incoming(try mallory.message(world, to: bob, claiming: alice.number.e164, Stranger.parts("It is me"))), to: bob)
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
    let mallory = try Stranger("+447700900666")
    for _ in 0..<4 {
      world.relay.push(
        .incoming(try mallory.message(world, to: bob, claiming: "+447700900777", Stranger.parts("Hello"))), to: bob)
      world.run(.seconds(1))
    }
    #expect(world.relay.evaluatedCount == 1 && bob.spool.isEmpty)
  }

  @Test func aReplayedMessageIsShownOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let answers = Answers(world, bob)
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
    let carol = try Stranger("+447700900777")
    let message = try carol.message(world, to: bob, claiming: "+447700900777", Stranger.parts("Hello"))
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

  @Test func whatOnlyACarrierMayDoIsRefused() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let carol = try Stranger("+447700900777")
    try bob.learn(number: "+447700900777")
    bob.kill()
    bob.start()
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    let answers = Answers(world, bob)
    var bad: [[MessagePart]] = [
      try Stranger.parts("Flash") { $0.dataCodingScheme = 0x10 },
      try Stranger.parts("Type 0") { $0.protocolIdentifier = 0x40 },
      try Stranger.parts("Replaces") { $0.protocolIdentifier = 0x41 },
      try Stranger.parts("To the SIM") { $0.protocolIdentifier = 0x7F },
    ]
    let long = try Stranger.parts(String(repeating: "Three parts of text go here. ", count: 14))
    bad += [[long[0]], [long[0], long[1]], [long[1], long[0], long[2]], long + long, [long[0], long[0], long[0]]]
    bad.append(try Stranger.parts("One") + Stranger.parts("Two"))
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
    let carol = try Stranger("+447700900777")
    let answers = Answers(world, bob)
    world.relay.push(
      .incoming(
        try carol.message(
          world, to: bob, claiming: "+447700900777", Stranger.parts("Hello"), generation: TokenGeneration(rawValue: 9))),
      to: bob)
    world.run(.seconds(1))
    #expect(answers.refusals == [.notNow] && bob.notes.allSatisfy { !$0.contains("claims") })
    world.relay.push(
      .incoming(try carol.message(world, to: bob, claiming: "+447700900777", Stranger.parts("Hello"))), to: bob)
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+447700900777: Hello"])
  }

  @Test func strangersWaitingForLookUpsAreBounded() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      if device === bob, case .evaluateTokens = frame.message { [] } else { [frame] }
    }
    let carol = try Stranger("+447700900777")
    for index in 0..<(IncomingDesk.waitingCapacity + 8) {
      let number = "+4477009\(10_000 + index)"
      world.relay.push(.incoming(try carol.message(world, to: bob, claiming: number, Stranger.parts("Hello"))), to: bob)
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
