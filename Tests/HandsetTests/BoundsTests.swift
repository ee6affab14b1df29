import Interposer
import QMI
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// No queue grows without end, and what is remembered is forgotten in time.
@Suite struct BoundsTests {
  private let wall = WallTime(millisecondsSince1970: World.wallStart)
  private var generator = SeededGenerator(seed: 5)

  private static func number(_ index: Int) -> PhoneNumber { try! PhoneNumber(e164: "+4477\(100_000_000 + index)") }

  @Test mutating func theTokenCacheForgetsTheOldest() throws {
    var cache = TokenCache()
    for index in 0..<(TokenCache.capacity + 3) {
      cache.store(
        NumberToken(using: &generator), for: Self.number(index), generation: TestRelay.generation,
        wall: wall.adding(.seconds(index)))
    }
    let late = wall.adding(.seconds(TokenCache.capacity + 3))
    #expect(cache.count == TokenCache.capacity)
    for index in 0..<3 { #expect(cache.token(for: Self.number(index), generation: TestRelay.generation, wall: late) == nil) }
    let kept = cache.token(for: Self.number(3), generation: TestRelay.generation, wall: late)
    #expect(kept != nil)
    // It comes back from its file the same.
    let copy = TokenCache(serialized: cache.serialized)
    #expect(copy.count == cache.count)
    #expect(copy.token(for: Self.number(3), generation: TestRelay.generation, wall: late) == kept)
    // A month later, or with another key, it is asked again.
    #expect(copy.token(for: Self.number(3), generation: TestRelay.generation, wall: late.adding(.seconds(31 * 86_400))) == nil)
    #expect(copy.token(for: Self.number(3), generation: TokenGeneration(rawValue: 77), wall: late) == nil)
    // A clock that went back does not make it young.
    #expect(copy.token(for: Self.number(3), generation: TestRelay.generation, wall: wall) == nil)
  }

  @Test mutating func theTokenCacheHoldsTwoGenerationsUntilOneIsGone() throws {
    let (old, new) = (TokenGeneration(rawValue: 1), TokenGeneration(rawValue: 2))
    let tokens: [NumberToken] = (0..<3).map { _ in NumberToken(using: &generator) }
    var cache = TokenCache()
    cache.store(tokens[0], for: Self.number(0), generation: old, wall: wall)
    cache.store(tokens[1], for: Self.number(1), generation: old, wall: wall)
    cache.store(tokens[2], for: Self.number(0), generation: new, wall: wall)
    var copy = TokenCache(serialized: cache.serialized)
    #expect(copy.count == 3)
    #expect(copy.token(for: Self.number(0), generation: old, wall: wall) == tokens[0])
    #expect(copy.token(for: Self.number(0), generation: new, wall: wall) == tokens[2])
    var hasChanged = copy.keepOnly([new, old])
    #expect(!hasChanged && copy.count == 3)
    hasChanged = copy.keepOnly([new])
    #expect(hasChanged && copy.count == 1)
    #expect(copy.token(for: Self.number(1), generation: old, wall: wall) == nil)
  }

  @Test func aTokenFileOfOneGenerationIsRead() throws {
    let number = Array(Self.number(0).e164.utf8)
    var fetched = wall.millisecondsSince1970 / 1000
    // As state.proto has it: the number, the token, when it came.
    var cached: [UInt8] = [0x0A, UInt8(number.count)] + number + [0x12, 48] + [UInt8](repeating: 7, count: 48) + [0x18]
    while fetched > 0x7F {
      cached.append(UInt8(fetched & 0x7F) | 0x80)
      fetched >>= 7
    }
    cached.append(UInt8(fetched))
    // The generation once for all, and one cached token.
    let cache = TokenCache(serialized: [0x08, 1, 0x12, UInt8(cached.count)] + cached)
    #expect(cache.count == 1)
    let token = cache.token(for: Self.number(0), generation: TokenGeneration(rawValue: 1), wall: wall)
    #expect(token?.octets == [UInt8](repeating: 7, count: 48))
  }

  @Test mutating func aDamagedTokenFileIsAnEmptyOne() {
    #expect(TokenCache(serialized: [0xFF, 0xFF, 0xFF]).count == 0)
    for _ in 0..<500 { _ = TokenCache(serialized: generator.octets(0...200)).count }
  }

  @Test func theContactCacheForgetsTheOldest() throws {
    var cache = ContactCache()
    let key = try SessionKey(
      id: KeyPackageID([UInt8](repeating: 1, count: 16)), expires: 4_000_000_000, identity: IdentityKey())
    let package = try VerifiedKeyPackage(key.keyPackage, now: wall)
    for index in 0..<(ContactCache.capacity + 2) {
      cache.remember(package, of: Self.number(index), now: .seconds(index))
    }
    #expect(cache.count == ContactCache.capacity)
    #expect(cache.keyPackage(of: Self.number(1), now: .seconds(200)) == nil)
    #expect(cache.keyPackage(of: Self.number(2), now: .seconds(200)) != nil)
    #expect(cache.keyPackage(of: Self.number(2), now: .seconds(700)) == nil)
    cache.forgetAll()
    #expect(cache.count == 0)
  }

  @Test func callsAreBoundedAndAllAnswered() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    var calls: [HandsetCall] = []
    for _ in 0..<(PendingCalls.capacity + 10) { calls.append(alice.ask(.identity)) }
    let busy = calls.filter { alice.replies[$0]?.errorName == .busy }
    #expect(busy.count == 10)
    world.run(.seconds(16))
    #expect(calls.allSatisfy { alice.replies[$0] != nil })
    // Status is answered always.
    #expect(alice.answer(to: .status) != nil)
  }

