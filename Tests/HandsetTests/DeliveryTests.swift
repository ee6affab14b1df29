import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset

@Suite struct DeliveryTests {
  @Test func aTextGoesByIPAndTheCarrierSeesNothing() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let sending = alice.messenger.sent("Hello Bob", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: Hello Bob"])
    #expect(world.carrier.records.isEmpty)
    #expect(alice.records.map(\.summary) == ["ip recipient-online delivered"])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered"])
  }
}
