import Foundation
import Testing

extension EndToEnd {
  /// The system goes to sleep, as logind tells it; its place is taken by python-dbusmock's.
  @Suite struct Sleep {
    @Test func theRelayKnowsBeforeTheSystemSleepsAndAfterItWakes() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.rig.spawn(in: "dora", "dora-logind", ["/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind"])
      try pair.enroll(dora, emil)
      try eventually("shuntd holds the sleep up: \(pair.rig.log(of: "dora-logind"))") { try inhibitors(of: dora).contains("shuntd") }

      try prepareForSleep(dora, true)
      try eventually("the system may sleep", within: 5) { try !inhibitors(of: dora).contains("shuntd") }
      #expect(try presence(of: dora, asSeenBy: emil) == "offline")
      let passed = try pair.carrier.passing {
        let sent = try emil.shuntctl("send", dora.number, "Good night")
        #expect(sent.text == "Sent by the carrier (recipient-offline)")
      }
      #expect(passed.map(\.text) == ["Good night", "Good night"])

      try prepareForSleep(dora, false)
      try dora.waitUntilOnline()
      #expect(try presence(of: dora, asSeenBy: emil) == "online")
      try eventually("shuntd holds the next sleep up") { try inhibitors(of: dora).contains("shuntd") }
      #expect(try emil.shuntctl("send", dora.number, "Good morning").text == "Delivered over IP (recipient-online)")
    }

    private func presence(of phone: Phone, asSeenBy other: Phone) throws -> String? {
      let row = try other.shuntctl("lookup", phone.number, "--json").orThrow().text
      return (try JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any])?["presence"] as? String
    }

    private func call(_ phone: Phone, _ method: String, _ arguments: [String] = []) throws -> ProgramResult {
      try phone.rig.run(
        in: phone.name,
        ["gdbus", "call", "--system", "--dest", "org.freedesktop.login1", "--object-path", "/org/freedesktop/login1"]
          + ["--method", method] + arguments)
    }

    private func inhibitors(of phone: Phone) throws -> String {
      try call(phone, "org.freedesktop.login1.Manager.ListInhibitors").output
    }

    private func prepareForSleep(_ phone: Phone, _ begins: Bool) throws {
      try call(
        phone, "org.freedesktop.DBus.Mock.EmitSignal",
        ["org.freedesktop.login1.Manager", "PrepareForSleep", "b", "[<\(begins)>]"]
      ).orThrow()
    }
  }
}
