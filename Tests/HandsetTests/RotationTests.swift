import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// The relay replaces its number-token key: people go on texting by IP, prove nothing again, and look nobody up twice.
@Suite struct RotationTests {
  /// Starts the relay with other keys, and waits for the devices to be back.
  private func restart(_ world: World, _ keys: RelayKeys, _ devices: Device...) {
    world.relay.restart(with: keys)
    world.run(.milliseconds(100))
    let isBack = world.run(until: { devices.allSatisfy(\.isOnline) }, limit: .seconds(600))
    #expect(isBack)
    world.run(.seconds(1))
  }

  private func expectByIP(_ text: String, from sender: Device, to recipient: Device) {
    let before = recipient.messenger.texts.count
    #expect(sender.messenger.sent(text, to: recipient.number.e164).hasSucceeded)
    #expect(sender.record(.outgoing)?.summary == "ip recipient-online delivered")
    sender.world.run(.seconds(1))
    #expect(recipient.messenger.texts.dropFirst(before) == ["\(sender.number.e164): \(text)"])
  }

  @Test func textsGoByIPThroughoutAndTheOldKeyIsDropped() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    expectByIP("Before", from: alice, to: bob)
    restart(world, TestRelay.bothKeys, alice, bob)
    // Nobody has the new file yet, and both registrations have moved all the same, with no SMS.
    for device in [alice, bob] {
      #expect(world.relay.registration(of: device.number)?.tokens.count == 2)
      #expect(device.handset?.enrolment.registration?.generation == TestRelay.newGeneration)
      #expect(device.state == "registered")
    }
    expectByIP("To bob", from: alice, to: bob)
    expectByIP("To alice", from: bob, to: alice)
    // Alice gets the new file.
    alice.kill()
    alice.configuration.trust = TestRelay.newTrust
    alice.start()
    alice.messenger = Messenger(alice)
    alice.messenger.start()
    world.run(until: { alice.isOnline && alice.messenger.isReady })
    expectByIP("New to old", from: alice, to: bob)
    expectByIP("Old to new", from: bob, to: alice)
    // What was known was not asked for again.
    #expect(world.relay.evaluatedCount == 0)
    // Bob gets it, too; the old key goes, and what is known of it with it.
    bob.kill()
    bob.configuration.trust = TestRelay.newTrust
    bob.start()
    bob.messenger = Messenger(bob)
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    restart(world, TestRelay.newKeys, alice, bob)
    expectByIP("After", from: alice, to: bob)
    expectByIP("After, too", from: bob, to: alice)
    #expect(world.relay.evaluatedCount == 2)
    for device in [alice, bob] {
      let cache = try TokenCache(serialized: #require(device.files[.tokens]))
      #expect(cache.count == 1)
    }
    #expect(world.relay.codes.isEmpty && world.carrier.records.isEmpty)
    #expect([alice, bob].allSatisfy { $0.state == "registered" })
  }

