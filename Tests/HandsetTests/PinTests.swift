import FoundationEssentials
import Interposer
import Routing
import Sealing
import SwiftProtobuf
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// A contact's identity key is pinned at its first use. Another one later is not used until the person has compared
/// fingerprints; texts go by the carrier meanwhile.
@Suite struct PinTests {
  /// Bob ends his registration and registers anew, with a new identity key.
  private func enrolAgain(_ device: Device) {
    _ = device.answer(to: .disable)
    _ = device.answer(to: .enable(number: device.number.e164))
    device.world.run(until: { device.isOnline })
  }

  /// What was logged about a text.
  private func decision(_ from: Device, _ to: Device, _ text: String) -> String? {
    #expect(from.messenger.sent(text, to: to.number.e164).hasSucceeded)
    return from.record(.outgoing)?.summary
  }

  private func fingerprints(_ device: Device, _ of: Device) -> [HandsetField] {
    device.answer(to: .fingerprint(number: of.number.e164))?.row ?? []
  }

  @Test func bothSeeTheSameDigits() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.answer(to: .fingerprint(number: bob.number.e164))?.errorName == .notPinned)
    #expect(decision(alice, bob, "Hello") == "ip recipient-online delivered")
    world.run(.seconds(1))
    let (atAlice, atBob) = (fingerprints(alice, bob), fingerprints(bob, alice))
    #expect(atAlice.text("state") == "pinned" && atBob.text("state") == "pinned")
    #expect(atAlice.text("number") == bob.number.e164 && atAlice.text("new_digits") == nil)
    #expect(atAlice.text("since")?.hasPrefix("2026-09-21T14:13:2") == true)
    let digits = try #require(atAlice.text("digits"))
    #expect(digits == atBob.text("digits") && digits.split(separator: " ").map(\.count) == Array(repeating: 5, count: 12))
    #expect(atAlice.text("own_fingerprint") == atBob.text("fingerprint"))
    #expect(atAlice.text("fingerprint") == atBob.text("own_fingerprint"))
    #expect(atAlice.text("fingerprint") != atAlice.text("own_fingerprint"))
    // In national form, too.
    #expect(alice.answer(to: .fingerprint(number: "98765 00000"))?.row == atAlice)
  }

  private func found(_ asking: Device, _ asked: Device) -> [HandsetField]? {
    guard case .rows(let rows)? = asking.answer(to: .lookUp(numbers: [asked.number.e164])) else { return nil }
    return rows.first
  }

  @Test func aChangedKeyMeansCarrierUntilItIsTrusted() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "One") == "ip recipient-online delivered")
    let before = fingerprints(alice, bob)
    enrolAgain(bob)
    #expect(alice.handset?.status.number("changed_keys") == nil)
    for text in ["Two", "Three"] {
      #expect(decision(alice, bob, text) == "carrier key-changed sent")
      // The first was sealed to the key that Bob had, before the relay said that it is no more.
      #expect(alice.record(.outgoing)?.attemptedIP == (text == "Two"))
    }
    // The person is told once, without the number.
    #expect(alice.changedKeys == [bob.number])
    let told = alice.notes.filter { $0.contains("identity key") }
    #expect(told.count == 1 && told[0].contains("…00") && !told[0].contains("919876500000"))
    #expect(alice.handset?.status.number("changed_keys") == 1)
    // Who looks him up sees that he is there, and that texts don't go there.
    #expect(found(alice, bob) == [HandsetField("number", bob.number.e164), HandsetField("presence", "online"), HandsetField("key_changed", true)])
    let changed = fingerprints(alice, bob)
    #expect(changed.text("state") == "changed" && changed.text("digits") == before.text("digits"))
    #expect(changed.text("fingerprint") == before.text("fingerprint"))
    let fingerprint = try #require(changed.text("new_fingerprint"))
    // After a restart it is as it was, and not told again.
    alice.kill()
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.isOnline && alice.messenger.isReady })
    #expect(decision(alice, bob, "Four") == "carrier key-changed sent")
    #expect(alice.changedKeys == [bob.number] && fingerprints(alice, bob) == changed)
    // Trusting is of the key that was compared.
    #expect(
      alice.answer(to: .trust(number: bob.number.e164, fingerprint: try #require(before.text("fingerprint"))))?.errorName
        == .otherKey)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: ""))?.errorName == .otherKey)
    #expect(decision(alice, bob, "Five") == "carrier key-changed sent")
    let trusted = alice.answer(to: .trust(number: bob.number.e164, fingerprint: fingerprint))?.row
    #expect(trusted?.text("state") == "pinned" && trusted?.text("fingerprint") == fingerprint)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: fingerprint))?.errorName == .notChanged)
    #expect(decision(alice, bob, "Six") == "ip recipient-online delivered")
    #expect(found(alice, bob) == [HandsetField("number", bob.number.e164), HandsetField("presence", "online")])
    #expect(alice.handset?.status.number("changed_keys") == nil)
    world.run(.seconds(5))
    #expect(bob.messenger.texts.map { $0.suffix(4) }.count == 6)
    // Bob has forgotten Alice when he opted out: her key is a first use. Both see the same again.
    #expect(fingerprints(bob, alice).text("digits") == fingerprints(alice, bob).text("digits"))
    #expect(bob.changedKeys.isEmpty)
  }

  @Test func aTextFromAChangedKeyComesByTheCarrier() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(bob, alice, "One") == "ip recipient-online delivered")
    world.run(.seconds(1))
    enrolAgain(bob)
    for text in ["Two", "Three"] {
      #expect(decision(bob, alice, text) == "carrier no-acknowledgement sent")
      #expect(bob.record(.outgoing)?.cause?.contains("does not believe") == true)
    }
    world.run(.seconds(5))
    #expect(alice.messenger.texts.map { $0.split(separator: " ").last } == ["One", "Two", "Three"])
    #expect(alice.changedKeys == [bob.number] && alice.notes.filter { $0.contains("identity key") }.count == 1)
    // She is not written to by IP under the new key, either, and once it is trusted both ways work.
    #expect(decision(alice, bob, "Back") == "carrier key-changed sent")
    let fingerprint = try #require(fingerprints(alice, bob).text("new_fingerprint"))
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: fingerprint))?.row != nil)
    #expect(decision(bob, alice, "Four") == "ip recipient-online delivered")
    #expect(decision(alice, bob, "Back again") == "ip recipient-online delivered")
  }

  @Test func anotherChangedKeyIsNotTheOneThatWasCompared() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "One") == "ip recipient-online delivered")
    enrolAgain(bob)
    #expect(decision(alice, bob, "Two") == "carrier key-changed sent")
    let compared = try #require(fingerprints(alice, bob).text("new_fingerprint"))
    enrolAgain(bob)
    #expect(decision(alice, bob, "Three") == "carrier key-changed sent")
    #expect(alice.changedKeys.count == 2)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: compared))?.errorName == .otherKey)
    #expect(decision(alice, bob, "Four") == "carrier key-changed sent")
  }

  @Test func aKeyThatComesBackIsTheOneThatCounts() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "One") == "ip recipient-online delivered")
    let mallory = try Stranger(bob.number.e164)
    // A relay that vouches for another in his name, now and then.
    for _ in 0..<3 {
      world.relay.push(
        .incoming(try mallory.message(world, to: alice, claiming: bob.number.e164, Stranger.parts("It is me"))), to: alice)
      world.run(.seconds(1))
      #expect(alice.handset?.status.number("changed_keys") == 1)
      #expect(decision(bob, alice, "It is really me \(world.now)") == "ip recipient-online delivered")
      #expect(alice.handset?.status.number("changed_keys") == nil)
    }
    #expect(alice.changedKeys.count == 1 && alice.messenger.texts.count == 3)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: ""))?.errorName == .notChanged)
  }

  @Test func whatCanNotBeComparedSaysWhy() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.answer(to: .fingerprint(number: "57575"))?.errorName == .badNumber)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: "12"))?.errorName == .notPinned)
    _ = alice.answer(to: .disable)
    #expect(alice.answer(to: .fingerprint(number: bob.number.e164))?.errorName == .notEnabled)
    #expect(alice.answer(to: .trust(number: bob.number.e164, fingerprint: "12"))?.errorName == .notEnabled)
  }

  @Test func optingOutForgetsPeople() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "One") == "ip recipient-online delivered")
    #expect(alice.files[.pins] != nil)
    enrolAgain(alice)
    #expect(alice.files[.pins] == nil)
    #expect(alice.answer(to: .fingerprint(number: bob.number.e164))?.errorName == .notPinned)
  }

  // MARK: the book

  private static func number(_ index: Int) -> PhoneNumber { try! PhoneNumber(e164: "+4477\(100_000_000 + index)") }
  private let wall = WallTime(millisecondsSince1970: World.wallStart)

  @Test func aFullBookTakesNobodyAndForgetsNobody() throws {
    var generator = SeededGenerator(seed: 3)
    var book = PinBook()
    let keys = (0...PinBook.capacity).map { _ in IdentityPublicKey(using: &generator) }
    for index in 0..<PinBook.capacity {
      let meeting = book.meet(keys[index], of: Self.number(index), wall: wall)
      #expect(meeting == .pinned)
    }
    let newcomer = book.meet(keys[PinBook.capacity], of: Self.number(PinBook.capacity), wall: wall)
    #expect(newcomer == .noRoom && book.count == PinBook.capacity)
    for index in [0, 1, PinBook.capacity - 1] {
      let known = book.meet(keys[index], of: Self.number(index), wall: wall)
      let other = book.meet(keys[PinBook.capacity], of: Self.number(index), wall: wall)
      #expect(known == .pinned && other == .changed(isNews: true))
      let again = book.meet(keys[PinBook.capacity], of: Self.number(index), wall: wall)
      #expect(again == .changed(isNews: false))
    }
    let unwritten = book.takeUnwritten()
    let octets = try #require(unwritten)
    let nothing = book.takeUnwritten()
    #expect(nothing == nil)
    // It fits the state directory many times over, and comes back the same.
    #expect(octets.count < 1 << 20)
    let copy = PinBook(serialized: octets)
    #expect(copy.count == PinBook.capacity && copy[Self.number(7)] == book[Self.number(7)])
    #expect(copy[Self.number(0)]?.changed == keys[PinBook.capacity] && copy.changedCount == 3)
  }

  @Test func withAFullBookNewContactsAreWrittenToByCarrier() throws {
    let world = World()
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    let bob = try Device(world, "+919876500000", isEnrolled: true)
    try alice.learn(bob)
    try bob.learn(alice)
    var generator = SeededGenerator(seed: 3)
    var book = PinBook()
    for index in 0..<PinBook.capacity {
      _ = book.meet(IdentityPublicKey(using: &generator), of: Self.number(index), wall: wall)
    }
    alice.files[.pins] = book.takeUnwritten()
    for device in [alice, bob] {
      device.start()
      device.messenger.start()
    }
    world.run(until: { alice.isOnline && bob.isOnline && alice.messenger.isReady && bob.messenger.isReady })
    for text in ["One", "Two"] {
      #expect(decision(alice, bob, text) == "carrier relay-rejected sent")
      #expect(alice.record(.outgoing)?.cause == "no room for another contact's key")
      #expect(decision(bob, alice, text) == "carrier no-acknowledgement sent")
      #expect(bob.record(.outgoing)?.cause == "the recipient's device has no room")
    }
    #expect(alice.notes.filter { $0.contains("keys are kept") }.count == 1)
    world.run(.seconds(5))
    #expect(alice.messenger.texts.count == 2 && bob.messenger.texts.count == 2)
  }

  /// What is pinned may not be forgotten by a damaged file: any key would be a first use.
  @Test(arguments: [false, true]) func aBookThatCanNotBeReadTrustsNobody(isUnreadable: Bool) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(decision(alice, bob, "One") == "ip recipient-online delivered")
    world.run(.seconds(1))
    alice.kill()
    if isUnreadable {
      alice.unreadable = [.pins]
    } else {
      alice.files[.pins]?.removeLast()
    }
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.isOnline && alice.messenger.isReady })
    #expect(alice.notes.last { $0.contains("the file pins can't be read") } != nil)
    #expect(alice.handset?.status.text("message")?.contains("the file pins") == true)
    #expect(decision(alice, bob, "Two") == "carrier relay-rejected sent")
    #expect(decision(bob, alice, "Three") == "carrier no-acknowledgement sent")
    #expect(alice.answer(to: .fingerprint(number: bob.number.e164))?.errorName == .storage)
    // As the message says.
    alice.unreadable = []
    enrolAgain(alice)
    world.run(.seconds(1))
    #expect(decision(alice, bob, "Four") == "carrier no-acknowledgement sent", "Bob has to trust her new key")
    let fingerprint = try #require(fingerprints(bob, alice).text("new_fingerprint"))
    #expect(bob.answer(to: .trust(number: alice.number.e164, fingerprint: fingerprint))?.row != nil)
    #expect(decision(alice, bob, "Five") == "ip recipient-online delivered")
  }

  @Test func hostileFilesAreDamagedOnes() throws {
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<500 {
      let octets = generator.octets(1...200)
      let book = PinBook(serialized: octets)
      #expect(book.isDamaged || book.count <= 4)
    }
    func file(_ pins: [StatePin]) throws -> [UInt8] {
      var state = StatePins()
      state.pins = pins
      return try state.serializedBytes()
    }
    func pin(_ change: (inout StatePin) -> Void = { _ in }) -> StatePin {
      var pin = StatePin()
      pin.number = "+447700900123"
      pin.identityKey = .init(repeating: 1, count: 32)
      pin.since = .max
      change(&pin)
      return pin
    }
    let whole = PinBook(serialized: try file([pin()]))
    #expect(!whole.isDamaged && whole.count == 1)
    for bad in [
      [pin(), pin()], [pin { $0.number = "0" }], [pin { $0.identityKey = .init() }],
      [pin { $0.identityKey = .init(repeating: 1, count: 33) }], [pin { $0.changedKey = .init(repeating: 1, count: 31) }],
      (0...PinBook.capacity).map { index in pin { $0.number = Self.number(index).e164 } },
    ] {
      let book = PinBook(serialized: try file(bad))
      #expect(book.isDamaged && book.count <= 1)
    }
    #expect(PinBook(serialized: []).count == 0 && !PinBook(serialized: []).isDamaged)
  }
}
