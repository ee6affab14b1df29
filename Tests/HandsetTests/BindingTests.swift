import Interposer
import QMI
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A registration is used with the SIM and the device it was made with, and with no other: no text is lost over it, and none
/// goes, or is read, under a number that is not this device's.
@Suite struct BindingTests {
  private static let another = "+919812345678"

  private func decision(_ from: Device, _ to: Device, _ text: String) -> String? {
    #expect(from.messenger.sent(text, to: to.number.e164).hasSucceeded)
    return from.record(.outgoing)?.summary
  }

  /// The modem tells that something about its card is different now.
  private func cardHasChanged(_ device: Device) {
    device.tell { handset, now in
      let frame = QMIMessageBuilder(.indication, service: .uim, client: .broadcast, transaction: 0, message: 0x0032).finish()
      handset.modemIndicated(frame, now: now)
    }
  }

  private func isGone(_ world: World, _ device: Device) -> Bool { !world.relay.isOnline(device.number) && !device.isConnected }

  @Test func aSIMThatIsPulledEndsTheSession() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "Before") == "ip recipient-online delivered")
    alice.hasSIM = false
    cardHasChanged(alice)
    #expect(decision(alice, bob, "At once") == "carrier sim-changed sent")
    world.run(.seconds(5))
    #expect(isGone(world, alice))
    #expect(decision(alice, bob, "Without a SIM") == "carrier not-registered sent")
    #expect(decision(bob, alice, "To no SIM") == "carrier recipient-offline sent")
    // The same SIM is put back.
    alice.hasSIM = true
    cardHasChanged(alice)
    world.run(until: { alice.isOnline })
    #expect(decision(alice, bob, "After") == "ip recipient-online delivered")
    #expect(decision(bob, alice, "Back") == "ip recipient-online delivered")
    world.run(.seconds(5))
    #expect(bob.messenger.texts.count == 4 && alice.messenger.texts.count == 2)
    #expect(world.relay.codes.isEmpty)
  }

  /// As an eSIM is switched: at once, in the middle of a message each way.
  @Test func aSIMSwappedWhileTextsAreOnTheirWay() throws {
    for pause in stride(from: 0, through: 120, by: 10) {
      let world = World()
      let (alice, bob) = try Device.pair(world)
      let out = alice.messenger.send("Out", to: bob.number.e164)
      let back = bob.messenger.send("Back", to: alice.number.e164)
      world.run(.milliseconds(Int64(pause)))
      alice.sim = try ModemIdentity(number: PhoneNumber(e164: Self.another), homeNetwork: World.home)
      cardHasChanged(alice)
      world.run(until: { out.isFinished && back.isFinished })
      world.run(.seconds(30))
      #expect(out.hasSucceeded && back.hasSucceeded)
      #expect(bob.messenger.texts == ["+919876543210: Out"], "pause \(pause)")
      #expect(alice.messenger.texts == ["+919876500000: Back"], "pause \(pause)")
      #expect(alice.state == "sim-changed" && isGone(world, alice))
    }
  }

  /// Even when the modem says nothing of a new card, and it is another one at the next start.
  @Test func aSIMSwappedWhileItIsOffIsFoundAtTheStart() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.kill()
    alice.sim = try ModemIdentity(number: PhoneNumber(e164: Self.another), homeNetwork: World.home)
    let connects = alice.connectCount
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    // Not even before it has been read.
    #expect(decision(alice, bob, "First thing") == "carrier not-registered sent")
    world.run(.seconds(60))
    #expect(alice.state == "sim-changed" && alice.connectCount == connects)
    #expect(decision(alice, bob, "Later") == "carrier sim-changed sent")
    #expect(decision(bob, alice, "To the old number") == "carrier recipient-offline sent")
  }

  /// The state directory of one phone in another.
  @Test func aCopiedStateIsOfNoUse() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let thief = try Device(world, Self.another)
    thief.files = alice.files
    thief.start()
    thief.messenger.start()
    world.run(until: { thief.messenger.isReady })
    world.run(.seconds(120))
    #expect(thief.state == "sim-changed" && thief.connectCount == 0)
    #expect(decision(thief, bob, "As Alice") == "carrier sim-changed sent")
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["\(Self.another): As Alice"])
    // Alice is as she was, and what is for her reaches her.
    #expect(alice.isOnline)
    #expect(decision(bob, alice, "To Alice") == "ip recipient-online delivered")
    world.run(.seconds(5))
    #expect(alice.messenger.texts == ["+919876500000: To Alice"] && thief.messenger.texts.isEmpty)
  }

  /// The SIM and the state directory together, in another modem.
  @Test func anotherModemWithTheSameSIMIsAnotherDevice() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.kill()
    alice.sim.imei = try ModemIdentity(number: PhoneNumber(e164: Self.another), homeNetwork: World.home).imei
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    world.run(.seconds(5))
    #expect(alice.state == "sim-changed" && isGone(world, alice))
    #expect(decision(alice, bob, "From the new modem") == "carrier sim-changed sent")
    // Enabled again there, it goes on; the key is the one that was.
    _ = alice.answer(to: .enable(number: alice.number.e164))
    world.run(until: { alice.isOnline })
    #expect(decision(alice, bob, "Registered again") == "ip recipient-online delivered")
    #expect(bob.changedKeys.isEmpty)
  }

  /// The phone without its SIM stays behind; the texts go where the SIM is, and the registration lapses.
  @Test func aSIMMovedToAPhoneWithoutShunt() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.hasSIM = false
    cardHasChanged(alice)
    world.run(.seconds(5))
    // Her number is in a plain phone now, which is the one that the carrier knows.
    alice.unplug()
    alice.kill()
    let plain = try Device(world, alice.number.e164)
    plain.start()
    plain.messenger.start()
    world.run(until: { plain.messenger.isReady })
    #expect(decision(bob, alice, "Where are you?") == "carrier recipient-offline sent")
    #expect(decision(plain, bob, "In another phone") == "carrier disabled sent")
    world.run(.seconds(5))
    #expect(plain.messenger.texts == ["+919876500000: Where are you?"])
    #expect(bob.messenger.texts == ["+919876543210: In another phone"])
    // Thirty-one days later nothing is left of it at the relay.
    for _ in 0..<2 {
      world.run(.seconds(31 * 43_200))
      bob.cutNetwork()
      bob.restoreNetwork()
      world.run(until: { bob.isOnline })
    }
    #expect(decision(bob, alice, "Still there?") == "carrier unknown-recipient sent")
    world.run(.seconds(5))
    #expect(plain.messenger.texts.count == 2)
  }

  @Test func aTextToASwappedSIMIsNotReadUnderTheOldNumber() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let stranger = try Stranger("+447700900777")
    try alice.learn(number: "+447700900777")
    let message = try stranger.message(world, to: alice, claiming: "+447700900777", Stranger.parts("For Alice"))
    let answers = Answers(world, alice)
    alice.sim = try ModemIdentity(number: PhoneNumber(e164: Self.another), homeNetwork: World.home)
    cardHasChanged(alice)
    world.relay.push(.incoming(message), to: alice)
    world.run(.seconds(5))
    #expect(alice.messenger.texts.isEmpty && answers.refusals == [.notNow] && answers.acknowledgements == 0)
    #expect(decision(bob, alice, "For Alice, too") == "carrier recipient-offline sent")
  }
}
