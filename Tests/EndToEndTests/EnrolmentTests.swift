import Foundation
import Testing

extension EndToEnd {
  /// Until the person opts in nothing leaves the device; then the number is proved by SMS.
  @Suite struct Enrolment {
    @Test func thereIsNoNetworkSocketBeforeEnabling() throws {
      let world = try World.shared()
      #expect(world.socketsBeforeEnabling == ["alice": [], "bob": []])
      // What found none then finds the relay's now.
      #expect(try world.alice.networkSockets().count == 1)
    }

    @Test func theVerificationSMSNeverReachesTheInbox() throws {
      let world = try World.shared()
      for phone in [world.alice, world.bob] {
        #expect(try world.carrier.record().contains { $0.kind == "deliver" && $0.to == phone.number && $0.text.hasPrefix("Shunt code: ") })
        #expect(try phone.inbox().filter { $0.text.contains("Shunt code") } == [])
        #expect(phone.shuntdLog.contains("caught the verification SMS"))
        // It is not left in the modem, either.
        #expect(try phone.rig.call("rig_messages", phone.name, "receiving") == "")
      }
    }

    @Test func aCodeThatIsFasterThanTheRelaysAnswerIsCaught() throws {
      let rig = try Rig()
      defer { rig.end() }
      let carrier = try Carrier(rig)
      let relay = try Relay(rig, sender: .slowly(carrier))
      try relay.start()
      let phone = try Phone(rig, "dora", "+447700900104", carrier: carrier)
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: relay)
      try phone.startShuntd()
      try phone.startModemManager()
      try phone.waitUntilEnabled()
      try phone.enroll()
      #expect(try phone.status()["state"] as? String == "registered")
      #expect(try phone.inbox() == [])
    }
  }
}
