import Foundation
import Testing

extension EndToEnd {
  /// shuntctl, on boards without ModemManager.
  @Suite struct Control {
    @Test func aTypedCodeRegisters() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let dora = pair.dora
      let early = try dora.shuntctl("confirm", "ABCD2345")
      #expect(early.status == 1)
      #expect(early.complaint == "shuntctl: no verification code is awaited; start with: shuntctl enable --number …")
      let enabled = try dora.shuntctl("enable", "--number", dora.number, "--wait", "1")
      #expect(enabled.status == 75)
      #expect(enabled.text == "A code was sent by SMS. When it arrives: shuntctl confirm CODE")
      #expect(try dora.status()["state"] as? String == "awaiting-code")
      let short = try dora.shuntctl("confirm", "123")
      #expect(short.status == 1)
      #expect(short.complaint == "shuntctl: a code has 8 letters and digits")
      let code = try #require(pair.relay.codes.last)
      let wrong = try dora.shuntctl("confirm", code == "ABCD2345" ? "ABCD2346" : "ABCD2345")
      #expect(wrong.status == 1)
      #expect(wrong.complaint.hasPrefix("shuntctl: "))
      #expect(try dora.status()["state"] as? String == "awaiting-code")
      let right = try dora.shuntctl("confirm", code)
      #expect(right.status == 0)
      #expect(right.text == "Registered. Texts to people on Shunt go over IP from now on.")
      try dora.waitUntilOnline()
      #expect(try dora.status()["number"] as? String == dora.number)
    }

    @Test func enableAndConfirmTellJSON() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let enabled = try pair.dora.shuntctl("enable", "--number", "07700 900104", "--wait", "1", "--json")
      #expect(enabled.status == 75)
      #expect(try row(enabled)["state"] as? String == "awaiting-code")
      #expect(try row(enabled)["number"] as? String == pair.dora.number)
      let confirmed = try pair.dora.shuntctl("confirm", "--json", try #require(pair.relay.codes.last))
      #expect(confirmed.status == 0)
      #expect(try row(confirmed)["state"] as? String == "registered")
    }

