import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Things break while a message is on its way. It arrives all the same, and is shown once.
@Suite struct FallbackTests {
  private let text = "+919876543210: Hello"

  @Test func theRelayIsLostMidSend() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Bob's answer never reaches Alice: her network goes while the message is with him.
    let sending = alice.messenger.send("Hello", to: bob.number.e164)
    world.run(until: { bob.spool.count == 1 })
    alice.cutNetwork()
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    world.run(.seconds(10))
    #expect(bob.messenger.texts == [text])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered", "carrier - duplicate"])
    #expect(bob.modem.storedMessages(in: .nv).isEmpty)
    // At once, not after the time-out.
    let took = try #require(sending.took)
    #expect(took < .seconds(1))
  }

  @Test func theRelayDiesMidSend() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let sending = alice.messenger.send("Hello", to: bob.number.e164)
    world.run(.milliseconds(30))
    alice.cutNetwork()
    bob.cutNetwork()
    world.run(until: { sending.isFinished })
    world.run(.seconds(5))
    #expect(sending.hasSucceeded && bob.messenger.texts == [text])
    #expect(alice.records.count == 1 && alice.records[0].route == .carrier)
  }

  @Test func aBlackHoleIsTimedOutAndRevoked() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.isBlackHole = true
    let sending = alice.messenger.sent("Hello", to: bob.number.e164)
    let took = try #require(sending.took)
    #expect(sending.hasSucceeded && took < .seconds(7))
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    world.run(.seconds(10))
    #expect(world.relay.hub.pendingMessageCount == 0)
    #expect(bob.messenger.texts == [text])
  }

  @Test func aCopyThatComesByIPAfterTheCarriersIsNotShown() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Bob's half of the connection stalls; what the relay sent comes eight seconds late, before the revocation.
    var held: [ServerFrame] = []
    world.relay.toDevice = { device, frame in
      guard device === bob else { return [frame] }
      switch frame.message {
      case .incoming, .revoked:
        held.append(frame)
        return []
      default: return [frame]
      }
    }
    let sending = alice.messenger.sent("Hello", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    world.run(.seconds(2))
    #expect(bob.messenger.texts == [text])
    world.relay.toDevice = { _, frame in [frame] }
    for frame in held { world.relay.push(frame, to: bob) }
    world.run(.seconds(5))
    #expect(bob.messenger.texts == [text])
    #expect(bob.records.map(\.summary) == ["carrier - delivered", "ip recipient-online duplicate"])
    #expect(bob.spool.isEmpty)
  }

  @Test func aFallbackFasterThanTheDiskIsShownOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.diskIsSlow = true
    let sending = alice.messenger.sent("Hello", to: bob.number.e164)
    world.run(.seconds(5))
    #expect(sending.hasSucceeded && bob.messenger.texts == [text])
    bob.finishWrites()
    world.run(.seconds(5))
    #expect(bob.messenger.texts == [text] && bob.spool.isEmpty)
    #expect(bob.records.map(\.summary) == ["carrier - delivered", "ip recipient-online duplicate"])
  }

  @Test func whatASecondRunFindsTakenIsGivenBack() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    for _ in 0..<12 {
      alice.kill()
      alice.start()
      alice.messenger.start()
      world.run(until: { alice.messenger.isReady })
      #expect(alice.messenger.isReady)
      world.run(.seconds(40))
    }
    // The messenger's, and the daemon's own.
    #expect(alice.modem.allocatedClientIDs(of: .wms).count <= 2)
  }

  @Test func theSameWordsAgainAreAnotherText() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.cutNetwork()
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    bob.restoreNetwork()
    world.run(until: { bob.isOnline })
    world.run(.seconds(180))
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(5))
    #expect(alice.records.map(\.route) == [.carrier, .ip, .ip])
    #expect(bob.messenger.texts.count == 3)
  }

  /// So soon after the carrier's, nobody can tell them from that message held back: the carrier brings them, too.
  @Test(arguments: [0, 1, 20, 60, 110]) func theSameWordsSoonAfterTheCarriersGoByCarrierToo(seconds: Int) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.cutNetwork()
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    bob.restoreNetwork()
    world.run(until: { bob.isOnline })
    world.run(.seconds(seconds))
    for _ in 0..<3 { #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded) }
    #expect(alice.messenger.sent("Other words", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(30))
    #expect(alice.records.map(\.route) == [.carrier, .carrier, .carrier, .carrier, .ip])
    #expect(bob.messenger.texts.count == 5)
    #expect(bob.records.filter { $0.outcome == .delivered }.count == 5)
  }

  @Test func aRefusedTextIsNotTakenForTheCopyOfAnEarlierOne() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(10))
    bob.diskIsFull = true
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.route == .carrier)
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: ok", "+919876543210: ok"])
  }

  @Test func theSameWordsByCarrierMinutesAfterIPAreAnotherText() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    bob.cutNetwork()
    world.run(.seconds(120))
    #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(10))
    #expect(alice.records.map(\.route) == [.ip, .carrier])
    #expect(bob.messenger.texts.count == 2)
  }

  @Test func aMessageRevokedBeforeItWasStoredIsNotShownByIP() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Bob does not know Alice's token, and can't get it in time.
    bob.files[.tokens] = nil
    bob.kill()
    bob.start()
    bob.messenger.start()
    world.relay.fromDevice = { device, frame in
      if device === bob, case .evaluateTokens = frame.message { [] } else { [frame] }
    }
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(20))
    #expect(bob.messenger.texts == [text])
    #expect(bob.records.map(\.summary).sorted() == ["carrier - delivered", "ip recipient-online revoked"])
  }

  @Test func theCarriersCopyIsKnownAfterARestart() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Bob's daemon dies right after the message is on his disk, and is back before the carrier has brought the copy.
    world.carrier.add(CarrierRule(effect: .delay(.seconds(5))))
    let sending = alice.messenger.send(
      String(repeating: "Three parts of text go here. ", count: 14), to: bob.number.e164)
    world.run(until: { !bob.spool.isEmpty })
    bob.kill()
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded && sending.partCount == 3)
    world.run(.seconds(1))
    bob.start()
    bob.messenger.start()
    world.run(.seconds(60))
    #expect(bob.messenger.texts.count == 1)
    #expect(bob.records.last?.summary == "carrier - duplicate")
  }

  @Test func theSpoolSurvivesARestart() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.messenger.quit()
    for index in 0..<3 { #expect(alice.messenger.sent("Text \(index)", to: bob.number.e164).hasSucceeded) }
    #expect(bob.spool.count == 3 && bob.messenger.texts.isEmpty)
    bob.kill()
    // One file was damaged meanwhile.
    let broken = try #require(bob.spool.keys.min())
    bob.spool[broken] = SpooledMessage(id: broken, octets: [0xFF, 0x01])
    bob.start()
    bob.messenger.start()
    world.run(until: { bob.messenger.isReady })
    world.run(.seconds(1))
    #expect(bob.messenger.texts == ["+919876543210: Text 1", "+919876543210: Text 2"])
    #expect(bob.notes.contains { $0.contains("can't be read; it is kept as") })
    #expect(bob.damagedSpool == [SpooledMessage.damagedFileName(of: broken)])
    // What comes now takes no index of those that are there.
    world.run(until: { bob.isOnline })
    #expect(alice.messenger.sent("Text 3", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(bob.messenger.texts.last == "+919876543210: Text 3" && bob.spool.count == 3)
  }

  @Test func aTagIsKept() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    let location = try #require(bob.messenger.received.first?.location)
    bob.messenger.tag(location, .receivedRead)
    world.run(.seconds(1))
    let file = try #require(bob.spool.values.first)
    #expect(try file.decoded().message.tag == .receivedRead)
    // When it can't be written, the message stays.
    bob.diskIsFull = true
    bob.messenger.tag(location, .receivedUnread)
    world.run(.seconds(1))
    #expect(bob.spool.count == 1)
  }

  @Test func aFullDiskSendsTheMessageByCarrier() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.diskIsFull = true
    let sending = alice.messenger.sent("Hello", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    let took = try #require(sending.took)
    #expect(took < .seconds(2))
    world.run(.seconds(5))
    #expect(bob.messenger.texts == [text])
    #expect(bob.records.map(\.summary) == ["carrier - delivered"])
  }

  @Test func aStaleKeyIsReplacedOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("First", to: bob.number.e164).hasSucceeded)
    // A new session, a new key; Alice remembers the old one.
    bob.cutNetwork()
    bob.restoreNetwork()
    world.run(until: { bob.isOnline })
    let sending = alice.messenger.sent("Second", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    #expect(alice.records.map(\.summary) == Array(repeating: "ip recipient-online delivered", count: 2))
    world.run(.seconds(1))
    #expect(bob.messenger.texts.count == 2)
  }

  @Test func aRecipientThatAlwaysSaysStaleIsGivenUp() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var deliveries = 0
    world.relay.fromDevice = { device, frame in
      if device === alice, case .deliver = frame.message { deliveries += 1 }
      if device === bob, case .acknowledge(let id, _) = frame.message {
        return [ClientFrame(request: nil, message: .refuse(id, .staleKeyPackage))]
      }
      return [frame]
    }
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(deliveries == 2)
    #expect(alice.records.map(\.route) == [.carrier])
  }

  @Test func theKeyIsRenewedWithoutLosingAMessage() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    for _ in 0..<3 {
      world.run(.seconds(12 * 3600))
      #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
      #expect(alice.records.last?.summary == "ip recipient-online delivered")
    }
    // Right around the change.
    for _ in 0..<40 {
      world.run(.seconds(5))
      #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
      #expect(alice.records.last?.summary == "ip recipient-online delivered")
    }
  }

  @Test func aRelayThatDoesNotTakeTheKeyIsAskedAgain() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    var refusals = 2
    world.relay.fromDevice = { device, frame in
      guard case .publishKeyPackage = frame.message, refusals > 0 else { return [frame] }
      refusals -= 1
      return []
    }
    alice.start()
    world.run(.seconds(300))
    #expect(alice.isOnline)
  }

  // MARK: The modem

  @Test func theModemIsUnpluggedAndComesBack() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.unplug()
    world.run(.seconds(2))
    #expect(bob.messenger.closeCount == 1 && !bob.isOnline)
    #expect(alice.messenger.sent("While away", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "carrier recipient-offline sent")
    bob.plugIn()
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    world.run(.seconds(90))
    #expect(alice.messenger.sent("Back", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: While away", "+919876543210: Back"])
  }

  @Test func aModemThatWouldNotOpenIsTriedAgain() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    alice.openFailure = "permission denied"
    alice.start()
    world.run(.seconds(600))
    #expect(alice.openCount > 5 && alice.openCount < 20)
    #expect(alice.notes.filter { $0.contains("can't be opened") }.count == 1)
    alice.openFailure = nil
    world.run(until: { alice.isOnline }, limit: .seconds(62))
    #expect(alice.isOnline)
    // Nobody tells of a device that was there all the time.
    alice.unplug()
    alice.modem.plugIn(now: world.now)
    world.run(until: { alice.isOnline }, limit: .seconds(10))
    #expect(alice.isOnline)
  }

  @Test func aModemIsLeftAloneWhenNotEnabled() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.openFailure = "no such device"
    alice.start()
    world.run(.seconds(600))
    #expect(alice.openCount == 0)
  }

  @Test func theModemGoesWhileAMessageIsOnItsWay() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let long = String(repeating: "Three parts of text go here. ", count: 14)
    for pause in stride(from: 1, through: 100, by: 9) {
      let count = bob.messenger.texts.count
      let sending = alice.messenger.send(long + "\(pause)", to: bob.number.e164)
      world.run(.milliseconds(Int64(pause)))
      alice.unplug()
      world.run(.seconds(1))
      alice.plugIn()
      alice.messenger.start()
      world.run(until: { alice.isOnline && alice.messenger.isReady })
      world.run(.seconds(120))
      // The client was cut off and does not know; whatever was answered with success goes out. One whole text or a part of it.
      #expect(bob.messenger.texts.count - count <= 1, "pause \(pause)")
      if !sending.responses.isEmpty { #expect(alice.records.last?.parts == 3) }
    }
    #expect(alice.handset?.outgoing.isEmpty == true)
  }

  // MARK: The daemon's end

  @Test func shutdownSendsWhatIsHeld() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let long = String(repeating: "Three parts of text go here. ", count: 14)
    let submits = try MessageComposer.submits(text: long, to: SMSAddress(bob.number), reference: 9)
    // Two of three parts are held.
    let sending = alice.messenger.send(Array(submits.prefix(2)))
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded && world.carrier.records.isEmpty)
    alice.tell { $0.beginShutdown(now: $1) }
    world.run(until: { alice.handset?.isShutDown == true }, limit: .seconds(5))
    #expect(alice.handset?.isShutDown == true)
    world.run(.milliseconds(50))
    #expect(world.carrier.records.filter { $0.kind == .submit }.count == 2)
    #expect(alice.records.count == 1 && alice.records[0].cause != nil)
    #expect(!world.relay.isOnline(alice.number))
    #expect(alice.answer(to: .enable(number: "+919876543210"))?.errorName == .busy)
  }

  @Test func shutdownMidSendUsesTheCarrier() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.isBlackHole = true
    let sending = alice.messenger.send("Hello", to: bob.number.e164)
    world.run(.milliseconds(200))
    alice.tell { $0.beginShutdown(now: $1) }
    world.run(until: { alice.handset?.isShutDown == true }, limit: .seconds(5))
    #expect(sending.hasSucceeded)
    #expect(alice.records.map(\.route) == [.carrier])
    #expect(alice.handset?.isShutDown == true)
  }

  @Test func disableMidSendUsesTheCarrier() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.isBlackHole = true
    let sending = alice.messenger.send("Hello", to: bob.number.e164)
    let long = String(repeating: "Three parts of text go here. ", count: 14)
    let submits = try MessageComposer.submits(text: long, to: SMSAddress(bob.number), reference: 9)
    let held = alice.messenger.send(Array(submits.prefix(2)))
    world.run(.milliseconds(200))
    #expect(held.isFinished && !sending.isFinished)
    alice.ask(.disable)
    world.run(.seconds(2))
    #expect(sending.hasSucceeded)
    #expect(world.carrier.records.filter { $0.kind == .submit }.count == 3)
    // The rest of the long one might still come.
    world.run(.seconds(60))
    #expect(alice.records.count == 2)
  }

  // MARK: The clock

  @Test func aClockSetAfterTheStartRenewsTheKey() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Bob's clock says 1970 until the network sets it.
    bob.kill()
    bob.clockOffset = -World.wallStart
    bob.start()
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    #expect(alice.messenger.sent("Early", to: bob.number.e164).hasSucceeded)
    bob.clockOffset = 0
    world.run(.seconds(1000))
    #expect(alice.messenger.sent("Late", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.last?.summary == "ip recipient-online delivered")
    world.run(.seconds(5))
    #expect(bob.messenger.texts.count == 2)
  }
}
