import Interposer
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A relay that cheats can keep texts off the way by IP, and no more: each arrives, once, at whom it is for, and the sender's
/// log says why it went as it did.
@Suite struct CheatingRelayTests {
  /// Alice, Bob and Carol, who have written to each other before.
  private func trio(_ world: World) throws -> (Device, Device, Device) {
    let (alice, bob) = try Device.pair(world)
    let carol = try Device(world, "+447700900123", isEnrolled: true)
    for other in [alice, bob] { try carol.learn(other) }
    carol.start()
    carol.messenger.start()
    world.run(until: { carol.isOnline && carol.messenger.isReady })
    return (alice, bob, carol)
  }

  /// Lets the contact cache of a device forget, as time does.
  private func forgetKeys(_ device: Device) {
    device.tell { handset, _ in handset.contacts.forgetAll() }
  }

  @Test(arguments: Cheat.allCases) func everyTextArrivesOnce(_ cheat: Cheat) throws {
    let world = World()
    let (alice, bob, carol) = try trio(world)
    let relay = try CheatingRelay(world, alice, bob, carol, cheat)
    relay.watchOneAcknowledgement {
      #expect(alice.messenger.sent("Before", to: bob.number.e164).hasSucceeded)
      world.run(.seconds(1))
    }
    forgetKeys(alice)
    let texts = ["First", "Second"]
    let sendings = texts.map { alice.messenger.send($0, to: bob.number.e164) }
    world.run(until: { sendings.allSatisfy(\.isFinished) })
    let hasSucceeded = sendings.allSatisfy(\.hasSucceeded)
    #expect(hasSucceeded)
    switch cheat {
    case .delaysBySeconds: world.run(.seconds(2))
    case .delaysByMinutes, .replaysAfterMinutes: world.run(.seconds(240))
    case .delaysByHours, .replaysAfterHours: world.run(.seconds(3 * 3_600))
    case .sendsAgainWhatWasRefused: world.run(.seconds(30))
    default: world.run(.seconds(10))
    }
    relay.repent()
    relay.release()
    world.run(.seconds(30))
    relay.release()
    world.run(.seconds(30))

    let fromAlice = bob.messenger.texts.filter { $0.hasPrefix(alice.number.e164) }
    #expect(fromAlice.sorted() == (["Before"] + texts).map { "\(alice.number.e164): \($0)" }.sorted())
    #expect(carol.messenger.texts.isEmpty && carol.spool.isEmpty)
    let records = alice.records.filter { $0.direction == .outgoing }.dropFirst()
    #expect(records.map(\.summary) == Array(repeating: cheat.verdict.summary, count: 2))
    #expect(records.allSatisfy { $0.attemptedIP == cheat.verdict.attemptedIP })
    #expect(records.map(\.cause) == Array(repeating: cheat.cause, count: 2))
    #expect(alice.changedKeys == (cheat.verdict.summary.contains("key-changed") ? [bob.number] : []))
    // Honest again, it is used again.
    #expect(alice.messenger.sent("After", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
    world.run(.seconds(1))
    #expect(bob.messenger.texts.last == "\(alice.number.e164): After")
  }