  @Test func aPersonCanOptOutHoweverBusyItIs() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    world.relay.fromDevice = { _, frame in
      if case .evaluateTokens = frame.message { [] } else { [frame] }
    }
    for index in 0..<PendingCalls.capacity { alice.ask(.lookUp(numbers: [Self.number(index).e164])) }
    #expect(alice.answer(to: .lookUp(numbers: ["+15550100"]))?.errorName == .busy)
    #expect(alice.answer(to: .disable)?.row?.text("state") == "disabled")
    #expect(alice.replies.count == PendingCalls.capacity + 2)
  }

  @Test mutating func theIncomingDeskIsBounded() throws {
    var desk = IncomingDesk()
    let impostors = (0..<(IncomingDesk.impostorCapacity + 5)).map { _ in
      IncomingMessage(
        messageID: RelayProtocol.MessageID(using: &generator), senderToken: NumberToken(using: &generator),
        generation: TestRelay.generation, senderIdentityKey: IdentityPublicKey(using: &generator),
        keyPackageID: KeyPackageID(using: &generator), sealed: [1])
    }
    for impostor in impostors { desk.markImpostor(impostor) }
    #expect(desk.isImpostor(impostors[impostors.count - 1]))
    #expect(impostors.filter { desk.isImpostor($0) }.count == IncomingDesk.impostorCapacity)
    var vouchedFor = impostors[impostors.count - 1]
    vouchedFor.senderToken = NumberToken(using: &generator)
    #expect(!desk.isImpostor(vouchedFor))
    desk.forgetPeople()
    #expect(!desk.isImpostor(impostors[impostors.count - 1]))
    // One line about clocks a day.
    let notes = [0, 60, 86_399, 86_400, 86_460].map { desk.isClockNoteDue(now: .seconds(1_000 + $0)) }
    #expect(notes == [true, false, false, true, false])
  }

  @Test mutating func whatASessionKeyOpenedIsRememberedUntilItOpensNoMore() throws {
    var link = RelayLink()
    link.begin(SessionReady(registration: nil, tokenGenerations: []))
    let key = try SessionKey(
      id: KeyPackageID([UInt8](repeating: 1, count: 16)), expires: 4_000_000_000, identity: IdentityKey())
    link.use(key, now: .seconds(10), wall: wall)
    let sender = IdentityPublicKey(using: &generator)
    func message(_ sender: IdentityPublicKey, _ id: RelayProtocol.MessageID) -> IncomingMessage {
      IncomingMessage(
        messageID: id, senderToken: TestRelay.token(Self.number(0)), generation: TestRelay.generation,
        senderIdentityKey: sender, keyPackageID: key.keyPackage.id, sealed: [1])
    }
    var ids: [RelayProtocol.MessageID] = []
    var renewals: [Int] = []
    for index in 1...SettledMessages.capacity {
      #expect(link.key(key.keyPackage.id) != nil)
      ids.append(RelayProtocol.MessageID(using: &generator))
      let isDue = link.settle(message(sender, ids[index - 1]), index.isMultiple(of: 2) ? .stored : .refused)
      if isDue { renewals.append(index) }
    }
    #expect(renewals == [SettledMessages.renewalCount])
    // The first as well as the last; and it can't be pushed out, for nothing more is opened.
    #expect(link.end(of: message(sender, ids[0])) == .refused && link.end(of: message(sender, ids[1])) == .stored)
    #expect(link.end(of: message(sender, ids[ids.count - 1])) == .stored)
    #expect(link.end(of: message(IdentityPublicKey(using: &generator), ids[0])) == nil)
    #expect(link.key(key.keyPackage.id) == nil)
    // What has ended once does not end again.
    let again = link.settle(message(sender, ids[0]), .stored)
    #expect(!again && link.end(of: message(sender, ids[0])) == .refused)
    link.end()
    #expect(link.end(of: message(sender, ids[0])) == nil)
  }

  @Test func carrierMessagesAreBounded() throws {
    var messages = CarrierMessages()
    func part(_ reference: UInt16, _ number: UInt8, of total: UInt8 = 2) -> Concatenation? {
      Concatenation(reference: reference, total: total, number: number, isWide: true)
    }
    for reference in 0..<UInt16(CarrierMessages.capacity) {
      let finished = messages.received(part(reference, 1), from: "+1", .delivered, now: .seconds(Int64(reference)))
      #expect(finished.isEmpty)
    }
    let evicted = messages.received(part(999, 1), from: "+1", .delivered, now: .seconds(100))
    #expect(evicted == [CarrierMessages.Finished(sender: "+1", parts: 2, outcome: .delivered)])
    #expect(messages.count == CarrierMessages.capacity)
    // A part that comes twice is one part.
    let twice = messages.received(part(999, 1), from: "+1", .duplicate, now: .seconds(101))
    #expect(twice.isEmpty)
    let whole = messages.received(part(999, 2), from: "+1", .duplicate, now: .seconds(102))
    #expect(whole == [CarrierMessages.Finished(sender: "+1", parts: 2, outcome: .delivered)])
    let overdue = messages.takeOverdue(now: .seconds(310))
    #expect(overdue.count == 10 && messages.count == CarrierMessages.capacity - 11)
    let single = messages.received(nil, from: "SHOP", .delivered, now: .seconds(311))
    #expect(single == [CarrierMessages.Finished(sender: "SHOP", parts: 1, outcome: .delivered)])
  }

  @Test func anIncompleteCarrierTextIsRecordedInTheEnd() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    world.carrier.add(CarrierRule(effect: .drop, count: 1))
    world.inject(String(repeating: "Three parts of text go here. ", count: 14), from: "+447700900123", to: alice)
    world.run(.seconds(60))
    #expect(alice.records.isEmpty)
    world.run(.seconds(300))
    #expect(alice.records.map(\.summary) == ["carrier - delivered"] && alice.records[0].parts == 3)
  }

  @Test func theSpoolIsBounded() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.kill()
    bob.configuration.interposer.limits.storedMessages = 3
    bob.start()
    bob.messenger.start()
    world.run(until: { bob.isOnline && bob.messenger.isReady })
    for index in 0..<5 { #expect(alice.messenger.sent("Text \(index)", to: bob.number.e164).hasSucceeded) }
    world.run(.seconds(10))
    #expect(alice.records.map(\.route) == [.ip, .ip, .ip, .carrier, .carrier])
    #expect(bob.spool.count == 3 && bob.messenger.texts.count == 5)
    // Room again.
    bob.messenger.delete(bob.messenger.received[0].location)
    world.run(.seconds(1))
    #expect(alice.messenger.sent("Text 5", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.last?.route == .ip)
  }

  @Test func whatIsBeingWrittenIsBounded() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.diskIsSlow = true
    var sendings: [Messenger.Sending] = []
    for index in 0..<(IncomingDesk.writingCapacity + 6) {
      sendings.append(alice.messenger.send("Text \(index)", to: bob.number.e164))
      world.run(.milliseconds(60))
    }
    #expect(bob.handset?.incoming.writes.count == IncomingDesk.writingCapacity)
    bob.diskIsSlow = false
    bob.finishWrites()
    world.run(.seconds(30))
    let allSucceeded = sendings.allSatisfy(\.hasSucceeded)
    #expect(allSucceeded && bob.messenger.texts.count == sendings.count)
    #expect(alice.records.count == sendings.count)
  }

  @Test func aSessionKeyServesAMomentLongerThanItsTime() throws {
    var link = RelayLink()
    link.begin(SessionReady(registration: nil, tokenGenerations: []))
    func key(_ octet: UInt8) throws -> SessionKey {
      try SessionKey(id: KeyPackageID([UInt8](repeating: octet, count: 16)), expires: 4_000_000_000, identity: IdentityKey())
    }
    let (first, second, third) = (try key(1), try key(2), try key(3))
    link.use(first, now: .seconds(10), wall: wall)
    #expect(link.keyDeadline == .seconds(10) + RelayLink.keyLifetime)
    link.use(second, now: .seconds(20), wall: wall)
    #expect(link.key(first.keyPackage.id) != nil && link.key(second.keyPackage.id) != nil)
    let isDue = link.keyTimeReached(now: .seconds(20) + RelayLink.keyOverlap)
    #expect(!isDue && link.key(first.keyPackage.id) == nil)
    // One that the relay did not take leaves the one before in its place.
    link.use(third, now: .seconds(1_000), wall: wall)
    link.publishLater(now: .seconds(1_001))
    #expect(link.key(second.keyPackage.id) != nil && link.sessionKey?.keyPackage.id == second.keyPackage.id)
    let isDueAgain = link.keyTimeReached(now: .seconds(1_001) + RelayLink.keyRetry)
    #expect(isDueAgain)
    link.end()
    #expect(link.key(second.keyPackage.id) == nil && link.keyDeadline == nil)
  }

  @Test func aModemIsTriedEverMoreSeldom() {
    var retry = ModemRetry()
    var now = Duration.seconds(1)
    var waits: [Duration] = []
    for index in 0..<8 {
      let isNews = retry.failed("gone", now: now)
      #expect(isNews == (index == 0))
      waits.append((retry.deadline ?? now) - now)
      now = retry.deadline ?? now
      retry.begin()
    }
    #expect(waits == [2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    retry.end()
    #expect(retry.deadline == nil)
  }
}
