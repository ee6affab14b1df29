import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// The carrier brings a copy of what came by IP while nobody watches the modem: it is shown once. And what is no copy is shown.
@Suite struct CopyTests {
  private static let long = String(repeating: "Three parts of text go here. ", count: 14)

  enum Absence: CaseIterable { case killed, withoutModem }

  /// Bob has the words by IP, Alice has not heard of it and uses the carrier, which takes its time.
  private func sendTwice(_ words: String, from alice: Device, to bob: Device) {
    let world = alice.world
    world.carrier.add(CarrierRule(effect: .delay(.seconds(5))))
    let sending = alice.messenger.send(words, to: bob.number.e164)
    world.run(until: { bob.messenger.texts.count == 1 })
    alice.cutNetwork()
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded && alice.records.last?.summary == "carrier no-acknowledgement sent")
  }

  private func begin(_ absence: Absence, of bob: Device) {
    switch absence {
    case .killed: bob.kill()
    case .withoutModem: bob.loseNode()
    }
  }

  private func end(_ absence: Absence, of bob: Device) {
    switch absence {
    case .killed: bob.start()
    case .withoutModem: bob.findNode()
    }
    bob.messenger.start()
    bob.world.run(until: { bob.messenger.isReady })
    bob.world.run(.seconds(10))
  }

  @Test(arguments: Absence.allCases, ["Hello", long])
  func oneThatCameMeanwhileIsFoundBeforeAClientReadsIt(absence: Absence, words: String) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    sendTwice(words, from: alice, to: bob)
    begin(absence, of: bob)
    world.run(.seconds(30))
    #expect(!bob.modem.storedMessages(in: .nv).isEmpty)
    end(absence, of: bob)
    #expect(bob.messenger.texts == ["+919876543210: \(words)"])
    #expect(bob.modem.storedMessages(in: .nv).isEmpty)
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered", "carrier - duplicate"])
  }

  @Test(arguments: [false, true]) func oneOfATextThatWasDeletedIsKnownAfterARestart(isThereBefore: Bool) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.messenger.deletesWhatItReads = true
    sendTwice(Self.long, from: alice, to: bob)
    world.run(.seconds(1))
    #expect(bob.spool.values.allSatisfy { $0.pdu?.isEmpty != false })
    bob.kill()
    if isThereBefore { world.run(.seconds(30)) }
    bob.start()
    bob.messenger.start()
    world.run(.seconds(60))
    #expect(bob.messenger.texts.isEmpty && bob.modem.storedMessages(in: .nv).isEmpty)
    #expect(bob.records.last?.summary == "carrier - duplicate")
  }

  @Test func whatIsNoCopyIsShownAndMakesNoRecord() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("By IP", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    bob.kill()
    world.inject("By carrier", from: alice.number.e164, to: bob)
    world.inject("By IP", from: "+447700900123", to: bob)
    world.run(.seconds(10))
    end(.killed, of: bob)
    #expect(
      bob.messenger.texts.sorted() == ["+447700900123: By IP", "+919876543210: By IP", "+919876543210: By carrier"])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered"])
  }

  @Test(arguments: Absence.allCases) func whatLayInTheModemBeforeIsNoCopy(absence: Absence) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    withholdConclusions(world)
    world.inject("Hello", from: alice.number.e164, to: bob)
    world.run(.seconds(86_400))
    bob.messenger.start()
    world.run(until: { alice.isOnline && bob.isOnline && bob.messenger.isReady })
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(5))
    begin(absence, of: bob)
    world.run(.seconds(5))
    end(absence, of: bob)
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
    #expect(bob.modem.storedMessages(in: .nv).count == 1)
  }

  @Test func theSameWordsMinutesLaterAreAnotherTextThoughNobodyWatched() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    bob.kill()
    world.run(.seconds(120))
    world.inject("Hello", from: alice.number.e164, to: bob)
    world.run(.seconds(1))
    end(.killed, of: bob)
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
  }

  /// As if Alice's answers to Bob's acknowledgements were lost.
  private func withholdConclusions(_ world: World) {
    world.relay.toDevice = { _, frame in
      if case .concluded = frame.message { [] } else { [frame] }
    }
  }

  @Test func theSameWordsSoonAfterByCarrierAreAnotherText() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    alice.cutNetwork()
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(5))
    #expect(alice.records.map(\.route) == [.ip, .carrier])
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
  }

  @Test(arguments: [false, true]) func theSameWordsSoonAfterAreAnotherTextThoughShuntdWasKilled(cameTwice: Bool) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    if cameTwice {
      sendTwice("Hello", from: alice, to: bob)
      world.run(.seconds(6))
      world.carrier.removeAllRules()
      #expect(bob.records.last?.summary == "carrier - duplicate")
    } else {
      #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
      world.run(.seconds(1))
      alice.cutNetwork()
    }
    bob.kill()
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    end(.killed, of: bob)
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
  }

  @Test func aCopyThatWasNotDeletedBeforeAKillIsStillOne() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    sendTwice("Hello", from: alice, to: bob)
    world.run(until: { bob.records.last?.summary == "carrier - duplicate" })
    begin(.killed, of: bob)
    #expect(!bob.modem.storedMessages(in: .nv).isEmpty)
    end(.killed, of: bob)
    #expect(bob.messenger.texts == ["+919876543210: Hello"] && bob.modem.storedMessages(in: .nv).isEmpty)
  }

  @Test func onlyTheSenderCanSayThatNoCopyWillCome() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var generator = SeededGenerator(seed: 7)
    world.relay.toDevice = { device, frame in
      guard device === bob, case .incoming(let message) = frame.message else { return [frame] }
      let lie = AcknowledgementMAC(using: &generator)
      return [frame, ServerFrame(request: nil, message: .concluded(message.messageID, lie))]
    }
    sendTwice("Hello", from: alice, to: bob)
    world.run(.seconds(30))
    #expect(bob.messenger.texts == ["+919876543210: Hello"])
  }

  @Test func whatIsKeptOfADeletedTextLastsNoLongerThanACopyMayTake() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    withholdConclusions(world)
    bob.messenger.deletesWhatItReads = true
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(bob.spool.count == 1)
    // Nothing of its words or its sender.
    #expect(bob.spool.values.allSatisfy { $0.pdu?.isEmpty == true && $0.octets.count < 110 })
    // It is removed when the link is next kept alive.
    world.run(.seconds(1_800))
    #expect(bob.spool.isEmpty)
  }

  @Test(arguments: [false, true]) func nothingIsKeptOfADeletedTextWhoseSenderKnows(deletesAtOnce: Bool) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // The app may be faster than the sender's answer to the acknowledgement.
    bob.messenger.deletesWhatItReads = deletesAtOnce
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    if !deletesAtOnce { bob.messenger.delete(try #require(bob.messenger.received.first).location) }
    world.run(.seconds(1))
    #expect(bob.spool.isEmpty)
  }

  @Test func whatTheCarrierHeldBackForLongIsNoCopyOfTheSameWordsByIP() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    withholdConclusions(world)
    world.carrier.add(CarrierRule(effect: .delay(.seconds(300))))
    world.inject("Hello", from: alice.number.e164, to: bob)
    world.run(.seconds(295))
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(30))
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
  }

  @Test func whatIsKeptOfDeletedTextsIsBounded() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    withholdConclusions(world)
    bob.messenger.deletesWhatItReads = true
    for index in 0..<Spool.erasedCapacity + 8 {
      #expect(alice.messenger.sent("Text \(index)", to: bob.number.e164).hasSucceeded)
    }
    world.run(.seconds(1))
    #expect(bob.spool.count <= Spool.erasedCapacity)
    #expect(bob.spool.values.allSatisfy { $0.pdu?.isEmpty != false })
    // A full disk keeps nothing, and the text is gone all the same.
    bob.messenger.deletesWhatItReads = false
    #expect(alice.messenger.sent("Last", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    let last = try #require(bob.messenger.received.last)
    bob.diskIsFull = true
    bob.messenger.delete(last.location)
    world.run(.seconds(1))
    #expect(bob.spool.values.allSatisfy { $0.pdu?.isEmpty != false })
  }

  @Test func whoOptsOutKeepsNothingOfDeletedTexts() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    withholdConclusions(world)
    bob.messenger.deletesWhatItReads = true
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(bob.spool.count == 1)
    bob.tell { $0.handle(.disable, HandsetCall(rawValue: 99), now: $1) }
    world.run(.seconds(10))
    #expect(bob.spool.isEmpty)
  }
}