  @Test func newContactsAreLookedUpUnderTheNewestKeyThatBothKnow() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let carol = try Device(world, "+447700900123", isEnrolled: true)
    carol.start()
    alice.kill()
    alice.configuration.trust = TestRelay.newTrust
    alice.start()
    restart(world, TestRelay.bothKeys, alice, bob, carol)
    var asked: [ObjectIdentifier: [TokenGeneration]] = [:]
    world.relay.fromDevice = { device, frame in
      if case .evaluateTokens(let generation, _) = frame.message {
        asked[ObjectIdentifier(device), default: []].append(generation)
      }
      return [frame]
    }
    for device in [alice, bob] {
      guard case .rows(let rows)? = device.answer(to: .lookUp(numbers: [carol.number.e164])) else {
        Issue.record("no rows")
        return
      }
      #expect(rows.map { $0.text("presence") } == ["online"])
    }
    #expect(asked == [ObjectIdentifier(alice): [TestRelay.newGeneration], ObjectIdentifier(bob): [TestRelay.generation]])
  }

  /// Whoever has only the old file believes a sender by the old token, and a sender who never had one by none.
  @Test func aRecipientWithTheOldFileChecksTheOldToken() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    restart(world, TestRelay.bothKeys, alice, bob)
    bob.kill()
    bob.files[.tokens] = nil
    bob.start()
    bob.messenger = Messenger(bob)
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    expectByIP("Who is it?", from: alice, to: bob)
    #expect(world.relay.evaluatedCount == 1)
    // Without a token that it can check, it does not take the message, which goes by carrier.
    world.relay.toDevice = { _, frame in
      guard case .incoming(var incoming) = frame.message else { return [frame] }
      incoming.otherSenderTokens = []
      return [ServerFrame(request: nil, message: .incoming(incoming))]
    }
    bob.kill()
    bob.files[.tokens] = nil
    bob.start()
    bob.messenger = Messenger(bob)
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    #expect(alice.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.route == .carrier)
    world.run(.seconds(5))
    #expect(bob.messenger.texts.last == "+919876543210: By carrier")
  }

  /// A sender whose registration has not moved is believed by a device that asks under the new key.
  @Test func aSenderThatHasNotMovedIsBelieved() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      if device === alice, case .register(_, .move) = frame.message { [] } else { [frame] }
    }
    bob.kill()
    bob.files[.tokens] = nil
    bob.configuration.trust = TestRelay.newTrust
    bob.start()
    bob.messenger = Messenger(bob)
    bob.messenger.start()
    restart(world, TestRelay.bothKeys, alice, bob)
    #expect(world.relay.registration(of: alice.number)?.tokens.count == 1)
    expectByIP("Old sender", from: alice, to: bob)
  }

  /// An impostor gains nothing by a second token.
  @Test func aFalseTokenOfEitherGenerationIsRefused() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    restart(world, TestRelay.bothKeys, alice, bob)
    let mallory = try PhoneNumber(e164: "+447700900666")
    world.relay.toDevice = { device, frame in
      guard device === bob, case .incoming(var incoming) = frame.message else { return [frame] }
      incoming.senderToken = TestRelay.token(mallory, generation: TestRelay.newGeneration)
      incoming.otherSenderTokens = [
        GenerationToken(token: TestRelay.token(mallory), generation: TestRelay.generation)
      ]
      return [ServerFrame(request: nil, message: .incoming(incoming))]
    }
    #expect(alice.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.route == .carrier)
    #expect(bob.notes.contains { $0.contains("claims another's number") })
  }

  @Test func aRelayThatWillNotMoveARegistrationServesItAsBefore() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      guard case .register(_, .move) = frame.message else { return [frame] }
      world.relay.push(
        ServerFrame(request: frame.request, message: .failure(RelayFailure(code: .limit, text: "later"))), to: device)
      return []
    }
    restart(world, TestRelay.bothKeys, alice, bob)
    #expect(alice.notes.contains { $0.contains("stays with the relay's old number-token key: later") })
    expectByIP("Still", from: alice, to: bob)
    // It is tried again, in the same session.
    world.relay.fromDevice = { _, frame in [frame] }
    let connections = alice.connectCount
    world.run(.seconds(1_000))
    #expect(world.relay.registration(of: alice.number)?.tokens.count == 2)
    #expect(alice.connectCount == connections)
  }

  @Test func aDeviceThatMissedTheRotationIsToldSo() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.kill()
    restart(world, TestRelay.bothKeys, bob)
    restart(world, TestRelay.newKeys)
    alice.start()
    alice.messenger = Messenger(alice)
    alice.messenger.start()
    world.run(until: { alice.state == "failed" && alice.messenger.isReady })
    #expect(alice.handset?.status.text("message")?.contains("has lapsed, or somebody else has proved the number") == true)
    #expect(alice.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier not-registered sent")
  }
}
