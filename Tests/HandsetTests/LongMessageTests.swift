import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Concatenated messages, as both ends see them: one decision, all or nothing.
@Suite struct LongMessageTests {
  private static let long = String(repeating: "Three parts of text go here. ", count: 14)

  private static func letter(_ number: Int) -> UInt8 { UInt8(ascii: "a") + UInt8(number % 26) }

  private func parts(_ text: String, to number: PhoneNumber, reference: UInt16 = 9) throws -> [SMSSubmit] {
    try MessageComposer.submits(text: text, to: SMSAddress(number), reference: reference)
  }

  @Test func twoClientsSendAtTheSameTimeUnderOneReference() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let other = Messenger(alice)
    other.start()
    world.run(until: { other.isReady })
    let texts = ["First: \(Self.long)", "Second: \(Self.long)"]
    let sendings = try zip([alice.messenger, other], texts).map { $0.send(try parts($1, to: bob.number)) }
    world.run(until: { sendings.allSatisfy(\.isFinished) })
    world.run(.seconds(2))
    #expect(sendings.map(\.hasSucceeded) == [true, true])
    #expect(bob.messenger.texts.sorted() == texts.map { "+919876543210: \($0)" })
    #expect(alice.records.map(\.summary) == Array(repeating: "ip recipient-online delivered", count: 2))
    #expect(alice.records.map(\.parts) == [3, 3] && world.carrier.records.isEmpty)
    // Joined by reference alone, as 1.20 does, they are still two.
    #expect(Set(bob.messenger.received.compactMap { $0.deliver?.concatenation?.reference }).count == 2)
  }

  @Test(arguments: [[3, 1, 2], [2, 3, 1], [1, 1, 2, 2, 3], [3, 2, 3, 1]])
  func partsInAnyOrderOrRepeatedArriveAsOne(order: [Int]) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try parts(Self.long, to: bob.number)
    let sending = alice.messenger.send(order.map { submits[$0 - 1] })
    world.run(until: { sending.isFinished })
    world.run(.seconds(120))
    #expect(sending.hasSucceeded && bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(alice.records.map(\.summary) == ["ip recipient-online delivered"] && world.carrier.records.isEmpty)
    #expect(bob.records.count == 1)
  }

  @Test func aLastPartRepeatedWhileItWaitsIsNoOtherMessage() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.isBlackHole = true
    let submits = try parts(Self.long, to: bob.number)
    let sending = alice.messenger.send(submits)
    world.run(.seconds(3))
    #expect(sending.responses.count == 2)
    let impatient = alice.messenger.send([submits[2]])
    bob.isBlackHole = false
    world.run(until: { sending.isFinished && impatient.isFinished })
    world.run(.seconds(120))
    #expect(sending.hasSucceeded && impatient.hasSucceeded)
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(alice.records.count == 1)
    #expect(world.carrier.records.filter { $0.kind == .submit }.compactMap { $0.part?.number } == [1, 2, 3])
  }

  @Test func theRestOfABrokenOffMessageIsNotCalledSentBeforeItIs() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try parts(Self.long, to: bob.number)
    let beginning = alice.messenger.send(Array(submits.prefix(1)))
    // Asleep between two parts, say.
    world.run(.seconds(125))
    #expect(beginning.hasSucceeded && alice.records.map(\.route) == [.carrier])
    let rest = alice.messenger.send(Array(submits.dropFirst()))
    world.run(until: { rest.isFinished })
    #expect(rest.hasSucceeded)
    #expect(world.carrier.records.filter { $0.kind == .submit }.compactMap { $0.part?.number } == [1, 2, 3])
    // What begins with a first part is another message, under whatever reference.
    world.run(.seconds(125))
    let again = alice.messenger.send(submits)
    world.run(until: { again.isFinished })
    #expect(again.hasSucceeded && alice.records.last?.route == .ip)
    #expect(alice.handset?.brokenOff.count ?? 99 <= BrokenOffMessages.capacity)
  }

  @Test func withoutItsLastPartItGoesByCarrierAfterAMinute() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try parts(Self.long, to: bob.number)
    let sending = alice.messenger.send(Array(submits.prefix(2)))
    world.run(.seconds(59))
    #expect(sending.hasSucceeded && world.carrier.records.isEmpty && alice.records.isEmpty)
    world.run(.seconds(2))
    #expect(world.carrier.records.filter { $0.kind == .submit }.compactMap { $0.part?.number } == [1, 2])
    // What the carrier had taken is there; the last may still come, and goes where the others went.
    world.run(.seconds(10))
    let last = alice.messenger.send([submits[2]])
    world.run(until: { last.isFinished })
    world.run(.seconds(10))
    #expect(last.hasSucceeded && bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(alice.records.map(\.summary) == ["carrier unparsed sent"])
    #expect(alice.records.first?.cause == "not all parts came in time" && alice.records.first?.parts == 3)
  }

  @Test func twoHundredFiftyFivePartsAreOneMessage() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try (1...255).map { number in
      let place = try #require(Concatenation(reference: 5, total: 255, number: UInt8(number), isWide: false))
      let body = try UserData(septets: [Self.letter(number)], header: UserDataHeader([place.element]))
      return try SMSSubmit(destinationAddress: SMSAddress(bob.number), dataCodingScheme: .gsm7, userData: body)
    }
    let sending = alice.messenger.send(submits)
    world.run(until: { sending.isFinished })
    world.run(.seconds(30))
    #expect(sending.hasSucceeded && sending.responses.count == 255)
    let text = String(decoding: (1...255).map(Self.letter), as: UTF8.self)
    #expect(bob.messenger.texts == ["+919876543210: \(text)"])
    #expect(alice.records.map(\.summary) == ["ip recipient-online delivered"] && alice.records.first?.parts == 255)
    #expect(bob.records.map(\.parts) == [255] && world.carrier.records.isEmpty)
  }

  /// More than a frame of the relay holds.
  @Test func whatIsTooLongForTheRelayGoesByCarrierWhole() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // A modem has no room for so many.
    bob.messenger.deletesWhatItReads = true
    let text = String(decoding: (0..<(255 * 153)).map { Self.letter($0 / 7) }, as: UTF8.self)
    let sending = alice.messenger.send(text, to: bob.number.e164)
    #expect(sending.partCount == 255)
    world.run(until: { sending.isFinished }, limit: .seconds(600))
    world.run(.seconds(60))
    #expect(sending.hasSucceeded && bob.messenger.texts == ["+919876543210: \(text)"])
    #expect(alice.records.map(\.summary) == ["carrier relay-rejected sent"])
    #expect(world.carrier.records.filter { $0.kind == .submit }.compactMap { $0.part?.number } == Array(1...255))
  }

  /// What the rules give to the carrier is not held: the modem has each part before its client has an answer.
  @Test(arguments: ["57575", "112", "+15550199"]) func whatTheCarrierTakesAnywayIsNotHeld(number: String) throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    if number.hasPrefix("+") { alice.cutNetwork() }
    let submits = try MessageComposer.submits(text: Self.long, to: SMSAddress(dialled: number), reference: 9)
    for (index, submit) in submits.enumerated() {
      let sending = alice.messenger.send([submit])
      world.run(until: { sending.isFinished }, limit: .seconds(2))
      #expect(sending.hasSucceeded && alice.handset?.interposer.heldPartCount == 0)
      #expect(world.carrier.records.filter { $0.kind == .submit }.count == index + 1)
    }
    #expect(alice.records.count == 1 && alice.records.first?.parts == 3 && alice.records.first?.route == .carrier)
  }
}
