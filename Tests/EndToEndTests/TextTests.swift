import Foundation
import Testing

extension EndToEnd {
  /// A text sent with mmcli through an unmodified ModemManager.
  @Suite struct Texts {
    let world: World
    var alice: Phone { world.alice }
    var bob: Phone { world.bob }

    init() throws {
      world = try World.shared()
      for phone in [world.alice, world.bob, world.carol] { try phone.emptyInbox() }
    }

    @Test func goesByIPAndTheCarrierSeesNothing() throws {
      let passed = try world.carrier.passing {
        let decision = try alice.decisionOnSending("By IP, to bob", to: bob.number)
        #expect("\(decision)" == "out ip recipient-online delivered")
        #expect(decision.attemptedIP)
        #expect(decision.number == "…02")
        let received = try bob.receive()
        #expect(received.map(\.text) == ["By IP, to bob"])
        #expect(received.map(\.number) == [alice.number])
        #expect(try bob.inbox() == [])
      }
      #expect(passed == [])
      #expect(try bob.decisions().last.map { "\($0)" } == "in ip recipient-online delivered")
      #expect(try bob.status()["waiting_messages"] as? Int == 0)
    }

    @Test func countsAsSentInModemManager() throws {
      let path = try alice.send("Sent?", to: bob.number)
      #expect(try alice.message(at: path).state == "sent")
      #expect(try bob.receive().map(\.text) == ["Sent?"])
    }

    @Test(arguments: [true, false], [Sample.gsm, .emoji, .extended])
    func threePartsArriveWholeBothWays(isFromAlice: Bool, sample: Sample) throws {
      let (sender, recipient) = isFromAlice ? (alice, bob) : (bob, alice)
      let passed = try world.carrier.passing {
        let decision = try sender.decisionOnSending(sample.text, to: recipient.number)
        #expect("\(decision)" == "out ip recipient-online delivered")
        #expect(decision.parts == 3)
        let received = try recipient.receive()
        #expect(received.map(\.text) == [sample.text])
        #expect(received.map(\.number) == [sender.number])
      }
      #expect(passed == [])
    }

    /// Texts that take three parts.
    enum Sample: CaseIterable {
      case gsm, emoji, extended

      var text: String {
        switch self {
        case .gsm: return String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 8) + "End"
        // Odd places for surrogate pairs, so that a part's border would cut one.
        case .emoji: return String(repeating: "नमस्ते 😀 ", count: 16) + "x😀"
        case .extended: return String(repeating: "{price} [€ 5] ~ ", count: 18) + "End"
        }
      }
    }

    @Test func whoIsNotEnrolledGetsItByCarrier() throws {
      let passed = try world.carrier.passing {
        let decision = try alice.decisionOnSending("To carol", to: world.carol.number)
        #expect("\(decision)" == "out carrier unknown-recipient sent")
        let received = try world.carol.receive()
        #expect(received.map(\.text) == ["To carol"])
        #expect(received.map(\.number) == [alice.number])
      }
      #expect(passed.map(\.kind) == ["submit", "deliver"])
      #expect(passed.map(\.text) == ["To carol", "To carol"])
    }

    @Test(arguments: [("112", "emergency"), ("999", "emergency"), ("60777", "short-code"), ("150", "short-code")])
    func servicesGetItByCarrierAsDialled(number: String, reason: String) throws {
      let passed = try world.carrier.passing {
        let decision = try alice.decisionOnSending("Hello \(number)", to: number)
        #expect("\(decision)" == "out carrier \(reason) sent")
        #expect(!decision.attemptedIP)
      }
      #expect(passed.filter { $0.kind == "submit" }.map(\.to) == [number])
      #expect(passed.filter { $0.kind == "submit" }.map(\.text) == ["Hello \(number)"])
    }

    @Test func aNumberDialledTheNationalWayIsTheSamePerson() throws {
      let decision = try alice.decisionOnSending("National", to: "07700900102")
      #expect("\(decision)" == "out ip recipient-online delivered")
      #expect(try bob.receive().map(\.text) == ["National"])
    }

    @Test func aCarrierTextIsAnnounced() throws {
      try world.carol.send("From carol", to: bob.number)
      let received = try bob.receive()
      #expect(received.map(\.text) == ["From carol"])
      #expect(received.map(\.number) == [world.carol.number])
      #expect(try bob.decisions().last.map { "\($0)" } == "in carrier delivered")
    }

