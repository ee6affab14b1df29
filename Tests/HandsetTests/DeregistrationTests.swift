import QMI
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A person whose device is gone ends its registration from any handset, by proving the number again.
@Suite struct DeregistrationTests {
  /// A handset that is not enabled, with its messaging program.
  private func helper(_ world: World, _ number: String = "+447700900123") throws -> Device {
    let device = try Device(world, number)
    device.start()
    device.messenger.start()
    world.run(until: { device.messenger.isReady })
    return device
  }

  @Test func fromAHandsetThatIsNotEnabledByATypedCode() throws {
    let world = World()
    let (lost, bob) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    #expect(helper.connectCount == 0)
    let reply = helper.answer(to: .deregister(number: lost.number.e164))
    #expect(reply?.row?.text("deregistration") == "awaiting-code" && reply?.row?.text("state") == "disabled")
    #expect(helper.isConnected)
    // Others hear how far it is, but not of whom.
    let told = try #require(helper.handset?.publicStatus)
    #expect(told.text("deregistration") == "awaiting-code")
    #expect(!told.contains { if case .text(let text) = $0.value { text.contains("9876543210") } else { false } })
    // A wrong code is another try.
    #expect(helper.answer(to: .confirm(code: "AAAAAAAA"))?.errorName == .badCode)
    #expect(world.relay.registration(of: lost.number) != nil)
    // There is time to find the phone that the SIM is in now.
    world.run(.seconds(300))
    let code = try #require(world.relay.codes.last)
    #expect(helper.answer(to: .confirm(code: code.lowercased()))?.row?.text("deregistration") == "done")
    #expect(world.relay.registration(of: lost.number) == nil)
    // The socket is closed, nothing was written, and nothing is opened again.
    world.run(.seconds(2))
    #expect(!helper.isConnected && helper.files.isEmpty && helper.state == "disabled")
    let connects = helper.connectCount
    helper.restoreNetwork()
    world.run(.seconds(7200))
    #expect(helper.connectCount == connects)
    // The lost device is told, and sends by carrier.
    #expect(lost.state == "failed" && !lost.isConnected)
    #expect(lost.handset?.status.text("message")?.contains("ended by somebody who proved the number") == true)
    #expect(lost.messenger.sent("Hi", to: bob.number.e164).hasSucceeded)
    #expect(lost.record(.outgoing)?.summary == "carrier not-registered sent")
    #expect(bob.messenger.sent("Where are you?", to: lost.number.e164).hasSucceeded)
    #expect(bob.record(.outgoing)?.summary == "carrier unknown-recipient sent")
  }

  /// The SIM was taken out of the broken phone: its messages come here now.
  @Test func theCodeIsCaughtWhenTheSIMIsHere() throws {
    let world = World()
    let helper = try helper(world, "+919876543210")
    let registration = RelayRegistration(
      identity: IdentityPublicKey(using: &world.generator), token: TestRelay.token(helper.number),
      generation: TestRelay.generation, registered: 0, expires: .max >> 1)
    world.relay.store[registration.token] = registration
    world.relay.codeDelay = .seconds(2)
    let call = helper.ask(.deregister(number: helper.number.e164))
    // Nothing but the code is taken from the inbox, and texts go out as ever.
    world.inject("Hello", from: "+447700900124", to: helper)
    #expect(helper.messenger.sent("Hi", to: "+919876500000").hasSucceeded)
    world.run(until: { helper.handset?.status.text("deregistration") == "done" })
    #expect(helper.replies[call]?.row?.text("deregistration") == "awaiting-code")
    #expect(world.relay.store.isEmpty && world.relay.codes.count == 1)
    world.run(.seconds(5))
    #expect(helper.messenger.texts == ["+447700900124: Hello"])
    #expect(helper.modem.storedMessages(in: .nv).count == 1)
    #expect(helper.records.map(\.summary) == ["carrier disabled sent"])
    #expect(!helper.isConnected && helper.files.isEmpty)
    // The exchange is over: such a text is an ordinary one again.
    world.inject("Shunt code: AAAAAAAA", from: "+15550100", to: helper)
    world.run(.seconds(5))
    #expect(helper.messenger.texts.last == "+15550100: Shunt code: AAAAAAAA")
  }

