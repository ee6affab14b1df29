import Interposer
import QMI
import Telephony
import Testing

/// Arbitrary clients, an arbitrary modem, an arbitrary decider, time in arbitrary steps.
///
/// What must hold whatever happens: nothing traps; what comes out are whole frames; no answer reaches a client that did not ask;
/// and every part that a client was told is sent was taken by the modem, or was in a submission that had arrived otherwise, or its
/// message was reported as failed or not known.
@Suite struct InterleavingTests {
  @Test(arguments: 0..<100 as Range<UInt64>)
  func nothingTrapsAndNothingIsLost(seed: UInt64) throws {
    var world = World(seed: seed)
    try world.run(steps: 400)
    try world.settle()
    for part in world.promised.values { #expect(part == .kept, "seed \(seed)") }
    #expect(world.rig.interposer.heldPartCount == 0, "seed \(seed)")
    #expect(world.rig.interposer.outstandingRequestCount == 0, "seed \(seed)")
  }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

private struct World {
  enum Promise: Equatable { case open, kept }

  struct Asked: Hashable {
    let client: ClientConnection
    let transaction: UInt16
  }

  let rig: Rig
  var random: SeededGenerator
  var clients: [ClientConnection] = []
  var requests: [Rig.ModemRequest] = []
  var submissions: [SubmissionID: Submission] = [:]
  var incoming: [IncomingMessageID] = []
  /// Every message has a body of its own, by which it is known again.
  var bodies: [[UInt8]: Asked] = [:]
  var senders: [Asked: [UInt8]] = [:]
  /// By message octets: parts that a client was told are sent.
  var promised: [[UInt8]: Promise] = [:]
  /// Parts of which the modem said that it has sent them.
  var taken: Set<[UInt8]> = []
  /// Submissions whose parts count as arrived or as told failed.
  var partsOf: [SubmissionID: Set<[UInt8]>] = [:]
  var asked: Set<Asked> = []
  var transaction: UInt16 = 1
  var body: UInt32 = 0
  /// Messages under way: (client, reference, total, next part).
  var trains: [(client: ClientConnection, reference: Int, total: Int, next: [Int])] = []

  init(seed: UInt64) {
    random = SeededGenerator(state: seed)
    rig = Rig(tap: .off, isModemOpen: false) {
      $0.limits.clients = 4
      $0.limits.requests = 12
      $0.limits.heldParts = 6
      $0.limits.submissions = 6
      $0.limits.heldIndications = 3
      $0.limits.storedMessages = 5
      // A modem that refuses for ever must not end the test.
      $0.limits.sendTries = 1000
    }
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func run(steps: Int) throws {
    for _ in 0..<steps {
      try step()
      try collect()
    }
  }

  private mutating func step() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<6:
      let client = rig.connect()
      clients.append(client)
      rig.send(Rig.proxyOpen(Rig.device), from: client)
    case 6..<8:
      guard let client = clients.randomElement(using: &random) else { return }
      rig.disconnect(client)
      forget(client)
    case 8..<10:
      guard let client = clients.randomElement(using: &random) else { return }
      rig.send((0..<Int.random(in: 1...40, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }, from: client)
    case 10..<13: rig.openModem()
    case 13:
      rig.removeModem()
      requests = []
      // The client ends with the modem; what it was not told about is not promised.
    case 14:
      rig.interposer.modemOpenFailed(now: rig.now)
      rig.drain()
    case 15..<18:
      rig.setTapMode([.off, .observe, .intercept, .intercept, .intercept].randomElement(using: &random) ?? .off)
    case 18..<40: try sendPart()
    case 40..<48: try sendOther()
    case 48..<70: answerModem()
    case 70..<85: decide()
    case 85..<90:
      let indication = WMS.MessageLocation(storage: chance(50) ? .nv : .uim, index: UInt32.random(in: 0..<3, using: &random))
      rig.indicate(Sample.eventReport(indication, client: chance(30) ? .broadcast : 3))
    case 90..<92:
      _ = try? rig.deliver(Sample.stored(UInt32.random(in: 0..<8, using: &random)))
    case 92..<95:
      guard let id = incoming.popLast() else { return }
      rig.resolveIncoming(id, chance(50) ? .announce : .consume)
    default:
      rig.advance(.milliseconds([1, 50, 900, 3100, 11_000, 31_000].randomElement(using: &random) ?? 1))
    }
  }

  private mutating func nextTransaction() -> UInt16 {
    transaction &+= 1
    return transaction
  }

  private mutating func sendPart() throws {
    if trains.isEmpty || chance(30), let client = clients.randomElement(using: &random) {
      let total = Int.random(in: 1...4, using: &random)
      var order = Array(1...total)
      if chance(30) { order.shuffle(using: &random) }
      if chance(20) { order.removeLast() }
      trains.append((client, Int.random(in: 0..<3, using: &random), total, order))
    }
    guard !trains.isEmpty else { return }
    let index = Int.random(in: 0..<trains.count, using: &random)
    guard !trains[index].next.isEmpty else {
      trains.remove(at: index)
      return
    }
    let number = trains[index].next.removeFirst()
    let train = trains[index]
    body += 1
    let octets = (0..<4).map { UInt8(truncatingIfNeeded: body >> (7 * $0)) & 0x7F }
    let part = train.total == 1 ? nil : Sample.concatenation(number, of: train.total, reference: UInt16(train.reference))
    let transaction = nextTransaction()
    let submit = try Sample.submit(body: octets, part: part)
    let asking = Asked(client: train.client, transaction: transaction)
    asked.insert(asking)
    senders[asking] = try Sample.raw(submit.encoded()).octets
    rig.send(try Sample.rawSend(submit, transaction: transaction), from: train.client)
  }

  private mutating func sendOther() throws {
    guard let client = clients.randomElement(using: &random) else { return }
    let transaction = nextTransaction()
    asked.insert(Asked(client: client, transaction: transaction))
    let own = ServiceTransactionID(rawValue: transaction)
    let index = StoredMessageID.base + UInt32.random(in: 0..<8, using: &random)
    let place = WMS.MessageLocation(storage: .nv, index: chance(50) ? index : 1)
    let frame: QMUXFrame
    switch Int.random(in: 0..<8, using: &random) {
    case 0: frame = WMS.SetEventReportRequest(reportsNewMessages: chance(70)).encoded(client: 3, transaction: own)
    case 1: frame = WMS.RawReadRequest(location: place).encoded(client: 3, transaction: own)
    case 2: frame = WMS.DeleteRequest(storage: .nv, index: chance(70) ? place.index : nil).encoded(client: 3, transaction: own)
    case 3: frame = WMS.ListMessagesRequest(storage: .nv).encoded(client: 3, transaction: own)
    case 4: frame = WMS.SendFromMemoryStorageRequest(location: place).encoded(client: 3, transaction: own)
    case 5: frame = Sample.request(.wds, client: 2, transaction: transaction, message: chance(50) ? 0x20 : 0x21)
    default: frame = Sample.request(transaction: transaction)
    }
    var octets = frame.octets
    // Now and then a wrong octet in the TLVs: a frame still, or dropped as none.
    if chance(10), octets.count > 14 { octets[Int.random(in: 13..<octets.count, using: &random)] ^= 0x05 }
    rig.send(octets, from: client)
  }

  private mutating func answerModem() {
    guard !requests.isEmpty else { return }
    let request = requests.remove(at: Int.random(in: 0..<requests.count, using: &random))
    if chance(10) {
      rig.fail(request, chance(50) ? .timedOut : .notSent)
    } else {
      answer(request, succeeds: chance(70))
    }
  }

  private mutating func answer(_ request: Rig.ModemRequest, succeeds: Bool) {
    let frame = request.frame
    switch frame.messageID {
    case CTL.ID.allocateClientID where frame.isControl:
      rig.respond(
        to: request,
        succeeds
          ? CTL.AllocateClientIDResponse(.init(service: .wms, clientID: 0x40)).encoded(transaction: 1)
          : CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 1))
    case WMS.ID.rawSend where frame.service == .wms:
      if succeeds, let message = try? WMS.RawSendRequest(decoding: frame).message { taken.insert(message.octets) }
      rig.respond(to: request, succeeds ? Sample.sent(frame, reference: 1) : Sample.refused(frame))
    case WMS.ID.rawRead where frame.service == .wms && succeeds:
      guard let message = try? Sample.raw(chance(50) ? Sample.deliver().encoded() : Sample.submit().encoded()) else { return }
      rig.respond(
        to: request,
        WMS.RawReadResponse(.init(tag: .receivedUnread, message: message))
          .encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction)))
    default:
      rig.respond(to: request, frame.response(succeeds ? .success : .failure(.internal)))
    }
  }

  private mutating func decide() {
    guard let (id, submission) = submissions.randomElement(using: &random) else { return }
    let resolution: SubmissionResolution =
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<3: .forward
      case 3..<6: submission.isComplete ? .succeed(messageReference: 7) : .hold
      case 6..<9: .hold
      default: .fail(Sample.refusal)
      }
    submissions[id] = nil
    let octets = Set(submission.parts.map { [0] + $0.submit.encoded() })
    partsOf[id] = octets
    let accepted = rig.resolve(id, resolution)
    guard accepted, submission.isComplete else { return }
    // Arrived by other means: what was promised is kept.
    if case .succeed = resolution { for part in octets { keep(part) } }
  }

  private mutating func keep(_ part: [UInt8]) {
    promised[part] = .kept
    taken.insert(part)
  }

  private mutating func forget(_ client: ClientConnection) {
    clients.removeAll { $0 == client }
  }

  private mutating func collect() throws {
    requests += rig.takeRequests()
    for client in rig.closed.keys { forget(client) }
    // Answers first: the events may tell what became of them.
    for client in clients + Array(rig.closed.keys) {
      for frame in rig.take(client) where frame.kind == .response && !frame.isControl {
        let key = Asked(client: client, transaction: frame.transaction)
        #expect(asked.remove(key) != nil, "an answer nobody asked for")
        if frame.messageID == WMS.ID.rawSend, let octets = senders[key] {
          if frame.result == .success {
            if promised[octets] == nil { promised[octets] = taken.contains(octets) ? .kept : .open }
          } else {
            // The client knows that the message this belongs to has failed.
            for (id, parts) in partsOf where parts.contains(octets) { failed(id) }
          }
        }
      }
    }
    for event in rig.takeEvents() {
      switch event {
      case .submitted(let submission):
        submissions[submission.id] = submission
        partsOf[submission.id] = Set(submission.parts.map { [0] + $0.submit.encoded() })
      case .received(let message): incoming.append(message.id)
      case .released(let id, _): submissions[id] = nil
      default: break
      }
    }
    for part in taken where promised[part] == .open { promised[part] = .kept }
  }

  private mutating func failed(_ id: SubmissionID) {
    for part in partsOf[id] ?? [] where promised[part] == .open { promised[part] = .kept }
  }

  /// A modem that works, clients that have left, decisions made: what is promised has to come true.
  mutating func settle() throws {
    for client in clients { rig.disconnect(client) }
    clients = []
    rig.openModem()
    try collect()
    for _ in 0..<300 {
      for (id, submission) in submissions {
        let octets = Set(submission.parts.map { [0] + $0.submit.encoded() })
        partsOf[id] = octets
        rig.resolve(id, .forward)
      }
      submissions = [:]
      while !requests.isEmpty { answer(requests.removeFirst(), succeeds: true) }
      try collect()
      rig.advance(.seconds(1))
      try collect()
    }
  }
}