  /// At first use nothing tells a key that the relay made from the contact's own, save what two people see when they compare.
  /// It is found out by the first that is honest, too.
  @Test func aKeyOfTheRelaysAtFirstUseIsFoundByComparing() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let carol = try Device(world, "+447700900123")
    let relay = try CheatingRelay(world, alice, bob, carol, .offersItsOwnKey)
    // It can't acknowledge what it does not answer for; that it could, with its own key, makes no difference here.
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    relay.repent()
    #expect(bob.messenger.sent("Hello too", to: alice.number.e164).hasSucceeded)
    #expect(bob.record(.outgoing)?.reason == .noAcknowledgement, "Alice does not believe Bob's own key")
    let atAlice = alice.answer(to: .fingerprint(number: bob.number.e164))?.row
    let atBob = bob.answer(to: .fingerprint(number: alice.number.e164))?.row
    #expect(atAlice?.text("digits") != atBob?.text("digits"))
    #expect(atAlice?.text("new_digits") == atBob?.text("digits"))
    #expect(alice.changedKeys == [bob.number])
    #expect(alice.messenger.sent("Again", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier key-changed sent")
    world.run(.seconds(5))
    #expect(bob.messenger.texts.count == 2 && alice.messenger.texts.count == 1)
  }

  /// Somebody else's key at first use: the device whose key it is does not take a message that is for another number.
  @Test func anothersKeyAtFirstUseDoesNotMisdeliver() throws {
    let world = World()
    let (alice, bob, carol) = try trio(world)
    let relay = try CheatingRelay(world, alice, bob, carol, .offersAnothersKey)
    let aliceKey = try #require(alice.identityKey)
    let honest = world.relay.fromDevice
    world.relay.fromDevice = { device, frame in
      switch frame.message {
      case .deliver(let delivery) where device === alice:
        let incoming = IncomingMessage(
          messageID: delivery.messageID, senderToken: TestRelay.token(alice.number), generation: TestRelay.generation,
          senderIdentityKey: aliceKey, keyPackageID: delivery.keyPackageID, sealed: delivery.sealed)
        world.relay.push(.incoming(incoming), to: carol)
        world.relay.push(ServerFrame(request: frame.request, message: .accepted), to: alice)
        return []
      case .refuse(let id, let reason) where device === carol:
        world.relay.push(.refused(id, reason), to: alice)
        return []
      default: return honest(device, frame)
      }
    }
    #expect(alice.messenger.sent("For Bob", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    #expect(alice.records.last?.cause == "the recipient's device does not believe the sender")
    relay.repent()
    world.run(.seconds(5))
    #expect(carol.messenger.texts.isEmpty && carol.spool.isEmpty)
    #expect(bob.messenger.texts == ["+919876543210: For Bob"])
  }

  /// A relay that is pinned by its key and answers with another has its session ended, and is left alone for long.
  @Test func evaluationsByAnotherKeyEndTheSession() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
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
    #expect(alice.notes.filter { $0.contains("without proof of its pinned key") }.count == 1)
    #expect(alice.handset?.status.text("message")?.contains("without proof of its pinned key") == true)
    world.run(.seconds(1))
    #expect(!alice.isConnected && alice.handset?.status.text("session") == "waiting")
    // It is not asked again on another network either, whatever is to be sent.
    let connects = alice.connectCount
    alice.restoreNetwork()
    #expect(alice.messenger.sent("To Bob", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier relay-unreachable sent")
    #expect(alice.record(.outgoing)?.attemptedIP == false)
    world.run(.seconds(140))
    #expect(alice.connectCount == connects)
    world.relay.fromDevice = { _, frame in [frame] }
    world.run(until: { alice.isOnline }, limit: .seconds(200))
    #expect(alice.messenger.sent("To Bob again", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
  }

  /// As many messages as a key is good for, so that what came first is long ago.
  @Test func aMessageIsNotForgottenForOthers() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var replayed: ServerFrame?
    world.relay.toDevice = { device, frame in
      if device === bob, case .incoming = frame.message { replayed = frame }
      return [frame]
    }
    #expect(alice.messenger.sent("Once", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    world.relay.toDevice = { _, frame in [frame] }
    let key = bob.handset?.link.sessionKey?.keyPackage.id
    let stranger = try Stranger("+447700900777")
    let old = world.wall.adding(.seconds(-3_600))
    for _ in 0..<(SettledMessages.renewalCount - 2) {
      let message = try stranger.message(
        world, to: bob, claiming: "+447700900777", Stranger.parts("Old"), sent: old)
      bob.tell { handset, _ in handset.arrived(message) }
    }
    world.relay.push(try #require(replayed), to: bob)
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+919876543210: Once"] && bob.handset?.link.sessionKey?.keyPackage.id == key)
    // One more, and the key is replaced; what is on its way under the old one still comes.
    let last = try stranger.message(world, to: bob, claiming: "+447700900777", Stranger.parts("Old"), sent: old)
    bob.tell { handset, _ in handset.arrived(last) }
    #expect(bob.handset?.link.sessionKey?.keyPackage.id != key)
    #expect(alice.messenger.sent("Under the old key", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(alice.messenger.sent("Under the new key", to: bob.number.e164).hasSucceeded)
    world.relay.push(try #require(replayed), to: bob)
    world.run(.seconds(1))
    #expect(alice.records.map(\.route) == [.ip, .ip, .ip] && bob.messenger.texts.count == 3)
  }
}
