import Routing
import Sealing
import Telephony
import Testing

@testable import Handset
@testable import RelayProtocol

/// The identity key when the service manager keeps it.
@Suite struct IdentityKeySourceTests {
  private let number = "+919876543210"

  private func device(_ world: World, _ key: IdentityKey?) throws -> Device {
    let alice = try Device(world, number)
    alice.configuration.identityKey = .credential(key)
    return alice
  }

  private func begin(_ alice: Device, _ world: World) {
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
  }

  @Test func theKeyGivenIsUsedAndNeverWritten() throws {
    let world = World()
    let key = try IdentityKey()
    let alice = try device(world, key)
    begin(alice, world)
    _ = alice.answer(to: .enable(number: number))
    world.run(until: { alice.isOnline })
    #expect(world.relay.store.values.map(\.identity) == [key.publicKey])
    #expect(Set(alice.files.keys) == [.enrolment])
    alice.kill()
    alice.start()
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && world.relay.codes.count == 1)
    // Disabled, nothing is left here; enabled again, it is the same key.
    _ = alice.answer(to: .disable)
    world.run(.seconds(5))
    #expect(alice.files.isEmpty && world.relay.store.isEmpty && !alice.isConnected)
    _ = alice.answer(to: .enable(number: number))
    world.run(until: { alice.isOnline })
    #expect(world.relay.store.values.map(\.identity) == [key.publicKey])
  }

  @Test func aKeyThatMovedToTheServiceManagerLeavesTheStateDirectory() throws {
    let world = World()
    let alice = try Device(world, number, isEnrolled: true)
    let stored = try #require(alice.files[.identityKey])
    alice.configuration.identityKey = .credential(try IdentityKey(rawRepresentation: stored))
    alice.start()
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && alice.files[.identityKey] == nil)
  }

  @Test func withoutAUsableKeyTextsGoByCarrierAndTheOneInTheStateDirectoryStays() throws {
    let world = World()
    let alice = try Device(world, number, isEnrolled: true)
    let bob = try Device(world, "+919876500000")
    alice.configuration.identityKey = .credential(nil)
    begin(alice, world)
    #expect(alice.notes.contains { $0.contains("identity key is missing or damaged") })
    #expect(alice.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier not-registered sent")
    #expect(alice.answer(to: .enable(number: number))?.errorName == .storage)
    #expect(alice.files[.identityKey] != nil && !alice.isConnected)
  }
}
