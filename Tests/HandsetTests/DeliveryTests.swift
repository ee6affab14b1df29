import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A message that goes by IP, as both ends see it.
@Suite struct DeliveryTests {
  @Test func aTextGoesByIPAndTheCarrierSeesNothing() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let sending = alice.messenger.sent("Hello Bob", to: bob.number.e164)
    #expect(sending.hasSucceeded)
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: Hello Bob"])
    #expect(world.carrier.records.isEmpty)
    #expect(alice.records.map(\.summary) == ["ip recipient-online delivered"])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered"])
    let out = try #require(alice.records.first)
    #expect(out.direction == .outgoing && out.attemptedIP && out.parts == 1 && out.number == bob.number.e164)
    #expect(out.ipTime != nil && out.totalTime != nil && out.cause == nil)
    let record = try #require(bob.records.first)
    #expect(record.direction == .incoming && record.number == alice.number.e164)
    // Before either knew the other's token is another test's business; here nobody was looked up.
    #expect(world.relay.evaluatedCount == 0)
  }

  @Test func whatWasReadAndDeletedIsGoneForGood() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("One", to: bob.number.e164).hasSucceeded)
    #expect(alice.messenger.sent("Two", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(bob.spool.count == 2 && bob.messenger.announcements.count == 2)
    let first = try #require(bob.messenger.received.first)
    #expect(first.location.storage == .nv)
    bob.messenger.delete(first.location)
    world.run(.seconds(1))
    #expect(bob.spool.count == 1)
    // A restarted ModemManager lists what is left.
    let again = Messenger(bob)
    again.start()
    world.run(.seconds(1))
    #expect(again.texts == ["+919876543210: Two"])
  }

  @Test func aNewNumberIsLookedUpOnce() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    let bob = try Device(world, "+919876500000", isEnrolled: true)
    for device in [alice, bob] {
      device.start()
      device.messenger.start()
    }
    world.run(until: { alice.isOnline && bob.isOnline && alice.messenger.isReady && bob.messenger.isReady })
    // In national form, as people type.
    #expect(alice.messenger.sent("First", to: "9876500000").hasSucceeded)
    #expect(alice.messenger.sent("Second", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(1))
    #expect(alice.records.map(\.summary) == Array(repeating: "ip recipient-online delivered", count: 2))
    #expect(bob.messenger.texts == ["+919876543210: First", "+919876543210: Second"])
    // Alice's of Bob, and Bob's of Alice, to check her claim.
    #expect(world.relay.evaluatedCount == 2)
    #expect(alice.files[.tokens] != nil)
  }

  @Test func aLongTextIsHeldAndDeliveredAsOne() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let text = String(repeating: "A long text in three parts. ", count: 15)
    let sending = alice.messenger.sent(text, to: bob.number.e164)
    #expect(sending.partCount == 3 && sending.hasSucceeded)
    world.run(.seconds(2))
    #expect(bob.messenger.texts == ["+919876543210: \(text)"])
    #expect(world.carrier.records.isEmpty)
    #expect(alice.records.map(\.parts) == [3] && bob.records.map(\.parts) == [3])
    // 1.20 joins parts by reference only: a wide one does not meet its own.
    let places = bob.messenger.received.compactMap { $0.deliver?.concatenation }
    let areWide = places.allSatisfy(\.isWide)
    #expect(areWide && Set(places.map(\.reference)).count == 1)
  }

  @Test func everyAlphabetArrivesAsItWasTyped() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let texts = ["€ [x] {y} ~^|\\", "नमस्ते 👋🏽 דוגמה", String(repeating: "👩‍👩‍👧‍👦", count: 30), "", "\n"]
    for text in texts { #expect(alice.messenger.sent(text, to: bob.number.e164).hasSucceeded) }
    world.run(.seconds(2))
    #expect(bob.messenger.texts == texts.map { "+919876543210: \($0)" })
    #expect(world.carrier.records.isEmpty)
  }

  @Test func aRequestedStatusReportComes() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let sending = alice.messenger.sent("Did you get it?", to: bob.number.e164, wantsReport: true)
    world.run(.seconds(2))
    let report = try #require(alice.messenger.reports.first)
    #expect(alice.messenger.reports.count == 1)
    #expect(sending.responses.last?.messageReference == UInt16(report.messageReference))
    #expect(report.recipientAddress.dialString == bob.number.e164)
    #expect(report.status == .received)
    #expect(alice.records.count == 1 && world.carrier.records.isEmpty)
  }

  @Test func anUnrequestedStatusReportDoesNotCome() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    _ = alice.messenger.sent("No report", to: bob.number.e164)
    world.run(.seconds(2))
    #expect(alice.messenger.reports.isEmpty && alice.spool.isEmpty)
  }

  @Test func manyTextsBothWaysArriveOnceAndInOrder() throws {
    let world = World(seed: 7)
    let (alice, bob) = try Device.pair(world)
    var sendings: [Messenger.Sending] = []
    for index in 0..<30 {
      sendings.append(alice.messenger.send("A\(index)", to: bob.number.e164))
      sendings.append(bob.messenger.send("B\(index)", to: alice.number.e164))
      world.run(.milliseconds(Int64(world.generator.next() % 40)))
    }
    world.run(until: { sendings.allSatisfy(\.isFinished) })
    world.run(.seconds(1))
    let allSucceeded = sendings.allSatisfy(\.hasSucceeded)
    #expect(allSucceeded)
    #expect(bob.messenger.texts.sorted() == (0..<30).map { "+919876543210: A\($0)" }.sorted())
    #expect(alice.messenger.texts.sorted() == (0..<30).map { "+919876500000: B\($0)" }.sorted())
    #expect(alice.records.count == 60 && bob.records.count == 60)
    #expect(world.carrier.records.isEmpty)
  }

  @Test func sendWorksWithoutAnyOtherClient() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    let bob = try Device(world, "+919876500000", isEnrolled: true, knows: [alice])
    try alice.learn(bob)
    for device in [alice, bob] { device.start() }
    world.run(until: { alice.isOnline && bob.isOnline })
    let text = String(repeating: "From a board without ModemManager. ", count: 8)
    let row = alice.answer(to: .send(number: bob.number.e164, text: text))?.row
    #expect(row?.text("route") == "ip" && row?.text("outcome") == "delivered" && row?.text("reason") == "recipient-online")
    // And by carrier, with the interposer's own client.
    let carrier = alice.answer(to: .send(number: "+447700900123", text: "Hi"))?.row
    #expect(carrier?.text("route") == "carrier" && carrier?.text("reason") == "unknown-recipient")
    #expect(world.carried(from: alice) == ["Hi"])
    #expect(alice.answer(to: .send(number: "call me", text: "Hi"))?.errorName == .badNumber)
    #expect(bob.spool.count == 2)
  }

  @Test func sendOpensTheModemAndSaysWhenThereIsNone() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    let row = alice.answer(to: .send(number: "+447700900123", text: "Not enabled"))?.row
    #expect(row?.text("reason") == "disabled" && row?.text("outcome") == "sent")
    alice.unplug()
    #expect(alice.answer(to: .send(number: "+447700900123", text: "No modem"))?.errorName == .noModem)
    #expect(world.carried(from: alice) == ["Not enabled"])
  }

  @Test func whatComesWhileNobodyListensIsAnnouncedToTheNext() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.messenger.quit()
    // ModemManager lists first and asks for reports then: between the two comes a text.
    let late = Messenger(bob)
    late.listsFirst = true
    late.gap = .seconds(2)
    late.start()
    world.run(.seconds(1))
    #expect(alice.messenger.sent("Early", to: bob.number.e164).hasSucceeded)
    #expect(late.texts.isEmpty)
    world.run(.seconds(2))
    #expect(late.texts == ["+919876543210: Early"])
  }

  @Test func aBoardWithoutModemManagerGetsItsCodeAndItsTexts() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    _ = alice.answer(to: .enable(number: alice.number.e164))
    world.run(until: { alice.isOnline })
    #expect(alice.state == "registered")
    // A carrier text stays in the modem for whoever asks later, and is logged.
    world.inject("For later", from: "+447700900123", to: alice)
    world.run(.seconds(5))
    #expect(alice.modem.storedMessages(in: .nv).count == 1)
    #expect(alice.records.map(\.summary) == ["carrier - delivered"])
    alice.messenger.start()
    world.run(.seconds(1))
    #expect(alice.messenger.texts == ["+447700900123: For later"])
  }
}
