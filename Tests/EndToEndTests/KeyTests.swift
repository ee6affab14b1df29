import Foundation
import Testing

extension EndToEnd {
  /// Whose key it is, and whose device.
  @Suite struct Keys {
    private func row(_ result: ProgramResult) throws -> [String: String] {
      let object = try JSONSerialization.jsonObject(with: Data(result.text.utf8)) as? [String: Any]
      return (object ?? [:]).compactMapValues { $0 as? String }
    }

    @Test func twoPeopleCompareDigitsAndTrustAChangedKey() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)
      let early = try dora.shuntctl("fingerprint", emil.number)
      #expect(early.status == 1)
      #expect(
        early.complaint
          == "shuntctl: no key of that number is known yet: no text has gone there, or come from there, by IP; send one first")
      #expect(try dora.shuntctl("send", emil.number, "Hello").text == "Delivered over IP (recipient-online)")
      let atDora = try row(dora.shuntctl("fingerprint", "--json", emil.number).orThrow())
      let atEmil = try row(emil.shuntctl("fingerprint", "--json", dora.number).orThrow())
      let digits = try #require(atDora["digits"])
      #expect(digits.wholeMatch(of: /(\d{5} ){11}\d{5}/) != nil && digits == atEmil["digits"])
      #expect(atDora["own_fingerprint"] == atEmil["fingerprint"] && atDora["fingerprint"] == atEmil["own_fingerprint"])
      #expect(atDora["fingerprint"]?.wholeMatch(of: /([0-9a-f]{4} ){15}[0-9a-f]{4}/) != nil)
      let shown = try dora.shuntctl("fingerprint", emil.number).orThrow().text.split(separator: "\n")
      #expect(shown.contains("Both of you see these digits:"))
      #expect(shown.filter { $0.wholeMatch(of: /\ \ (\d{5} ?){4}/) != nil }.joined().filter(\.isNumber) == digits.filter(\.isNumber))
      let nothing = try dora.shuntctl("trust", emil.number, digits)
      #expect(nothing.status == 1)
      #expect(
        nothing.complaint
          == "shuntctl: the identity key of that number has not changed; there is nothing to trust anew")

      // Emil begins anew, with a new key.
      let monitor = try Program.start(
        try pair.rig.words(
          in: dora.name,
          ["gdbus", "monitor", "--address", try pair.rig.bus(of: dora.name), "--dest", "org.shunt.Shunt1"]))
      try eventually("the bus is listened to: \(monitor.output)") { monitor.output.contains("is owned by") }
      try emil.shuntctl("disable").orThrow()
      try pair.enroll(emil)
      for text in ["One", "Two"] {
        #expect(try dora.shuntctl("send", emil.number, text).text == "Sent by the carrier (key-changed)")
      }
      #expect(try dora.status()["changed_keys"] as? Int == 1)
      #expect(
        try dora.shuntctl("lookup", emil.number).text
          == "○ \(emil.number)  online with another key than before, texts go by the carrier until you trust it: shuntctl fingerprint")
      try eventually("the signal: \(monitor.output)") { monitor.output.contains("KeyChanged") }
      _ = monitor.end()
      #expect(monitor.output.components(separatedBy: "KeyChanged").count == 2, "\(monitor.output)")
      #expect(monitor.output.contains("'number': <'…05'>") && !monitor.output.contains(emil.number))
      let told = dora.shuntdLog.split(separator: "\n").filter { $0.contains("has changed") }
      #expect(told.count == 1 && told.first?.contains("…05") == true && !dora.shuntdLog.contains(emil.number))

      // He reads his digits to Dora. Other digits are not trusted.
      #expect(try emil.shuntctl("send", dora.number, "It is me").text == "Sent by the carrier (no-acknowledgement)")
      let read = try #require(try row(emil.shuntctl("fingerprint", "--json", dora.number).orThrow())["digits"])
      let changed = try row(dora.shuntctl("fingerprint", "--json", emil.number).orThrow())
      #expect(changed["state"] == "changed" && changed["digits"] == digits && changed["new_digits"] == read)
      let wrong = try dora.shuntctl("trust", emil.number, digits)
      #expect(wrong.status == 1)
      #expect(
        wrong.complaint
          == "shuntctl: these are not the digits of the new key; it is not trusted. Compare again: shuntctl fingerprint \(emil.number)")
      #expect(try dora.shuntctl("send", emil.number, "Three").text == "Sent by the carrier (key-changed)")
      let trusted = try dora.shuntctl("trust", emil.number, read).orThrow()
      #expect(trusted.text == "The new key of \(emil.number) is trusted. Texts go over IP again.")
      #expect(try dora.shuntctl("send", emil.number, "Four").text == "Delivered over IP (recipient-online)")
      #expect(try emil.shuntctl("send", dora.number, "Five").text == "Delivered over IP (recipient-online)")
      #expect(try dora.status()["changed_keys"] == nil)
      // It stays so over a restart.
      try dora.stopShuntd()
      try dora.startShuntd()
      try dora.waitUntilOnline()
      #expect(try row(dora.shuntctl("fingerprint", "--json", emil.number).orThrow())["digits"] == read)
    }

    /// The state directory goes on in a modem with another SIM, or is copied to another device.
    @Test func anotherSIMIsNotUsedUnderTheOldNumber() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)
      #expect(try dora.shuntctl("send", emil.number, "Hello").text == "Delivered over IP (recipient-online)")
      try dora.stopShuntd()
      try dora.stopModem()
      try dora.startModem(["--iccid", "8944110068000000025"])
      try dora.startShuntd()
      #expect(try dora.shuntctl("identity").text.contains("8944110068000000025"))
      try eventually("the SIM is known to be another: \(try dora.status())") {
        try dora.status()["state"] as? String == "sim-changed"
      }
      #expect(try dora.networkSockets() == [])
      #expect(try dora.shuntctl("send", emil.number, "By another SIM").text == "Sent by the carrier (sim-changed)")
      #expect(try emil.shuntctl("send", dora.number, "To the old one").text == "Sent by the carrier (recipient-offline)")
      // With the SIM that was, it goes on.
      try dora.stopShuntd()
      try dora.stopModem()
      try dora.startModem()
      try dora.startShuntd()
      try dora.waitUntilOnline()
      #expect(try dora.shuntctl("send", emil.number, "Hello again").text == "Delivered over IP (recipient-online)")
    }
  }
}