    @Test func aBanksTextIsAnnouncedUnderItsName() throws {
      try world.carrier.send("Your balance is £5", from: "BANK", to: bob.number)
      let received = try bob.receive()
      #expect(received.map(\.text) == ["Your balance is £5"])
      #expect(received.map(\.number) == ["BANK"])
    }

    @Test func aTextWaitsForAModemManagerThatIsNotThere() throws {
      try bob.rig.stop("bob-modemmanager")
      let decision = try alice.decisionOnSending("Patience", to: bob.number)
      #expect("\(decision)" == "out ip recipient-online delivered")
      #expect(try bob.status()["waiting_messages"] as? Int == 1)
      try bob.startModemManager()
      try bob.waitUntilEnabled()
      #expect(try bob.receive().map(\.text) == ["Patience"])
      #expect(try bob.status()["waiting_messages"] as? Int == 0)
    }

    @Test func aTextOutlivesARestartOfShuntd() throws {
      try alice.send("Still here", to: bob.number)
      try eventually("bob lists it") { try bob.inbox().count == 1 }
      try bob.rig.stop("bob-modemmanager")
      try bob.stopShuntd()
      try bob.startShuntd()
      try bob.startModemManager()
      try bob.waitUntilEnabled()
      #expect(try bob.receive().map(\.text) == ["Still here"])
      try bob.waitUntilOnline()
    }

    @Test func aReportIsDeliveredWhenAskedFor() throws {
      let output = try alice.mmcli(
        "-m", "any", "--messaging-create-sms=number='\(bob.number)',text='Report',delivery-report-request=yes"
      ).orThrow().output
      let path = try #require(output.split(whereSeparator: \.isWhitespace).last.map(String.init))
      try alice.mmcli("-s", path, "--send").orThrow()
      #expect(try bob.receive().map(\.text) == ["Report"])
      let reference = try #require(try alice.fields(of: path)["sms.properties.message-reference"])
      try eventually("ModemManager lists the report: \(try alice.inbox())") { try !alice.inbox().isEmpty }
      let report = try alice.fields(of: try #require(try alice.inbox().first).path)
      #expect(report["sms.properties.pdu-type"] == "status-report")
      #expect(report["sms.properties.message-reference"] == reference)
      #expect(report["sms.properties.delivery-state"] == "completed-received")
      #expect(report["sms.content.number"] == bob.number)
    }

    @Test func aStoredTextGoesByIPWhenItIsSent() throws {
      let path = try alice.rig.call("rig_create", "alice", bob.number, "From the store")
      try alice.mmcli("-s", path, "--store").orThrow()
      let passed = try world.carrier.passing {
        try alice.mmcli("-s", path, "--send").orThrow()
        #expect(try bob.receive().map(\.text) == ["From the store"])
      }
      #expect(passed == [])
    }

    @Test func disablingEndsItAtOnceAndEnablingBringsItBack() throws {
      let disabled = try alice.shuntctl("disable")
      #expect(disabled.text == "Disabled. Texts go by the carrier.")
      try eventually("the session is over") { try alice.networkSockets().isEmpty }
      let passed = try world.carrier.passing {
        let decision = try alice.decisionOnSending("Off", to: bob.number)
        #expect("\(decision)" == "out carrier disabled sent")
        #expect(try bob.receive().map(\.text) == ["Off"])
      }
      #expect(passed.map(\.kind) == ["submit", "deliver"])
      // Nobody finds alice any more.
      let back = try bob.decisionOnSending("Are you there?", to: alice.number)
      #expect("\(back)" == "out carrier unknown-recipient sent")
      #expect(try alice.receive().map(\.text) == ["Are you there?"])
      try alice.enroll()
      // With a new key, which Bob has to trust.
      let new = try alice.decisionOnSending("On", to: bob.number)
      #expect("\(new)" == "out carrier no-acknowledgement sent – the recipient's device does not believe the sender")
      #expect(try bob.receive().map(\.text) == ["On"])
      let uncompared = try bob.shuntctl("trust", alice.number)
      #expect(uncompared.status == 64)
      let changed = try bob.shuntctl("fingerprint", "--json", alice.number).orThrow().text
      let row = try JSONSerialization.jsonObject(with: Data(changed.utf8)) as? [String: Any]
      let digits = try #require(row?["new_digits"] as? String)
      try bob.shuntctl("trust", alice.number, digits).orThrow()
      let again = try alice.decisionOnSending("On again", to: bob.number)
      #expect("\(again)" == "out ip recipient-online delivered")
      #expect(try bob.receive().map(\.text) == ["On again"])
    }
  }
}
