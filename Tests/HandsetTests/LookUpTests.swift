import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

@Suite struct LookUpTests {
  @Test func presenceOfSeveralNumbers() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let carol = try Device(world, "+447700900123", isEnrolled: true)
    #expect(carol.handset == nil)
    let numbers = ["98765 00000", "+447700900123", "+15550199", "57575", bob.number.e164]
    guard case .rows(let rows)? = alice.answer(to: .lookUp(numbers: numbers)) else {
      Issue.record("no rows")
      return
    }
    #expect(rows.map { $0.text("number") } == [bob.number.e164, carol.number.e164, "+15550199", "57575", bob.number.e164])
    #expect(rows.map { $0.text("presence") } == ["online", "offline", "unknown", "invalid", "online"])
    // All of it is remembered.
    let evaluated = world.relay.evaluatedCount
    #expect(evaluated == 2)
    _ = alice.answer(to: .lookUp(numbers: numbers))
    #expect(world.relay.evaluatedCount == evaluated)
  }

  @Test func whatCanNotBeLookedUpSaysWhy() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.answer(to: .lookUp(numbers: []))?.errorName == .badNumber)
    let tooMany = Array(repeating: bob.number.e164, count: ClientMessage.maximumBatch + 1)
    #expect(alice.answer(to: .lookUp(numbers: tooMany))?.errorName == .badNumber)
    // The relay dies while it is asked.
    let call = alice.ask(.lookUp(numbers: ["+15550199"]))
    world.run(.milliseconds(10))
    alice.cutNetwork()
    world.run(.seconds(1))
    #expect(alice.replies[call]?.errorName == .relayUnreachable)
    #expect(alice.answer(to: .lookUp(numbers: [bob.number.e164]))?.errorName == .relayUnreachable)
    #expect(alice.handset?.tokens.pendingCount == 0)
  }

  @Test func aRelayThatRefusesIsQuoted() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      guard case .lookUp = frame.message else { return [frame] }
      let failure = RelayFailure(code: .limit, text: "too many look-ups", retryAfterSeconds: 60)
      world.relay.push(ServerFrame(request: frame.request, message: .failure(failure)), to: device)
      return []
    }
    guard case .error(let error)? = alice.answer(to: .lookUp(numbers: [bob.number.e164])) else {
      Issue.record("no error")
      return
    }
    #expect(error.name == .relayRefused && error.message.contains("too many look-ups") && error.message.contains("60"))
  }

  /// Each turn of the loop does one costly step at most, so that QMI traffic goes on between them.
  @Test func manyNumbersTakeOneStepATurn() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let numbers = (0..<5).map { "+4477009\(20_000 + $0)" }
    var asked = 0
    world.relay.fromDevice = { _, frame in
      if case .evaluateTokens = frame.message { asked += 1 }
      return [frame]
    }
    alice.ask(.lookUp(numbers: numbers))
    #expect(asked == 0)
    for turn in 1...5 {
      #expect(alice.handset?.nextDeadline.map { $0 <= world.now } == true)
      alice.tell { $0.timeReached(now: $1) }
      #expect(alice.handset?.tokens.hasWork == true, "turn \(turn)")
    }
    alice.tell { $0.timeReached(now: $1) }
    #expect(alice.handset?.tokens.hasWork == false)
    world.run(.milliseconds(30))
    #expect(asked == 1)
  }

  @Test func aMessageGoesBeforeAListOfContacts() throws {
    let world = World()
    let (alice, _) = try Device.pair(world)
    let carol = try Device(world, "+447700900123", isEnrolled: true)
    try carol.learn(alice)
    carol.start()
    world.run(until: { carol.isOnline })
    let call = alice.ask(.lookUp(numbers: (0..<12).map { "+4477009\(30_000 + $0)" }))
    alice.tell { $0.timeReached(now: $1) }
    var batches: [Int] = []
    world.relay.fromDevice = { device, frame in
      if case .evaluateTokens(_, let elements) = frame.message { batches.append(elements.count) }
      return [frame]
    }
    let sending = alice.messenger.sent("Urgent", to: carol.number.e164)
    #expect(sending.hasSucceeded && alice.records.last?.summary == "ip recipient-online delivered")
    world.run(until: { alice.replies[call] != nil })
    #expect(batches.reduce(0, +) == 13 && batches.count == 2 && batches[0] < 13)
  }

  // MARK: The desk alone

  private static let numbers = (0..<400).map { try! PhoneNumber(e164: "+4477008\(10_000 + $0)") }
  private let wall = WallTime(millisecondsSince1970: World.wallStart)

  @Test func theDeskIsBounded() {
    var desk = TokenDesk(cache: TokenCache())
    for number in Self.numbers.prefix(TokenDesk.capacity) {
      let isTaken = desk.request(number, isUrgent: false)
      #expect(isTaken)
    }
    let isTaken = desk.request(Self.numbers[TokenDesk.capacity], isUrgent: true)
    #expect(!isTaken)
    // What is under way already is no more.
    let isKnown = desk.request(Self.numbers[0], isUrgent: true)
    #expect(isKnown && desk.pendingCount == TokenDesk.capacity)
    let abandoned = desk.abandonAll()
    #expect(abandoned.count == TokenDesk.capacity && desk.pendingCount == 0 && !desk.hasWork)
  }

  @Test func anUrgentNumberIsAskedForAtOnce() throws {
    var desk = TokenDesk(cache: TokenCache())
    for number in Self.numbers.prefix(4) { _ = desk.request(number, isUrgent: false) }
    _ = desk.request(Self.numbers[3], isUrgent: true)
    let first = desk.step(trust: TestRelay.trust, generation: TestRelay.generation, wall: wall)
    #expect(first == nil)
    guard case .ask(let batch, let elements, let generation)? = desk.step(
      trust: TestRelay.trust, generation: TestRelay.generation, wall: wall)
    else {
      Issue.record("not asked")
      return
    }
    #expect(elements.count == 1)
    let evaluations = try TestRelay.keys.evaluate(elements, generation: generation)
    let failed = desk.evaluated(batch, evaluations)
    #expect(failed.isEmpty)
    guard case .resolved(let number, let token)? = desk.step(
      trust: TestRelay.trust, generation: TestRelay.generation, wall: wall)
    else {
      Issue.record("not resolved")
      return
    }
    #expect(number == Self.numbers[3] && desk.pendingCount == 3)
    #expect(token == GenerationToken(token: TestRelay.token(number), generation: TestRelay.generation))
    // The same answer once more is nobody's.
    let again = desk.evaluated(batch, evaluations)
    #expect(again.isEmpty)
  }

  @Test func anAnswerOfTheWrongSizeFailsItsNumbers() throws {
    var desk = TokenDesk(cache: TokenCache())
    _ = desk.request(Self.numbers[0], isUrgent: true)
    _ = desk.step(trust: TestRelay.trust, generation: TestRelay.generation, wall: wall)
    guard case .ask(let batch, _, _)? = desk.step(trust: TestRelay.trust, generation: TestRelay.generation, wall: wall)
    else {
      Issue.record("not asked")
      return
    }
    let failed = desk.evaluated(batch, [])
    #expect(failed == [TokenDesk.Wanted(number: Self.numbers[0], generation: nil)] && desk.pendingCount == 0)
  }

  @Test func withoutACommonKeyEveryNumberFails() {
    var desk = TokenDesk(cache: TokenCache())
    _ = desk.request(Self.numbers[0], isUrgent: true)
    guard case .failed(let number, nil, .noCommonGeneration)? = desk.step(trust: TestRelay.trust, generation: nil, wall: wall)
    else {
      Issue.record("not failed")
      return
    }
    #expect(number == Self.numbers[0] && !desk.hasWork)
  }
}
