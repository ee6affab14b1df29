import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Each reason of the decision log by what leads to it. Whatever the reason, the text goes out.
@Suite struct DecisionTests {
  /// Sends to somebody, and tells what was logged about it.
  private func decision(_ device: Device, to dialled: String, _ text: String = "Hello") -> String? {
    let count = device.records.count
    let sending = device.messenger.sent(text, to: dialled)
    guard sending.hasSucceeded, device.records.count == count + 1 else { return nil }
    return device.records.last?.summary
  }

  @Test func disabled() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    #expect(decision(alice, to: "+919876500000") == "carrier disabled sent")
    #expect(decision(alice, to: "112") == "carrier disabled sent")
  }

  @Test func unparsed() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    // A TP-MTI that is no SMS-SUBMIT's. The modem's answer, whatever it is, is the client's.
    let message = try #require(WMS.RawMessage(octets: [0x00, 0x02, 0x01, 0x02, 0x03]))
    let sending = alice.messenger.sendRaw(message)
    world.run(until: { sending.isFinished })
    #expect(alice.records.last?.reason == .unparsed && alice.records.last?.route == .carrier)
    #expect(alice.records.last?.number == nil && alice.records.last?.cause != nil)
  }

  @Test func emergencyAndShortCode() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    #expect(decision(alice, to: "112") == "carrier emergency sent")
    #expect(decision(alice, to: "100") == "carrier emergency sent")
    #expect(decision(alice, to: "57575") == "carrier short-code sent")
    #expect(decision(alice, to: "*123#") == "carrier short-code sent")
  }

  @Test func specialMessage() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var submit = try MessageComposer.submits(
      text: "Flash", to: SMSAddress(bob.number), reference: 1)[0]
    submit.protocolIdentifier = ProtocolIdentifier(rawValue: 0x41)
    let sending = alice.messenger.send([submit])
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded)
    #expect(alice.records.last?.summary == "carrier special-message sent")
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: Flash"])
  }

  @Test func notRegistered() throws {
    let world = World()
    world.relay.sendsCodes = false
    let alice = try Device(world, "+919876543210")
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    _ = alice.answer(to: .enable(number: alice.number.e164))
    #expect(decision(alice, to: "+919876500000") == "carrier not-registered sent")
  }

  @Test func aRegistrationThatTheRelayForgotHasLapsed() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.store = [:]
    alice.cutNetwork()
    alice.restoreNetwork()
    world.run(until: { alice.state == "failed" })
    #expect(decision(alice, to: bob.number.e164) == "carrier not-registered sent")
    world.run(.seconds(10))
    #expect(!alice.isConnected)
    // Nor does the device believe tokens of a relay that may be another one.
    #expect(alice.files[.tokens] == nil)
  }

  @Test func simChanged() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Swapped while the modem is away …
    alice.unplug()
    alice.sim = try ModemIdentity(number: PhoneNumber(e164: "+919812345678"), homeNetwork: World.home)
    alice.plugIn()
    world.run(.seconds(1))
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady && alice.state == "sim-changed" })
    #expect(decision(alice, to: bob.number.e164) == "carrier sim-changed sent")
    world.run(.seconds(5))
    #expect(!alice.isConnected && !world.relay.isOnline(alice.number))
    #expect(alice.notes.contains { $0.contains("not the one registered") })
    // … nobody else's texts come to it, and with its own SIM it goes on.
    #expect(decision(bob, to: alice.number.e164) == "carrier recipient-offline sent")
    alice.unplug()
    alice.sim = try ModemIdentity(number: alice.number, homeNetwork: World.home)
    alice.plugIn()
    world.run(until: { alice.isOnline })
    #expect(alice.isOnline)
  }

  @Test func aSIMSwappedInAnOpenModemIsNoticed() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.sim = try ModemIdentity(number: PhoneNumber(e164: "+919812345678"), homeNetwork: World.home)
    alice.tell { handset, now in
      let frame = QMIMessageBuilder(.indication, service: .uim, client: .broadcast, transaction: 0, message: 0x0032).finish()
      handset.modemIndicated(frame, now: now)
    }
    // From the first sign on, before it has been read.
    #expect(decision(alice, to: bob.number.e164, "In doubt") == "carrier sim-changed sent")
    world.run(.seconds(5))
    #expect(alice.state == "sim-changed" && !alice.isConnected)
    #expect(decision(alice, to: bob.number.e164) == "carrier sim-changed sent")
  }

  @Test func aSIMThatComesLateIsRead() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    alice.hasSIM = false
    alice.start()
    world.run(.seconds(1800))
    #expect(alice.connectCount == 0)
    // Its PIN is typed half an hour later.
    alice.hasSIM = true
    world.run(until: { alice.isOnline }, limit: .seconds(61))
    #expect(alice.isOnline)
    #expect(alice.identityReadCount < 50)
  }

  @Test func relayUnreachable() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.cutNetwork()
    #expect(decision(alice, to: bob.number.e164) == "carrier relay-unreachable sent")
    #expect(alice.records.last?.attemptedIP == false)
    alice.restoreNetwork()
    world.run(until: { alice.isOnline })
    #expect(decision(alice, to: bob.number.e164, "And again") == "ip recipient-online delivered")
  }

  @Test func aRelayThatDoesNotAnswerALookUpIsUnreachable() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { _, frame in
      if case .lookUp = frame.message { [] } else { [frame] }
    }
    #expect(decision(alice, to: bob.number.e164) == "carrier relay-unreachable sent")
    #expect(alice.records.last?.attemptedIP == false)
  }

  @Test func unknownRecipient() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    #expect(decision(alice, to: "+447700900123") == "carrier unknown-recipient sent")
    #expect(world.carried(from: alice) == ["Hello"])
  }

  @Test func recipientOffline() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.cutNetwork()
    #expect(decision(alice, to: bob.number.e164) == "carrier recipient-offline sent")
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: Hello"])
    // One that was reachable a moment ago, whose key is still remembered.
    bob.restoreNetwork()
    world.run(until: { bob.isOnline })
    #expect(decision(alice, to: bob.number.e164, "And again") == "ip recipient-online delivered")
    bob.cutNetwork()
    #expect(decision(alice, to: bob.number.e164) == "carrier recipient-offline sent")
  }

  @Test func keyChanged() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, to: bob.number.e164) == "ip recipient-online delivered")
    _ = bob.answer(to: .disable)
    _ = bob.answer(to: .enable(number: bob.number.e164))
    world.run(until: { bob.isOnline })
    #expect(decision(alice, to: bob.number.e164, "To whoever that is") == "carrier key-changed sent")
    world.run(.seconds(2))
    #expect(bob.messenger.texts.count == 2)
  }

  @Test func relayRejected() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // A message of 120 parts does not fit a frame.
    let text = String(repeating: "0123456789", count: 153 * 12)
    let sending = alice.messenger.send(text, to: bob.number.e164)
    world.run(until: { sending.isFinished }, limit: .seconds(120))
    #expect(sending.partCount == 120 && sending.hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier relay-rejected sent"])
    #expect(alice.records.map(\.parts) == [120])
    world.run(.seconds(30))
    #expect(world.carrier.records.filter { $0.kind == .submit }.count == 120)
    // And one that the relay limits.
    world.relay.fromDevice = { device, frame in
      guard case .deliver = frame.message else { return [frame] }
      world.relay.push(
        ServerFrame(
          request: frame.request,
          message: .failure(RelayFailure(code: .limit, text: "too many", retryAfterSeconds: 5))), to: device)
      return []
    }
    #expect(decision(alice, to: bob.number.e164) == "carrier relay-rejected sent")
  }

  @Test func noAcknowledgement() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { _, frame in
      if case .acknowledge = frame.message { [] } else { [frame] }
    }
    let sending = alice.messenger.sent("Hello", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    let record = try #require(alice.records.last)
    #expect(record.summary == "carrier no-acknowledgement sent" && record.attemptedIP)
    let took = try #require(sending.took)
    #expect(took >= .seconds(6) && took < .seconds(7))
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: Hello"])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered", "carrier - duplicate"])
  }

  @Test func aCarrierThatRefusesTellsTheClient() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    world.carrier.add(CarrierRule(effect: .reject(RPCause(rawValue: 38), failureCause: nil)))
    let sending = alice.messenger.sent("Hello", to: "+447700900123")
    #expect(!sending.hasSucceeded && sending.error != QMIError.none)
    #expect(alice.records.last?.summary == "carrier unknown-recipient failed")
    #expect(alice.records.last?.cause?.contains("38") == true)
  }

  @Test func aLongTextToTheCarrierGoesPartByPart() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let text = String(repeating: "A long text in three parts. ", count: 15)
    #expect(decision(alice, to: "57575", text) == "carrier short-code sent")
    #expect(alice.records.last?.parts == 3)
    // Of one whose recipient turns out unknown, the held parts follow in order.
    #expect(decision(alice, to: "+447700900123", text) == "carrier unknown-recipient sent")
    world.run(.seconds(1))
    let parts = world.carrier.records.filter { $0.kind == .submit && $0.recipient == "+447700900123" }
    #expect(parts.compactMap { $0.part?.number } == [1, 2, 3])
  }

  @Test func anIncomingLongCarrierTextIsOneRecord() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let text = String(repeating: "A long text in three parts. ", count: 15)
    world.inject(text, from: "+447700900123", to: alice)
    world.run(.seconds(10))
    #expect(alice.messenger.texts == ["+447700900123: \(text)"])
    #expect(alice.records.map(\.summary) == ["carrier - delivered"])
    #expect(alice.records.map(\.parts) == [3])
  }
}
