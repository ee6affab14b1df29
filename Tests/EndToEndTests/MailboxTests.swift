import Foundation
import Testing

extension EndToEnd {
  /// What waits for an app, on real disks.
  @Suite struct Mailbox {
    /// A disk without room: the sender is told so before anything is acknowledged, and its carrier brings the text.
    @Test func onAFullDiskATextComesByCarrier() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      let disk = try SmallDisk(under: emil)
      try pair.enroll(dora, emil)
      #expect(try dora.shuntctl("send", emil.number, "Room").text == "Delivered over IP (recipient-online)")

      try disk.fill()
      let long = String(repeating: "Three parts of text go here. ", count: 14)
      for (text, partCount) in [("No room", 1), (long, 3)] {
        let began = Date()
        let passed = try pair.carrier.passing {
          let row = try dora.shuntctl("send", emil.number, text, "--json").orThrow().text
          let sent = try JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any]
          #expect(sent?["route"] as? String == "carrier" && sent?["reason"] as? String == "no-acknowledgement")
          #expect((sent?["cause"] as? String)?.contains("room") == true, "\(row)")
        }
        // At once: the refusal is heard, not the lack of an answer (ip-timeout is 15 seconds here).
        #expect(Date().timeIntervalSince(began) < 8)
        #expect(passed.filter { $0.kind == "submit" }.count == partCount)
        try eventually("emil has it by carrier: \(try emil.decisions())") {
          try emil.decisions().last.map { "\($0)" } == "in carrier delivered" && emil.decisions().last?.parts == partCount
        }
      }
      #expect(try emil.decisions().map { "\($0)" } == ["in ip recipient-online delivered", "in carrier delivered", "in carrier delivered"])
      #expect(try emil.status()["waiting_messages"] as? Int == 1)
      #expect(emil.shuntdLog.contains("No space left on device"))

