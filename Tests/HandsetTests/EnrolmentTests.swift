import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Opting in: what a person does, and what must not happen before or without it.
@Suite struct EnrolmentTests {
  private func device(_ world: World, _ number: String = "+919876543210") throws -> Device {
    let device = try Device(world, number)
    device.start()
    device.messenger.start()
    world.run(until: { device.messenger.isReady })
    return device
  }

  @Test func nothingIsSentToTheRelayBeforeEnable() throws {
    let world = World()
    let alice = try device(world)
    #expect(alice.messenger.isReady)
    #expect(alice.messenger.sent("Hi", to: "+919876500000").hasSucceeded)
    world.inject("Hello", from: "+447700900123", to: alice)
    world.run(.seconds(7200))
    #expect(alice.connectCount == 0)
    #expect(alice.identityReadCount == 0)
    #expect(alice.messenger.texts == ["+447700900123: Hello"])
    #expect(alice.records.map(\.summary) == ["carrier disabled sent"])
    #expect(alice.files.isEmpty && alice.spool.isEmpty)
    #expect(alice.state == "disabled")
    #expect(alice.answer(to: .lookUp(numbers: ["+919876500000"]))?.errorName == .notEnabled)
    #expect(alice.connectCount == 0)
  }

  @Test func enableCatchesTheCodeAndRegisters() throws {
    let world = World()
    let alice = try device(world)
    let reply = alice.answer(to: .enable(number: "98765 43210"))
    #expect(reply?.row?.text("number") == "+919876543210")
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered")
    #expect(world.relay.codes.count == 1)
    // The code was never announced, and is not in the modem.
    world.run(.seconds(10))
    #expect(alice.messenger.announcements.isEmpty && alice.messenger.received.isEmpty)
    #expect(alice.modem.storedMessages(in: .nv).isEmpty)
    #expect(alice.records.isEmpty)
    #expect(Set(alice.files.keys) == [.identityKey, .enrolment])
    // A restart finds it all again, without another SMS.
    alice.kill()
    alice.start()
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && world.relay.codes.count == 1)
  }

  @Test func aCodeFasterThanTheRelaysAnswerCounts() throws {
    let world = World()
    world.relay.codeDelay = .milliseconds(1)
    world.relay.codeAnswerDelay = .seconds(4)
    let alice = try device(world)
    alice.ask(.enable(number: "+919876543210"))
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && alice.messenger.announcements.isEmpty)
  }

  @Test func aTypedCodeRegistersToo() throws {
    let world = World()
    world.relay.sendsCodes = false
    let alice = try device(world)
    let reply = alice.answer(to: .enable(number: "+919876543210"))
    #expect(reply?.row?.text("state") == "awaiting-code")
    #expect(alice.answer(to: .confirm(code: "no code"))?.errorName == .badCode)
    #expect(alice.answer(to: .confirm(code: "AAAA-AAAA"))?.errorName == .badCode)
    #expect(alice.state == "awaiting-code")
    let code = try #require(world.relay.codes.last)
    let typed = code.prefix(4).lowercased() + "-" + code.dropFirst(4)
    #expect(alice.answer(to: .confirm(code: typed))?.row?.text("state") == "registered")
    #expect(alice.answer(to: .confirm(code: typed))?.errorName == .notAwaitingCode)
  }

  @Test func wrongCodesEndTheRegistration() throws {
    let world = World()
    world.relay.sendsCodes = false
    let alice = try device(world)
    _ = alice.answer(to: .enable(number: "+919876543210"))
    for _ in 0..<5 { #expect(alice.answer(to: .confirm(code: "AAAAAAAA"))?.errorName == .badCode) }
    _ = alice.answer(to: .confirm(code: "AAAAAAAA"))
    #expect(alice.state == "failed")
    #expect(alice.messenger.sent("Hi", to: "+919876500000").hasSucceeded)
    #expect(alice.records.last?.summary == "carrier not-registered sent")
    // Nothing to be online for.
    world.run(.seconds(30))
    #expect(!alice.isConnected)
    // And another try works.
    world.relay.sendsCodes = true
    _ = alice.answer(to: .enable(number: "+919876543210"))
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered")
  }

  @Test func aVerificationTextNobodyAskedForIsAnOrdinaryText() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    world.inject("Shunt code: AAAAAAAA", from: "+15550100", to: alice)
    world.run(.seconds(5))
    #expect(alice.messenger.texts == ["+15550100: Shunt code: AAAAAAAA"])
    #expect(alice.records.map(\.summary) == ["carrier - delivered"])
  }

  @Test func aCodeCaughtWhileTheLinkIsDownIsGivenToTheRelayLater() throws {
    let world = World()
    world.relay.codeDelay = .seconds(2)
    let alice = try device(world)
    _ = alice.answer(to: .enable(number: "+919876543210"))
    #expect(alice.state == "awaiting-code")
    alice.cutNetwork()
    world.run(.seconds(10))
    // It was swallowed, so nobody could type it.
    #expect(alice.messenger.announcements.isEmpty)
    alice.restoreNetwork()
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && world.relay.codes.count == 1)
  }

  @Test func aConfirmationWhoseAnswerIsLostCountsAfterReconnecting() throws {
    let world = World()
    let alice = try device(world)
    world.relay.toDevice = { _, frame in
      if case .registered = frame.message { [] } else { [frame] }
    }
    _ = alice.answer(to: .enable(number: "+919876543210"))
    world.run(until: { !world.relay.store.isEmpty })
    alice.cutNetwork()
    world.relay.toDevice = { _, frame in [frame] }
    alice.restoreNetwork()
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered" && world.relay.codes.count == 1)
  }

  @Test func enableTwiceSendsOneSMS() throws {
    let world = World()
    world.relay.codeAnswerDelay = .seconds(3)
    world.relay.codeDelay = .seconds(4)
    let alice = try device(world)
    alice.ask(.enable(number: "+919876543210"))
    world.run(.seconds(1))
    #expect(alice.state == "requesting-code")
    _ = alice.answer(to: .enable(number: "+919876543210"))
    world.run(until: { alice.isOnline })
    #expect(world.relay.codes.count == 1)
    // Nor does it when it is registered, whether or not the relay can be reached now.
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.row?.text("state") == "registered")
    alice.cutNetwork()
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.row?.text("state") == "registered")
    alice.restoreNetwork()
    world.run(until: { alice.isOnline })
    #expect(world.relay.codes.count == 1)
  }

  /// A mistyped number costs neither the registration nor the attempt that is under way.
  @Test func anotherNumberTakesItsPlaceOnlyWhenThatIsSaid() throws {
    let world = World()
    world.relay.sendsCodes = false
    let alice = try device(world)
    let other = "+919876543219"
    _ = alice.answer(to: .enable(number: "+919876543210"), limit: .seconds(90))
    #expect(alice.state == "awaiting-code" && world.relay.codes.count == 1)
    #expect(alice.answer(to: .enable(number: other))?.errorName == .otherEnabled)
    #expect(alice.state == "awaiting-code" && world.relay.codes.count == 1)
    let code = try #require(world.relay.codes.last)
    _ = alice.answer(to: .confirm(code: code))
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered")
    #expect(alice.answer(to: .enable(number: other))?.errorName == .otherEnabled)
    #expect(alice.state == "registered" && alice.handset?.status.text("number") == "+919876543210")
    _ = alice.answer(to: .enableInstead(number: other), limit: .seconds(90))
    #expect(alice.handset?.status.text("number") == other && alice.state == "awaiting-code" && world.relay.codes.count == 2)
    // With another SIM nothing is in use that could be lost.
    _ = alice.answer(to: .confirm(code: try #require(world.relay.codes.last)))
    world.run(until: { alice.isOnline })
    alice.kill()
    alice.sim = try ModemIdentity(number: PhoneNumber(e164: "+919876543211"), homeNetwork: World.home)
    alice.start()
    world.run(until: { alice.state == "sim-changed" })
    #expect(alice.answer(to: .enable(number: "+919876543211"), limit: .seconds(90))?.errorName == nil)
    #expect(alice.handset?.status.text("number") == "+919876543211")
  }

  @Test func withoutACodeItEndsInTime() throws {
    let world = World()
    world.relay.sendsCodes = false
    let alice = try device(world)
    _ = alice.answer(to: .enable(number: "+919876543210"))
    world.run(.seconds(601))
    #expect(alice.state == "failed")
    world.run(.seconds(5))
    #expect(!alice.isConnected)
  }

  @Test func aRelayThatIsNotThereIsToldAndTriedAgain() throws {
    let world = World()
    world.relay.isRunning = false
    let alice = try device(world)
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.errorName == .relayUnreachable)
    #expect(alice.notes.filter { $0.contains("can't reach the relay") }.count == 1)
    world.run(.seconds(60))
    world.relay.isRunning = true
    world.run(until: { alice.isOnline }, limit: .seconds(600))
    #expect(alice.state == "registered")
    #expect(alice.notes.filter { $0.contains("can't reach the relay") }.count == 1)
  }

  @Test func whatCanNotBeEnabledSaysWhy() throws {
    let world = World()
    let alice = try device(world)
    #expect(alice.answer(to: .enable(number: "112"))?.errorName == .badNumber)
    #expect(alice.answer(to: .enable(number: "Bob"))?.errorName == .badNumber)
    alice.hasSIM = false
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.errorName == .noSIM)
    alice.unplug()
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.errorName == .noModem)
    #expect(alice.connectCount == 0 && alice.state == "disabled" && alice.files.isEmpty)
    alice.kill()
    alice.configuration.trust = nil
    alice.start()
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.errorName == .noRelay)
  }

  @Test func theOwnNumberIsNotBroadcast() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let status = try #require(alice.handset?.publicStatus)
    #expect(status.text("state") == "registered")
    #expect(!status.contains { if case .text(let text) = $0.value { text.contains("9876543210") } else { false } })
    #expect(alice.handset?.status.text("number") == "+919876543210")
  }

  // MARK: Opting out

  @Test func disableTakesBackEverything() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let reply = alice.answer(to: .disable)
    #expect(reply?.row?.text("state") == "disabled")
    #expect(reply?.row?.text("message") == nil)
    #expect(alice.files.isEmpty)
    #expect(world.relay.store.count == 1)
    world.run(.seconds(5))
    #expect(!alice.isConnected)
    let connects = alice.connectCount
    #expect(alice.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier disabled sent")
    // Others find nobody.
    #expect(bob.messenger.sent("And back", to: alice.number.e164).hasSucceeded)
    #expect(bob.record(.outgoing)?.summary == "carrier unknown-recipient sent")
    world.run(.seconds(7200))
    alice.restoreNetwork()
    alice.unplug()
    alice.plugIn()
    alice.kill()
    alice.start()
    world.run(.seconds(7200))
    #expect(alice.connectCount == connects)
  }

  @Test func disableWorksWithoutTheRelay() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    alice.isBlackHole = true
    let call = alice.ask(.disable)
    #expect(alice.files.isEmpty)
    let second = alice.ask(.disable)
    world.run(until: { alice.replies[call] != nil }, limit: .seconds(5))
    #expect(alice.replies[call]?.row?.text("message") != nil)
    #expect(alice.replies[second] != nil)
    world.run(.seconds(60))
    #expect(!alice.isConnected)
  }

  @Test func nothingIsKeptOfWhatComesWhileTheRelayIsTold() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // A look-up of someone new is under way, and a text.
    let lookUp = alice.ask(.lookUp(numbers: ["+447700900123"]))
    world.run(.milliseconds(20))
    let sending = bob.messenger.send("Late", to: alice.number.e164)
    world.run(.milliseconds(20))
    alice.ask(.disable)
    #expect(alice.replies[lookUp]?.errorName == .notEnabled)
    world.run(until: { sending.isFinished })
    world.run(.seconds(5))
    #expect(alice.files.isEmpty)
    // It came by carrier or not at all by IP, but it came once.
    #expect(alice.messenger.texts == ["+919876500000: Late"])
  }

  @Test func disableWhileEnablingLeavesNothingBehind() throws {
    let world = World()
    let alice = try device(world)
    for pause in stride(from: 0, through: 400, by: 20) {
      let enable = alice.ask(.enable(number: "+919876543210"))
      world.run(.milliseconds(Int64(pause)))
      let disable = alice.ask(.disable)
      world.run(until: { alice.replies[disable] != nil && alice.replies[enable] != nil }, limit: .seconds(20))
      #expect(alice.replies[enable] != nil && alice.replies[disable] != nil)
      let again = alice.ask(.enable(number: "+919876543210"))
      world.run(.milliseconds(Int64(pause) / 2))
      _ = alice.answer(to: .disable)
      world.run(.seconds(4))
      #expect(alice.replies[again] != nil)
      #expect(alice.state == "disabled" && alice.files.isEmpty && !alice.isConnected, "pause \(pause)")
      let connects = alice.connectCount
      world.run(.seconds(600))
      #expect(alice.connectCount == connects, "pause \(pause)")
    }
  }

  @Test func afterDisableItCanBeEnabledAgain() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    _ = alice.answer(to: .disable)
    _ = alice.answer(to: .enable(number: "+919876543210"))
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered")
    #expect(bob.messenger.sent("Again", to: alice.number.e164).hasSucceeded)
    #expect(bob.record(.outgoing)?.summary == "ip recipient-online delivered")
  }
}
