import Foundation
import Testing

extension EndToEnd {
  /// shuntd as systemd runs it: its socket, its client ids and its watchdog outlive it.
  @Suite struct Restarts {
    @Test func withItsSocketHeldModemManagerWaitsForShuntd() throws {
      let scene = try KillScene.shared()
      let (alice, bob) = (scene.alice, scene.bob)
      for member in [alice, bob] { try member.waitUntilWell() }
      let before = try #require(try alice.phone.modemObject())
      alice.unit.kill()
      try eventually("ModemManager's modem is gone") { try alice.phone.modemObject() == nil }
      // Longer than libqmi waits for a proxy's answer.
      sleep(6)
      #expect(try !alice.phone.programs().contains("qmi-proxy"))
      try alice.unit.start()
      try eventually("ModemManager has a new modem: \(try alice.phone.mmcli("-L"))") {
        let now = try alice.phone.modemObject()
        return now != nil && now != before
      }
      try alice.waitUntilWell()
      #expect(try !alice.phone.programs().contains("qmi-proxy"))
      try scene.expectTextsGoOut()
    }

    @Test func twentyKillsDoNotUseUpTheModemsClientIDs() throws {
      let rig = try Rig()
      defer { rig.end() }
      // As the lab's modem, and many real ones, have it: ten of a service.
      let phone = try Phone(rig, "hugo", "+447700900109", carrier: nil, options: ["--client-ids", "10"])
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: nil, ["modem/device": phone.modemPath])
      let unit = try Unit(phone)
      let file = rig.path("hugo-runtime/client-ids")
      for round in 1...20 {
        try unit.startWithoutWaiting()
        // A client that keeps its id, and is not there to use it after the kill.
        let client = try rig.run(
          in: "hugo",
          ["qmicli", "-p", "--device-open-qmi", "-d", phone.modemPath, "--dms-get-msisdn", "--client-no-release-cid"])
        #expect(client.isSuccess, "\(round): \(client)")
        let kept = Array(FileManager.default.contents(atPath: file) ?? Data())
        // Pairs of service and id; more than there are would be of no use.
        #expect(kept.count == 2 * min(round, 10), "\(kept)")
        unit.kill()
      }
      try unit.start()
      let client = try rig.run(
        in: "hugo", ["qmicli", "-p", "--device-open-qmi", "-d", phone.modemPath, "--dms-get-msisdn"])
      #expect(client.isSuccess, "\(client)")
    }

    @Test func aModemThatComesBackAtAnotherNodeIsFoundThroughItsLink() throws {
      let rig = try Rig()
      defer { rig.end() }
      let phone = try Phone(rig, "hugo", "+447700900109", carrier: nil)
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: nil, ["modem/device": phone.modemPath])
      try phone.startShuntd()
      // ModemManager names the node, whatever links there are to it.
      func node() -> String? { try? FileManager.default.destinationOfSymbolicLink(atPath: phone.modemPath) }
      func askNode() throws -> ProgramResult {
        try rig.run(in: "hugo", ["qmicli", "-p", "--device-open-qmi", "-d", try #require(node()), "--dms-get-msisdn"])
      }
      let before = try #require(node())
      // Keeps the terminal's number taken.
      let holder = open(before, O_RDWR | O_NOCTTY | O_CLOEXEC)
      defer { close(holder) }
      #expect(try askNode().isSuccess)
      kill(try rig.processID(of: "hugo-modem"), SIGHUP)
      try eventually("the modem is back") { node() != nil && node() != before }
      try eventually("shuntd opens it: \(try askNode())", within: 10) { try askNode().isSuccess }
    }

    @Test func theWatchdogIsFedFromTheMainLoop() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let phone = pair.dora
      try phone.stopShuntd()
      let manager = try ServiceManager(at: pair.rig.path("notify"))
      // A log that can be full: a pipe.
      let log = pair.rig.path("pipe")
      #expect(mkfifo(log, 0o600) == 0)
      try phone.writeSettings(relay: pair.relay, ["log/decisions": log])
      let pipe = open(log, O_RDWR | O_NONBLOCK | O_CLOEXEC)
      defer { close(pipe) }
      let unit = try Unit(phone, ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"])
      try unit.start()
      #expect(manager.messages().first == "READY=1")
      sleep(1)
      let fed = manager.messages()
      #expect((3...6).contains(fed.count) && fed.allSatisfy { $0 == "WATCHDOG=1" }, "\(fed)")

      // Its next record stops the main loop, and nothing else of the process.
      var octets = [UInt8](repeating: 0, count: 4096)
      while write(pipe, &octets, octets.count) > 0 || octets.count > 1 {
        if octets.count > 1, errno == EAGAIN { octets = [0] }
      }
      let sending = try Program.start(
        pair.rig.words(in: "dora", [Prerequisites.shuntctl, "send", "60777", "Stop", "--bus", pair.rig.bus(of: "dora")]))
      try eventually("the main loop stands") {
        TextFile.read("/proc/\(try unit.processID)/wchan").contains("pipe")
      }
      _ = manager.messages()
      sleep(1)
      #expect(manager.messages() == [])
      octets = [UInt8](repeating: 0, count: 65_536)
      while read(pipe, &octets, octets.count) > 0 {}
      try eventually("it goes on") { manager.messages().contains("WATCHDOG=1") }
      #expect(sending.waitUntilEnded().text == "Sent by the carrier (disabled)")
    }

    @Test func aNetworkChangeReconnectsAtOnce() throws {
      let scene = try KillScene.shared()
      let alice = scene.alice
      for member in [alice, scene.bob] { try member.waitUntilWell() }
      try scene.relay.stop()
      // It tries again less and less often.
      try eventually("alice waits for longer than four seconds") { alice.gate.refusedCount >= 4 }
      try scene.relay.start()
      let connectionCount = alice.gate.connectionCount
      try alice.phone.changeNetwork()
      try eventually("alice is back", within: 2) { alice.gate.connectionCount > connectionCount }
      for member in [alice, scene.bob] { try member.waitUntilWell() }
      try scene.expectTextsGoOut()
    }
  }
}
