import Interposer
import RelayProtocol
import Routing
import Telephony
import Testing

@testable import Handset

/// The system goes to sleep and comes back.
@Suite struct SleepTests {
  @Test func theRelayKnowsBeforeTheSystemSleeps() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.prepareForSleep()
    #expect(bob.letSleeps.isEmpty)
    #expect(world.run(until: { !bob.letSleeps.isEmpty }, limit: .seconds(2)))
    #expect(!world.relay.isOnline(bob.number))
    // Asleep: nothing runs there. Whoever writes is told at once that he is away.
    #expect(alice.messenger.sent("Good night", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier recipient-offline sent")
    #expect((alice.record(.outgoing)?.totalTime ?? .seconds(9)) < .seconds(1))
    bob.resume()
    #expect(world.run(until: { bob.isOnline }, limit: .seconds(2)))
    #expect(alice.messenger.sent("Good morning", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: Good night", "+919876543210: Good morning"])
    #expect(bob.letSleeps.count == 1)
  }

  @Test func whatIsOnItsWayGoesByCarrierBeforeTheSystemSleeps() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.toDevice = { device, frame in
      if device === bob, case .incoming = frame.message { [] } else { [frame] }
    }
    let sending = alice.messenger.send("On the way", to: bob.number.e164)
    world.run(.milliseconds(200))
    #expect(!sending.isFinished)
    alice.prepareForSleep()
    world.run(until: { sending.isFinished && !alice.letSleeps.isEmpty }, limit: .seconds(2))
    #expect(sending.hasSucceeded && alice.letSleeps.count == 1)
    #expect(alice.record(.outgoing)?.summary == "carrier no-acknowledgement sent")
    world.run(.seconds(10))
    #expect(bob.messenger.texts == ["+919876543210: On the way"])
  }

  @Test func aRelayThatDoesNotAnswerDoesNotHoldTheSystemUp() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    alice.isBlackHole = true
    let began = world.now
    alice.prepareForSleep()
    #expect(world.run(until: { !alice.letSleeps.isEmpty }, limit: .seconds(10)))
    #expect(world.now - began <= .seconds(2))
  }

  @Test func withoutASessionTheSystemSleepsAtOnce() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    alice.prepareForSleep()
    #expect(alice.letSleeps.count == 1)
    alice.resume()
    world.run(.seconds(60))
    #expect(alice.connectCount == 0)
  }

  @Test func aSystemThatChangesItsMindIsNotHeldUp() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.prepareForSleep()
    bob.resume()
    #expect(bob.letSleeps.count == 1)
    #expect(world.run(until: { bob.isOnline }, limit: .seconds(5)))
    #expect(alice.messenger.sent("Still up?", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: Still up?"])
    // And again, to the end.
    bob.prepareForSleep()
    bob.prepareForSleep()
    #expect(world.run(until: { bob.letSleeps.count == 2 }, limit: .seconds(2)))
    world.run(.seconds(600))
    #expect(bob.letSleeps.count == 2 && !bob.isConnected)
  }

  @Test func heldPartsAreNotLostOverASleep() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let long = String(repeating: "Three parts of text go here. ", count: 14)
    let sending = alice.messenger.send(long, to: bob.number.e164)
    world.run(.milliseconds(1))
    alice.prepareForSleep()
    world.run(until: { sending.isFinished }, limit: .seconds(120))
    #expect(sending.hasSucceeded)
    world.run(.seconds(10))
    #expect(bob.messenger.texts == ["+919876543210: \(long)"])
  }

  @Test func anIdleDeviceIsWokenByItsKeepaliveOnly() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    world.run(.seconds(700))
    var wakeUps = 0
    alice.onWakeUp = { wakeUps += 1 }
    world.run(.seconds(600))
    // The interval has grown to some minutes by now: a ping, and the answer it may wait for.
    #expect(wakeUps <= 4)
    #expect(alice.isOnline)
  }
}