    @Test func everyCommandAnswersForPeopleAndForPrograms() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)

      let status = try dora.shuntctl("status").orThrow().text
      #expect(status.contains(/(?m)^Enabled +yes$/))
      #expect(status.contains(/(?m)^State +registered$/))
      #expect(status.contains(/(?m)^Session +online$/))
      let statusRow = try dora.status()
      #expect(statusRow["enabled"] as? Bool == true)
      #expect(statusRow["modem"] as? String == "/dev/cdc-wdm0")
      #expect(statusRow["modem_state"] as? String == "open")

      let identity = try dora.shuntctl("identity").orThrow().text
      for (title, value) in [("IMEI", Pair.imei), ("IMSI", Pair.imsi), ("ICCID", Pair.iccid)] {
        #expect(identity.split(separator: "\n").contains { $0.hasPrefix(title) && $0.hasSuffix(value) }, "\(identity)")
      }
      let identityRow = try row(dora.shuntctl("identity", "--json"))
      #expect(identityRow["imei"] as? String == Pair.imei)
      #expect(identityRow["imsi"] as? String == Pair.imsi)
      #expect(identityRow["iccid"] as? String == Pair.iccid)
      #expect(identityRow["msisdn"] as? String == dora.number)
      #expect(identityRow["home_country"] as? String == "GB")
      #expect(identityRow["roaming"] as? Bool == false)

      let found = try dora.shuntctl("lookup", emil.number, "+447700900199").orThrow().text
      #expect(found == "● \(emil.number)  online\n○ +447700900199  not on Shunt, texts go by the carrier")
      let foundJSON = try dora.shuntctl("lookup", "--json", emil.number, "07700900199").orThrow().text
      let rows = try foundJSON.split(separator: "\n").map { try row(String($0)) }
      #expect(rows.map { $0["presence"] as? String } == ["online", "unknown"])

      let sent = try dora.shuntctl("send", emil.number, "From a board").orThrow()
      #expect(sent.text == "Delivered over IP (recipient-online)")
      let sentRow = try row(dora.shuntctl("send", "--json", emil.number, "For a program"))
      #expect(sentRow["route"] as? String == "ip")
      #expect(sentRow["outcome"] as? String == "delivered")
      #expect(try emil.status()["waiting_messages"] as? Int == 2)

      let passed = try pair.carrier.passing {
        let byCarrier = try dora.shuntctl("send", "60777", "BALANCE").orThrow()
        #expect(byCarrier.text == "Sent by the carrier (short-code)")
      }
      #expect(passed.map(\.to) == ["60777"])

      let log = try dora.shuntctl("log").orThrow().text.split(separator: "\n")
      #expect(log.count == 3)
      #expect(log.first?.contains("to …05 IP delivered (recipient-online)") == true, "\(log)")
      #expect(log.last?.contains("to …77 carrier sent (short-code)") == true, "\(log)")
      let lines = try dora.shuntctl("log", "--json", "--count", "2").orThrow().text.split(separator: "\n")
      #expect(lines.map(String.init) == TextFile.lines(dora.decisionsPath).suffix(2))

      try emil.stopShuntd()
      #expect(try dora.shuntctl("lookup", emil.number).text == "○ \(emil.number)  offline, texts go by the carrier")

      #expect(try dora.shuntctl("send", emil.number, "Later").text == "Sent by the carrier (recipient-offline)")

      let disabled = try row(dora.shuntctl("disable", "--json"))
      #expect(disabled["enabled"] as? Bool == false)
      #expect(disabled["state"] as? String == "disabled")
      #expect(try dora.shuntctl("disable").orThrow().text == "Disabled. Texts go by the carrier.")
      #expect(try dora.shuntctl("lookup", emil.number).status == 1)
    }

    @Test func aRefusedTextFailsWithItsCause() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      try Program.run([Prerequisites.shuntLab, "rules", "--carrier", pair.carrier.socket, "--reject", "any=38"]).orThrow()
      let refused = try pair.dora.shuntctl("send", pair.emil.number, "Refused")
      #expect(refused.status == 1)
      #expect(refused.complaint.hasPrefix("shuntctl: not sent (disabled): "), "\(refused)")
      #expect(try pair.dora.decisions().last?.outcome == "failed")
      #expect(try pair.dora.decisions().last?.cause != nil)
    }

    @Test func logFollows() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let dora = pair.dora
      try dora.shuntctl("send", "60777", "One").orThrow()
      let words = [Prerequisites.shuntctl, "log", "--follow", "--json", "--bus", try pair.rig.bus(of: dora.name)]
      let following = try Program.start(try pair.rig.words(in: dora.name, words))
      try eventually("the record that there is: \(following.output)") { following.output.contains("\"disabled\"") }
      try dora.shuntctl("send", "60777", "Two").orThrow()
      try eventually("the new record: \(following.output)") { following.output.split(separator: "\n").count == 2 }
      #expect(following.output.split(separator: "\n").map(String.init) == TextFile.lines(dora.decisionsPath))
      _ = following.end()
    }

    @Test func withoutTheDaemonItSaysSo() throws {
      let rig = try Rig()
      defer { rig.end() }
      let phone = try Phone(rig, "dora", "+447700900104", carrier: nil)
      try phone.startBus()
      let commands = [
        ["status"], ["identity"], ["disable"], ["enable", "--number", phone.number], ["confirm", "ABCD2345"],
        ["lookup", "+447700900105"], ["send", "+447700900105", "Hello"], ["log"],
      ]
      for command in commands {
        for words in [command, command + ["--json"]] {
          let result = try rig.run(
            in: phone.name, [Prerequisites.shuntctl] + words + ["--bus", try rig.bus(of: phone.name)])
          #expect(result.status == 69, "\(result)")
          #expect(
            result.complaint
              == "shuntctl: shuntd is not running (start it with: systemctl start shuntd). Texts go by the carrier meanwhile.")
          #expect(result.text == "")
        }
      }
      let noBus = try Program.run([Prerequisites.shuntctl, "status", "--bus", "unix:path=\(rig.path("none"))"])
      #expect(noBus.status == 69)
      #expect(noBus.complaint.split(separator: "\n").count == 1, "\(noBus)")
    }

    @Test(arguments: [["nonsense"], ["enable"], ["send", "+447700900105"], ["log", "--count", "many"], ["status", "--bus", "nonsense"]])
    func wrongUsageEndsWith64(words: [String]) throws {
      try Prerequisites.check()
      let result = try Program.run([Prerequisites.shuntctl] + words)
      #expect(result.status == 64)
      #expect(result.text == "")
      #expect(result.complaint != "")
    }

    /// What waits on a board without ModemManager: by IP, by carrier, in one part and in three.
    @Test func theInboxShowsWhatWaitsAndDeletesIt() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)
      func inbox(_ options: String...) throws -> ProgramResult {
        try pair.rig.run(in: emil.name, [Prerequisites.shuntctl, "inbox"] + options)
      }
      #expect(try inbox().orThrow().output == "")
      let long = String(repeating: "Three parts of text go here. ", count: 14) + "😀"
      #expect(try dora.shuntctl("send", emil.number, long).text == "Delivered over IP (recipient-online)")
      #expect(try dora.shuntctl("send", emil.number, "Two\nlines \u{1B}[31m").text == "Delivered over IP (recipient-online)")
      try pair.carrier.send("Your balance is £5", from: "BANK", to: emil.number)
      try eventually("three texts: \(try inbox())") { try inbox("--json").output.split(separator: "\n").count == 3 }
      let rows = try inbox("--json").orThrow().text.split(separator: "\n").map { try row(String($0)) }
      #expect(Set(rows.map { $0["text"] as? String }) == [long, "Two\nlines \u{1B}[31m", "Your balance is £5"])
      #expect(Set(rows.map { $0["number"] as? String }) == [dora.number, "BANK"])
      let shown = try inbox("--delete").orThrow().output
      #expect(shown.contains(" from \(dora.number)\n  Two\n  lines \u{FFFD}[31m\n") && !shown.contains("\u{1B}"))
      #expect(shown.contains(" from BANK\n  Your balance is £5\n") && shown.contains(long))
      #expect(try inbox().orThrow().output == "")
      #expect(try emil.status()["waiting_messages"] as? Int == 0)
      // One of which a part is missing is shown, and stays.
      try Program.run([Prerequisites.shuntLab, "rules", "--carrier", pair.carrier.socket, "--drop", "to:\(emil.number)*1"]).orThrow()
      try pair.carrier.send(String(repeating: "Three parts of text go here. ", count: 14), from: "BANK", to: emil.number)
      try eventually("two of three parts: \(try inbox())") { try inbox("--delete").output.hasSuffix("(parts that have not come: 1)\n") }
      #expect(try inbox().orThrow().output != "")
      // No id is kept, and what is wrong is said.
      for _ in 0..<20 { try inbox().orThrow() }
      let nobody = try inbox("--socket", "nobody-here")
      #expect(nobody.status == 69 && nobody.complaint.hasPrefix("shuntctl: nobody listens on the socket nobody-here"))
      let elsewhere = try inbox("--device", "/dev/cdc-wdm9")
      #expect(elsewhere.status == 1 && elsewhere.complaint.hasPrefix("shuntctl: the proxy does not open /dev/cdc-wdm9"))
    }

    @Test func aMistypedNumberDoesNotTakeTheOthersPlace() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      try pair.enroll(pair.dora)
      let mistyped = try pair.dora.shuntctl("enable", "--number", "+447700900114")
      #expect(mistyped.status == 1 && mistyped.complaint.hasPrefix("shuntctl: Shunt is enabled for another number"))
      #expect(try pair.dora.status()["number"] as? String == pair.dora.number && pair.dora.status()["state"] as? String == "registered")
      #expect(pair.relay.codes.count == 1)
      _ = try pair.dora.shuntctl("enable", "--instead", "--number", "+447700900114", "--wait", "0")
      try eventually("a code for the other number") { pair.relay.codes.count == 2 }
      #expect(try pair.dora.status()["number"] as? String == "+447700900114")
    }

    @Test func aNumberThatIsNoneIsRefused() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let result = try pair.dora.shuntctl("enable", "--number", "12")
      #expect(result.status == 1)
      #expect(result.complaint == "shuntctl: that is not a phone number; use the form +91…")
      #expect(try pair.dora.status()["enabled"] as? Bool == false)
      #expect(try pair.dora.networkSockets() == [])
    }

    private func row(_ result: ProgramResult) throws -> [String: Any] { try row(result.text) }

    private func row(_ line: String) throws -> [String: Any] {
      guard let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        throw RigError("no object of JSON: \(line)")
      }
      return row
    }
  }
}
