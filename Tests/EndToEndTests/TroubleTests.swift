import Foundation
import Testing

extension EndToEnd {
  /// Whatever breaks, texts go by the carrier, and one line says what it was.
  @Suite struct Trouble {
    @Test func aDeviceThatIsNotThereIsSaidOnceAndFoundWhenItComes() throws {
      let rig = try Rig()
      defer { rig.end() }
      let carrier = try Carrier(rig)
      let phone = try Phone(rig, "fred", "+447700900107", carrier: carrier)
      try phone.startBus()
      try phone.writeSettings(relay: nil)
      try phone.startShuntd()
      try phone.startModemManager()
      try eventually("shuntd says that the device is not there: \(phone.shuntdLog)") { phone.shuntdLog.contains(phone.modemPath) }
      sleep(3)
      #expect(phone.shuntdLog.components(separatedBy: phone.modemPath).count == 2, "\(phone.shuntdLog)")
      let without = try phone.shuntctl("send", "60777", "No modem")
      #expect(without.status == 1)
      #expect(without.complaint.split(separator: "\n").count == 1, "\(without)")
      try phone.startModem()
      try eventually("shuntctl sends") { try phone.shuntctl("send", "60777", "A modem").isSuccess }
      #expect(try carrier.record().map(\.text) == ["A modem"])
    }

    @Test func anUnpluggedModemComesBackToModemManager() throws {
      let world = try World.shared()
      let bob = world.bob
      try bob.emptyInbox()
      let before = try #require(try bob.modemObject())
      // The modem is off its port for a second.
      kill(try world.rig.processID(of: "bob-modem"), SIGHUP)
      try eventually("ModemManager has a new modem: \(try bob.mmcli("-L"))", within: 60) {
        let now = try bob.modemObject()
        return now != nil && now != before
      }
      try bob.waitUntilEnabled()
      try bob.waitUntilOnline()
      let there = try bob.decisionOnSending("Back again", to: world.alice.number)
      #expect("\(there)" == "out ip recipient-online delivered")
      #expect(try world.alice.receive().map(\.text) == ["Back again"])
      try world.alice.send("Welcome", to: bob.number)
      #expect(try bob.receive().map(\.text) == ["Welcome"])
      try world.carol.send("By carrier, too", to: bob.number)
      #expect(try bob.receive().map(\.text) == ["By carrier, too"])
    }

    @Test func aRelayWithTheWrongCertificateIsNotTrusted() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let dora = pair.dora
      try pair.enroll(dora, pair.emil)
      try pair.relay.stop()
      let impostor = try Relay(pair.rig, name: "impostor", sender: .file)
      try impostor.start()
      try eventually("dora tells of the certificate: \(try dora.status())") {
        (try dora.status()["message"] as? String)?.contains("certificate") == true
      }
      let passed = try pair.carrier.passing {
        let sent = try dora.shuntctl("send", pair.emil.number, "Careful")
        #expect(sent.text == "Sent by the carrier (relay-unreachable)")
      }
      #expect(passed.map(\.text) == ["Careful", "Careful"])
      sleep(4)
      let lines = dora.shuntdLog.split(separator: "\n").filter { $0.contains("certificate") }
      #expect(lines.count == 1, "\(dora.shuntdLog)")
      try impostor.stop()
      try pair.relay.start()
      try dora.waitUntilOnline()
      try pair.emil.waitUntilOnline()
      #expect(try dora.shuntctl("send", pair.emil.number, "Fine").text == "Delivered over IP (recipient-online)")
    }

