import Foundation
import Testing

extension EndToEnd {
  /// The relay's number-token key is replaced while people use it.
  @Suite struct Rotation {
    @Test func textsGoByIPThroughoutWithoutAnotherSMS() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let (dora, emil) = (pair.dora, pair.emil)
      try pair.enroll(dora, emil)

      func expectByIP(_ text: String) throws {
        for (sender, recipient) in [(dora, emil), (emil, dora)] {
          let sent = try sender.shuntctl("send", recipient.number, text)
          #expect(sent.isSuccess && sent.text == "Delivered over IP (recipient-online)", "\(text): \(sent) \(pair.relay.log)")
        }
      }
      func restart(_ words: String...) throws {
        try pair.relay.stop()
        try pair.relay.rotate(words)
        try pair.relay.start()
        for phone in [dora, emil] {
          try eventually("\(phone.name) is back: \(try phone.status())", within: 60) {
            try phone.status()["session"] as? String == "online"
          }
        }
      }
      // Each has a copy of the file, as handsets have.
      let former = try String(contentsOfFile: pair.relay.trustFile, encoding: .utf8)
      let copies = [dora, emil].map { pair.rig.path("\($0.name)-relay.pem") }
      for (phone, copy) in zip([dora, emil], copies) {
        try TextFile.write(former, to: copy)
        try phone.stopShuntd()
        try phone.writeSettings(relay: pair.relay, ["relay/ca": copy])
        try phone.startShuntd()
        try phone.waitUntilOnline()
      }
      try expectByIP("Before")
      try restart()
      // A registration that has not moved when the old key goes has lapsed.
      for phone in [dora, emil] {
        try eventually("\(phone.name) has moved: \(phone.shuntdLog)") { phone.shuntdLog.contains("new number-token key") }
      }
      try expectByIP("With the old file")
      // Dora gets the new one; then both keys are in use.
      let both = try String(contentsOfFile: pair.relay.trustFile, encoding: .utf8)
      #expect(both != former)
      try dora.stopShuntd()
      try TextFile.write(both, to: copies[0])
      try dora.startShuntd()
      try dora.waitUntilOnline()
      try expectByIP("With either file")
      try emil.stopShuntd()
      try TextFile.write(both, to: copies[1])
      try emil.startShuntd()
      try emil.waitUntilOnline()
      try restart("--finish")
      try expectByIP("With the new key")
      #expect(pair.relay.codes.count == 2)
      #expect(try pair.carrier.record() == [])
    }
  }
}
