import Foundation
import Testing

extension EndToEnd {
  /// shuntd in the stock proxy's place, as libqmi's own clients see it.
  @Suite struct ProxyTests {
    /// The reads of qmicli that want a value, beside those that want none.
    static let readsWithValues = [
      "--dms-uim-get-ck-status=pn", "--dms-get-mac-address=wlan", "--dms-foxconn-get-firmware-version=apps",
      "--nas-get-tx-rx-info=lte", "--nas-get-plmn-name=23415",
      "--uim-read-transparent=0x3F00,0x2FE2", "--uim-read-transparent=0x3F00,0x7FFF,0x6F07",
      "--uim-read-transparent=0x3F00,0x7FFF,0x6FAD", "--uim-read-transparent=0x3F00,0x7FFF,0x0000",
      "--uim-get-file-attributes=0x3F00,0x2FE2", "--uim-get-file-attributes=0x3F00,0x7FFF,0x6F40",
      "--uim-read-record=record-number=1,record-length=28,file=[0x3F00-0x7FFF-0x6F40]",
    ]

    @Test func readsOfQmicliPrintTheSameThroughTheStockProxy() throws {
      let rig = try Rig()
      defer { rig.end() }
      let stock = try Phone(rig, "stock", "+447700900106", carrier: nil)
      let ours = try Phone(rig, "ours", "+447700900106", carrier: nil)
      for phone in [stock, ours] { try phone.startModem() }
      try rig.spawn(in: "stock", "stock-proxy", [Prerequisites.stockProxy, "--no-exit"])
      try ours.startBus()
      try ours.writeSettings(relay: nil, ["modem/device": ours.modemPath])
      try ours.startShuntd()
      try eventually("the stock proxy listens") { try stock.proxyOwner()?.name == "qmi-proxy" }
      #expect(try ours.proxyOwner()?.name == "shuntd")

      let reads = try Self.readsWithoutValues() + Self.readsWithValues
      #expect(reads.count > 60)
      var answered: [String: Int] = [:]
      for read in reads {
        let through = try [stock, ours].map { phone in
          let result = try rig.run(
            in: phone.name, ["qmicli", "-p", "--device-open-qmi", "-d", phone.modemPath, read], limit: 30)
          return "\(result.status)\n\(result.output)\(result.errors)".replacingOccurrences(of: phone.modemPath, with: "DEVICE")
            // qmicli's warnings say when they are.
            .replacing(/\[\d+ \w+ \d+, [\d:]+\]/, with: "[TIME]")
        }
        // The time goes on from one read to the next.
        let pair = read == "--dms-get-time" ? through.map { $0.replacing(/\d+/, with: "0") } : through
        #expect(pair[0] == pair[1], "\(read)")
        if pair[1].hasPrefix("0\n") { answered[String(read.dropFirst(2).prefix(3)), default: 0] += 1 }
      }
      // The comparison says something only when the modem answers most of them.
      #expect(answered["dms", default: 0] >= 12, "\(answered)")
      #expect(answered["nas", default: 0] >= 8, "\(answered)")
      #expect(answered["uim", default: 0] >= 6, "\(answered)")
      #expect(answered["wms", default: 0] >= 1, "\(answered)")
    }

    /// The options of qmicli that read and want no value, by its own help.
    private static func readsWithoutValues() throws -> [String] {
      try ["dms", "nas", "uim", "wms"].flatMap { service -> [String] in
        let help = try Program.run(["qmicli", "--help-\(service)"]).orThrow().output
        return help.split(separator: "\n").compactMap { line in
          guard let word = line.split(separator: " ").first, word.hasPrefix("--\(service)-"), !word.contains("=") else { return nil }
          let verb = word.dropFirst(service.count + 3)
          let isRead = ["get-", "list-", "read-", "uim-get-", "swi-get-", "network-scan"].contains { verb.hasPrefix($0) }
          return isRead ? String(word) : nil
        }
      }
    }

    @Test func manyClientsAtOnceAreAnswered() throws {
      let rig = try Rig()
      defer { rig.end() }
      let phone = try Phone(rig, "ours", "+447700900106", carrier: nil, options: ["--client-ids", "40"])
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: nil, ["modem/device": phone.modemPath])
      try phone.startShuntd()
      let words = try rig.words(
        in: phone.name, ["qmicli", "-p", "--device-open-qmi", "-d", phone.modemPath, "--dms-get-msisdn"])
      let clients = try (0..<24).map { _ in try Program.start(words) }
      try eventually("all have their answer") { clients.allSatisfy { $0.output.contains(phone.number.dropFirst()) } }
    }

    @Test func aSocketThatIsAnothersIsNamedByItsProcess() throws {
      let world = try World.shared()
      let carol = world.carol
      let owner = try #require(try carol.proxyOwner())
      #expect(owner.name == "qmi-proxy")
      try carol.writeSettings(relay: world.relay)
      let result = try world.rig.run(in: carol.name, [Prerequisites.shuntd, "--settings", carol.settingsPath], limit: 10)
      #expect(result.status == 69)
      #expect(result.complaint.split(separator: "\n").count == 1, "\(result)")
      #expect(result.complaint.contains("qmi-proxy"), "\(result)")
      #expect(result.complaint.contains("\(owner.processID)"), "\(result)")
      // The phone goes on as if nothing had been.
      try world.alice.emptyInbox()
      try carol.send("Carol is well", to: world.alice.number)
      #expect(try world.alice.receive().map(\.text) == ["Carol is well"])
    }

    @Test func theStateOfAnotherShuntdIsLeftAlone() throws {
      let world = try World.shared()
      let path = world.rig.path("second.conf")
      let settings = TextFile.read(world.alice.settingsPath)
        .replacingOccurrences(of: "[state]\n", with: "[proxy]\nsocket=another\n[state]\n")
      try TextFile.write(settings, to: path)
      let result = try world.rig.run(in: "alice", [Prerequisites.shuntd, "--settings", path], limit: 10)
      #expect(result.status == 73)
      #expect(result.complaint == "shuntd: the state directory \(world.rig.path("alice-state")) is another shuntd's")
    }
  }
}