    @Test func theRelayEndsInOrder() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      try pair.enroll(pair.dora, pair.emil)
      try pair.relay.stop()
      #expect(pair.relay.log.contains("stopped"))
      try eventually("dora has no session: \(try pair.dora.status())", within: 5) {
        try pair.dora.status()["session"] as? String != "online"
      }
      let sent = try pair.dora.shuntctl("send", pair.emil.number, "Meanwhile")
      #expect(sent.text == "Sent by the carrier (relay-unreachable)")
      try pair.relay.start()
      try pair.dora.waitUntilOnline()
      try pair.emil.waitUntilOnline()
      #expect(try pair.dora.shuntctl("send", pair.emil.number, "Again").text == "Delivered over IP (recipient-online)")
    }

    @Test func theRelaysExitStatusIsZeroAfterSIGTERM() throws {
      try Prerequisites.check()
      let directory = try TemporaryDirectory.make("shunt-e2e")
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let relay = "\(directory)/relay"
      try Program.run([Prerequisites.shuntRelay, "init", relay, "--host", "127.0.0.1"]).orThrow()
      let serving = try Program.start([Prerequisites.shuntRelay, "serve", relay, "--bind", "127.0.0.1", "--port", "0"])
      try eventually("it listens: \(serving.errors)") { serving.errors.contains("listening") }
      let result = serving.end()
      #expect(result.status == 0)
      #expect(result.errors.contains("stopped"))
      // What it made is for its user only.
      for file in try FileManager.default.contentsOfDirectory(atPath: relay) where file != "ca.pem" && file != "relay.pem" {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(relay)/\(file)")
        #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0, "\(file)")
      }
    }

    @Test func aRecipientThatFreezesGetsTheTextOnceByCarrier() throws {
      let pair = try Pair(settings: ["policy/ip-timeout": "2"])
      defer { pair.rig.end() }
      try pair.enroll(pair.dora, pair.emil)
      #expect(try pair.dora.shuntctl("send", pair.emil.number, "Known").text == "Delivered over IP (recipient-online)")
      let emil = try pair.rig.processID(of: "emil-shuntd")
      kill(emil, SIGSTOP)
      let sent = try pair.dora.shuntctl("send", pair.emil.number, "Frozen")
      kill(emil, SIGCONT)
      #expect(sent.text == "Sent by the carrier (no-acknowledgement)")
      try eventually("emil has it: \(try pair.emil.decisions())") { try pair.emil.decisions().count >= 3 }
      sleep(1)
      let outcomes = try pair.emil.decisions().dropFirst().map(\.outcome)
      #expect(outcomes.filter { $0 == "delivered" }.count == 1, "\(outcomes)")
      #expect(outcomes.filter { $0 != "delivered" }.allSatisfy { ["revoked", "duplicate"].contains($0) }, "\(outcomes)")
    }

    @Test func withShuntdKilledTextsGoThroughTheStockProxy() throws {
      let world = try World.shared()
      let phone = try Phone(world.rig, "gwen", "+447700900108", carrier: world.carrier)
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: world.relay)
      try phone.startShuntd()
      try phone.startModemManager(hasStockProxy: true)
      try phone.waitUntilEnabled()
      try phone.enroll()
      let before = try #require(try phone.modemObject())

      try phone.stopShuntd("KILL")
      try eventually("ModemManager has a new modem: \(try phone.mmcli("-L"))", within: 60) {
        let now = try phone.modemObject()
        return now != nil && now != before
      }
      let stock = try #require(try phone.proxyOwner())
      #expect(stock.name == "qmi-proxy")
      try phone.waitUntilEnabled()
      try world.carol.emptyInbox()
      let passed = try world.carrier.passing {
        try phone.send("Still going out", to: world.carol.number)
        #expect(try world.carol.receive().map(\.text) == ["Still going out"])
      }
      #expect(passed.map(\.kind) == ["submit", "deliver"])
      // Who writes to the phone does not lose a text, either.
      let decision = try world.alice.decisionOnSending("Are you well?", to: phone.number)
      #expect("\(decision)" == "out carrier recipient-offline sent")
      #expect(try phone.receive().map(\.text) == ["Are you well?"])

      // shuntd takes its place again; who it is and that it is enabled was kept.
      let second = try phone.modemObject()
      kill(stock.processID, SIGKILL)
      try phone.startShuntd()
      try eventually("ModemManager has a new modem: \(try phone.mmcli("-L"))", within: 60) {
        let now = try phone.modemObject()
        return now != nil && now != second
      }
      try phone.waitUntilEnabled()
      try phone.waitUntilOnline()
      try world.alice.emptyInbox()
      let again = try phone.decisionOnSending("By IP again", to: world.alice.number)
      #expect("\(again)" == "out ip recipient-online delivered")
      #expect(try world.alice.receive().map(\.text) == ["By IP again"])
    }
  }
}