      try disk.makeRoom()
      #expect(try dora.shuntctl("send", emil.number, "Room again").text == "Delivered over IP (recipient-online)")
      #expect(try emil.status()["waiting_messages"] as? Int == 2)
    }

    /// Files that the disk damaged while shuntd was away: they are set aside and named; ModemManager gets the others.
    @Test func damagedTextsAreSetAsideAndTheOthersServed() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)
      let texts = (0..<5).map { "Text number \($0)" }
      for text in texts { #expect(try dora.shuntctl("send", emil.number, text).isSuccess) }
      try emil.stopShuntd()
      let spool = pair.rig.path("emil-state/spool")
      let files = try FileManager.default.contentsOfDirectory(atPath: spool).sorted()
      #expect(files.count == 5)
      func damage(_ index: Int, _ change: (inout Data) -> Void) throws {
        let path = "\(spool)/\(files[index])"
        var octets = try #require(FileManager.default.contents(atPath: path))
        change(&octets)
        try octets.write(to: URL(fileURLWithPath: path))
      }
      try damage(0) { $0 = Data() }
      try damage(1) { $0[$0.count / 2] ^= 0x10 }
      // In the text itself.
      try damage(3) { $0[20] ^= 0x01 }
      try emil.startShuntd()
      for index in [0, 1, 3] {
        #expect(emil.shuntdLog.contains("the spool file \(files[index]) can't be read; it is kept as \(files[index]).damaged"))
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: spool).sorted()
          == [0, 1, 2, 3, 4].map { [0, 1, 3].contains($0) ? "\(files[$0]).damaged" : files[$0] })
      #expect(try emil.status()["waiting_messages"] as? Int == 2)
      try emil.startModemManager()
      try emil.waitUntilEnabled()
      #expect(try emil.receive(2).map(\.text).sorted() == [texts[2], texts[4]])
      #expect(try emil.status()["waiting_messages"] as? Int == 0)
    }

    /// The copy in the modem says *sent* afterwards, to a ModemManager that starts anew, too.
    @Test(arguments: [true, false]) func aStoredTextIsTaggedAsSent(isByIP: Bool) throws {
      let world = try World.shared()
      let alice = world.alice
      let recipient = isByIP ? world.bob : world.carol
      try recipient.emptyInbox()
      // ModemManager 1.20 forgets where it stored the parts of a long one, behind the stock proxy, too.
      let text = "Kept, and sent from there"
      let path = try alice.rig.call("rig_create", "alice", recipient.number, text)
      try alice.mmcli("-s", path, "--store").orThrow()
      let before = try alice.decisions().count
      let passed = try world.carrier.passing {
        try alice.mmcli("-s", path, "--send").orThrow()
        #expect(try recipient.receive().map(\.text) == [text])
      }
      #expect(passed.filter { $0.kind == "submit" }.count == (isByIP ? 0 : 1))
      #expect(try alice.decisions().dropFirst(before).map(\.route) == [isByIP ? "ip" : "carrier"])
      try alice.rig.stop("alice-modemmanager")
      try alice.startModemManager()
      try alice.waitUntilEnabled()
      func paths(_ state: String) throws -> [String] {
        try alice.rig.call("rig_messages", "alice", state).split(separator: "\n").map(String.init)
      }
      try eventually("ModemManager lists the copy as sent: \(try alice.mmcli("-m", "any", "--messaging-list-sms"))") {
        try !paths("sent").isEmpty
      }
      #expect(try paths("stored").isEmpty)
      for sent in try paths("sent") {
        #expect(try alice.message(at: sent).text == text)
        try alice.mmcli("-m", "any", "--messaging-delete-sms=\(sent)").orThrow()
      }
    }

    /// One text goes by IP and one by carrier, and each report says which it is about.
    @Test func reportsOfBothRoutesComeToModemManager() throws {
      let world = try World.shared()
      let alice = world.alice
      for phone in [alice, world.bob, world.carol] { try phone.emptyInbox() }
      var expected: [String: String] = [:]
      let began = Date()
      for phone in [world.bob, world.carol, world.bob, world.carol] {
        let output = try alice.mmcli(
          "-m", "any", "--messaging-create-sms=number='\(phone.number)',text='Report',delivery-report-request=yes"
        ).orThrow().output
        let path = try #require(output.split(whereSeparator: \.isWhitespace).last.map(String.init))
        try alice.mmcli("-s", path, "--send").orThrow()
        let reference = try #require(try alice.fields(of: path)["sms.properties.message-reference"])
        #expect(expected[reference] == nil, "two messages with the reference \(reference)")
        expected[reference] = phone.number
      }
      #expect(try world.bob.receive(2).count == 2 && world.carol.receive(2).count == 2)
      try eventually("ModemManager lists four reports: \(try alice.inbox())") { try alice.inbox().count >= 4 }
      var told: [String: String] = [:]
      for message in try alice.inbox() {
        let report = try alice.fields(of: message.path)
        #expect(report["sms.properties.pdu-type"] == "status-report")
        #expect(report["sms.properties.delivery-state"] == "completed-received")
        for key in ["sms.properties.timestamp", "sms.properties.discharge-timestamp"] {
          // 2026-11-23T02:09:49+00, whole seconds.
          let time = try #require(report[key].flatMap { ISO8601DateFormatter().date(from: "\($0):00") }, "\(report)")
          #expect(time.timeIntervalSince(began) > -2 && time.timeIntervalSinceNow < 2)
        }
        told[report["sms.properties.message-reference"] ?? ""] = report["sms.content.number"]
      }
      #expect(told == expected)
      try alice.emptyInbox()
    }
  }
}

/// A file system of its own for a handset's state, of a size that is soon filled.
private struct SmallDisk {
  private let path: String
  private var filler: String { "\(path)/filler" }

  /// - Parameter phone: whose shuntd is started anew on it.
  init(under phone: Phone) throws {
    path = phone.rig.path("\(phone.name)-state")
    try phone.stopShuntd()
    try phone.rig.call("rig_disk", path, "256k")
    try phone.startShuntd()
  }

  /// Takes what is left, to the last octet.
  func fill() throws {
    let file = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw RigError("cannot write \(filler)") }
    defer { close(file) }
    for count in [4096, 1] {
      let octets = [UInt8](repeating: 0, count: count)
      while write(file, octets, count) > 0 {}
    }
  }

  func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }
}
