import Foundation
import Testing

extension EndToEnd {
  /// The end of a registration whose device is gone.
  @Suite struct Deregistration {
    @Test func fromAHandsetThatIsNotEnabled() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (lost, helper) = (pair.dora, pair.emil)
      try pair.enroll(lost)
      #expect(try helper.networkSockets() == [])
      let asked = try helper.shuntctl("deregister", "--number", lost.number, "--wait", "0")
      #expect(asked.status == 75, "\(asked)")
      try eventually("the code: \(try helper.status())") {
        try helper.status()["deregistration"] as? String == "awaiting-code"
      }
      #expect(try helper.networkSockets().count == 1)
      #expect(try helper.status()["enabled"] as? Bool == false)
      let done = try helper.shuntctl("confirm", try #require(pair.relay.codes.last))
      #expect(done.status == 0 && done.text == "Deregistered. Texts to that number go by the carrier.", "\(done)")
      try eventually("the helper has no socket: \(try helper.networkSockets())") { try helper.networkSockets() == [] }
      try eventually("the lost device knows: \(try lost.status())") { try lost.status()["state"] as? String == "failed" }
      #expect(try lost.status()["message"] as? String
        == "the registration was ended by somebody who proved the number; run shuntctl enable to register again")
      #expect(try lost.networkSockets() == [])
      // Nothing of the exchange is on the helper's disk.
      #expect(try FileManager.default.contentsOfDirectory(atPath: pair.rig.path("emil-state")).filter {
        $0 != "spool"
      } == [])
    }

    @Test func theCodeIsCaughtInTheHandsetThatHasTheSIM() throws {
      let rig = try Rig()
      defer { rig.end() }
      let carrier = try Carrier(rig)
      let relay = try Relay(rig, sender: .carrier(carrier))
      try relay.start()
      let phone = try Phone(rig, "dora", "+447700900104", carrier: carrier)
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: relay)
      try phone.startShuntd()
      try phone.startModemManager()
      try phone.waitUntilEnabled()
      let done = try phone.shuntctl("deregister", "--number", phone.number, "--wait", "60")
      #expect(done.status == 0 && done.text == "Deregistered. Texts to that number go by the carrier.", "\(done)")
      #expect(try carrier.record().contains { $0.kind == "deliver" && $0.text.hasPrefix("Shunt code: ") })
      #expect(try phone.inbox() == [])
      try eventually("no socket is left: \(try phone.networkSockets())") { try phone.networkSockets() == [] }
      // What comes after it is an ordinary text.
      try carrier.send("Shunt code: ACDEFGHJ", from: "+447700900999", to: phone.number)
      #expect(try phone.receive().map(\.text) == ["Shunt code: ACDEFGHJ"])
    }
  }
}