  @Test func aRegisteredHandsetKeepsItsOwn() throws {
    let world = World()
    let (lost, bob) = try Device.pair(world)
    world.relay.sendsCodes = false
    let connects = bob.connectCount
    #expect(bob.answer(to: .deregister(number: lost.number.e164))?.row?.text("deregistration") == "awaiting-code")
    let code = try #require(world.relay.codes.last)
    #expect(bob.answer(to: .confirm(code: code))?.row?.text("deregistration") == "done")
    #expect(world.relay.registration(of: lost.number) == nil)
    world.run(.seconds(5))
    #expect(bob.isOnline && bob.state == "registered" && bob.connectCount == connects)
    #expect(lost.state == "failed")
    // Its own is not ended by accident.
    #expect(bob.answer(to: .deregister(number: bob.number.e164))?.errorName == .badNumber)
    #expect(bob.state == "registered")
  }

  /// With another SIM the device is not online by its registration, and does not become so.
  @Test func aDeviceWithAnotherSIMIsNotOnlineForIt() throws {
    let world = World()
    let (lost, bob) = try Device.pair(world)
    bob.kill()
    bob.sim = try ModemIdentity(number: PhoneNumber(e164: "+919876511111"), homeNetwork: World.home)
    bob.start()
    world.run(until: { bob.state == "sim-changed" })
    world.relay.sendsCodes = false
    #expect(bob.answer(to: .deregister(number: lost.number.e164))?.row?.text("deregistration") == "awaiting-code")
    #expect(!world.relay.isOnline(bob.number) && bob.handset?.link.isReady == false)
    let code = try #require(world.relay.codes.last)
    #expect(bob.answer(to: .confirm(code: code))?.row?.text("deregistration") == "done")
    world.run(.seconds(5))
    #expect(!bob.isConnected && bob.state == "sim-changed" && world.relay.registration(of: bob.number) != nil)
  }

  @Test func withoutACodeItEndsInTime() throws {
    let world = World()
    let (lost, _) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    // However long the relay would have it connected.
    world.relay.toDevice = { _, frame in
      guard case .codeSent = frame.message else { return [frame] }
      return [ServerFrame(request: frame.request, message: .codeSent(lifetimeSeconds: .max))]
    }
    _ = helper.answer(to: .deregister(number: lost.number.e164))
    world.run(.seconds(590))
    #expect(helper.isConnected)
    world.run(.seconds(15))
    #expect(!helper.isConnected && helper.handset?.status.text("deregistration") == "failed")
    #expect(helper.handset?.status.text("deregistration_message") == "no verification code came in time")
    #expect(helper.answer(to: .confirm(code: "AAAAAAAA"))?.errorName == .notAwaitingCode)
    #expect(lost.state == "registered")
  }

  /// A handset that is not enabled does not go on trying.
  @Test func aRelayThatIsNotThereEndsIt() throws {
    let world = World()
    world.relay.isRunning = false
    let helper = try helper(world)
    #expect(helper.answer(to: .deregister(number: "+919876543210"))?.errorName == .relayUnreachable)
    #expect(helper.handset?.status.text("deregistration") == "failed")
    let connects = helper.connectCount
    world.run(.seconds(7200))
    #expect(helper.connectCount == connects && connects == 1)
    // Nor for one that takes the connection and says nothing.
    world.relay.isRunning = true
    helper.isBlackHole = true
    _ = helper.answer(to: .deregister(number: "+919876543210"))
    world.run(.seconds(120))
    #expect(!helper.isConnected && helper.handset?.status.text("deregistration") == "failed")
  }

  @Test func aSessionThatIsLostIsTakenUpAgainUntilTheCodeLapses() throws {
    let world = World()
    let (lost, _) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    _ = helper.answer(to: .deregister(number: lost.number.e164))
    helper.cutNetwork()
    world.run(.seconds(5))
    helper.restoreNetwork()
    world.run(until: { helper.handset?.relay.status == .ready })
    let code = try #require(world.relay.codes.last)
    #expect(helper.answer(to: .confirm(code: code))?.row?.text("deregistration") == "done")
    #expect(world.relay.codes.count == 1 && world.relay.registration(of: lost.number) == nil)
  }

  @Test func itDoesNotHoldUpSleepAndGoesOnAfterIt() throws {
    let world = World()
    let (lost, bob) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    for device in [helper, bob] {
      let number = device === helper ? lost.number.e164 : "+447700900124"
      _ = device.answer(to: .deregister(number: number))
      let code = try #require(world.relay.codes.last)
      device.prepareForSleep()
      #expect(world.run(until: { !device.letSleeps.isEmpty }, limit: .seconds(2)))
      world.run(.seconds(60))
      #expect(!device.isConnected)
      device.resume()
      world.run(until: { device.handset?.relay.status == .ready })
      #expect(device.answer(to: .confirm(code: code))?.row?.text("deregistration") == "done")
    }
    #expect(world.relay.registration(of: lost.number) == nil)
    #expect(bob.state == "registered")
  }

  @Test func anAnswerThatIsLostIsNotTakenForDone() throws {
    let world = World()
    let (lost, _) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    _ = helper.answer(to: .deregister(number: lost.number.e164))
    world.relay.toDevice = { device, frame in device === helper && frame.message == .done ? [] : [frame] }
    let code = try #require(world.relay.codes.last)
    #expect(helper.answer(to: .confirm(code: code))?.errorName == .relayUnreachable)
    #expect(helper.handset?.status.text("deregistration") == "failed")
    world.run(.seconds(5))
    #expect(!helper.isConnected)
  }

  @Test func enablingAndDeregisteringWaitForEachOther() throws {
    let world = World()
    let (lost, _) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    _ = helper.answer(to: .deregister(number: lost.number.e164))
    #expect(helper.answer(to: .enable(number: helper.number.e164))?.errorName == .busy)
    #expect(helper.answer(to: .deregister(number: "+919876500000"))?.errorName == .busy)
    // The same once more is no second code.
    #expect(helper.answer(to: .deregister(number: lost.number.e164))?.row?.text("deregistration") == "awaiting-code")
    #expect(world.relay.codes.count == 1 && helper.files.isEmpty)
    // The person may think better of it.
    #expect(helper.answer(to: .disable)?.row?.text("deregistration") == nil)
    world.run(.seconds(2))
    #expect(!helper.isConnected && lost.state == "registered")
    _ = helper.answer(to: .enable(number: helper.number.e164))
    #expect(helper.state == "awaiting-code")
    #expect(helper.answer(to: .deregister(number: lost.number.e164))?.errorName == .busy)
    let code = try #require(world.relay.codes.last)
    #expect(helper.answer(to: .confirm(code: code))?.row?.text("state") == "registered")
  }

  @Test func theHandsetIsEnabledAfterIt() throws {
    let world = World()
    let (lost, bob) = try Device.pair(world)
    let helper = try helper(world)
    world.relay.sendsCodes = false
    _ = helper.answer(to: .deregister(number: lost.number.e164))
    _ = helper.answer(to: .confirm(code: try #require(world.relay.codes.last)))
    world.relay.sendsCodes = true
    _ = helper.answer(to: .enable(number: helper.number.e164))
    world.run(until: { helper.isOnline })
    #expect(helper.state == "registered" && helper.handset?.status.text("deregistration") == nil)
    #expect(helper.messenger.sent("It works", to: bob.number.e164).hasSucceeded)
    #expect(helper.record(.outgoing)?.summary == "ip recipient-online delivered")
  }

  @Test func whatCanNotBeDeregisteredSaysWhy() throws {
    let world = World()
    let helper = try helper(world)
    #expect(helper.answer(to: .deregister(number: "112"))?.errorName == .badNumber)
    #expect(helper.answer(to: .deregister(number: "Bob"))?.errorName == .badNumber)
    // Three codes a number a day, and the relay says how long to wait.
    world.relay.sendsCodes = false
    for _ in 0..<3 {
      _ = helper.answer(to: .deregister(number: "+919876543210"))
      _ = helper.answer(to: .disable)
      world.run(.seconds(2))
    }
    guard case .error(let error)? = helper.answer(to: .deregister(number: "+919876543210")) else {
      Issue.record("a fourth code")
      return
    }
    #expect(error.name == .relayRefused && error.message.contains("try again in 24 hours"))
    world.run(.seconds(2))
    #expect(!helper.isConnected)
    helper.kill()
    helper.configuration.trust = nil
    helper.start()
    #expect(helper.answer(to: .deregister(number: "+919876543210"))?.errorName == .noRelay)
  }

  // MARK: the number proved from another device

  @Test func aNumberRegisteredElsewhereIsTakenFromTheOldDeviceOnlineOrOffline() throws {
    for isOnline in [true, false] {
      let world = World()
      let (old, bob) = try Device.pair(world)
      let new = try helper(world)
      if !isOnline { old.cutNetwork() }
      world.relay.sendsCodes = false
      _ = new.answer(to: .enable(number: old.number.e164))
      #expect(new.answer(to: .confirm(code: try #require(world.relay.codes.last)))?.row?.text("state") == "registered")
      world.run(.seconds(5))
      if !isOnline {
        #expect(old.state == "registered")
        old.restoreNetwork()
        world.run(.seconds(5))
      }
      #expect(old.state == "failed" && !old.isConnected)
      let message = try #require(old.handset?.status.text("message"))
      #expect(message.contains(isOnline ? "registered from another device" : "somebody else has proved the number"))
      // Messages reach the new device, and the old one sends none under a number that is not its own any more.
      #expect(bob.messenger.sent("To whom?", to: old.number.e164).hasSucceeded)
      #expect(bob.record(.outgoing)?.summary == "ip recipient-online delivered")
      world.run(.seconds(1))
      #expect(new.messenger.texts == ["+919876500000: To whom?"] && old.messenger.texts.isEmpty)
      #expect(old.messenger.sent("By carrier", to: bob.number.e164).hasSucceeded)
      #expect(old.record(.outgoing)?.summary == "carrier not-registered sent")
    }
  }

  // MARK: limits

  @Test func aRelayThatAsksForAWaitIsLeftAlone() throws {
    let world = World()
    world.relay.hub = RelayHub(
      certificateKeyHash: TestRelay.keyHash, generations: TestRelay.keys.generations,
      limits: {
        var limits = RelayLimits()
        limits.connectionBurstPerAddress = 1
        limits.connectionsPerAddressPerHour = 60
        return limits
      }())
    world.relay.addresses = { _ in "192.0.2.1" }
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    let bob = try Device(world, "+919876500000", isEnrolled: true)
    alice.start()
    world.run(until: { alice.isOnline })
    bob.start()
    bob.messenger.start()
    world.run(.seconds(5))
    #expect(bob.connectCount == 1 && !bob.isConnected)
    #expect(bob.handset?.status.text("message")?.contains("too many connections from this address") == true)
    #expect(bob.messenger.sent("Meanwhile", to: alice.number.e164).hasSucceeded)
    #expect(bob.record(.outgoing)?.summary == "carrier relay-unreachable sent")
    world.run(.seconds(40))
    #expect(bob.connectCount == 1)
    world.run(until: { bob.isOnline })
    #expect(bob.connectCount == 2)
  }
}
