import QMI
import Telephony
import Testing
import VirtualModem

struct CarrierTests {
  private static let alice = "+919876543210"
  private static let bob = "+919811112222"

  @Test func forwards() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    #expect(network.carrier.attachedNumbers == [Self.alice, Self.bob])
    try network.send(from: 0, to: Self.bob, "Hello Bob €")
    #expect(try network.inbox(1) == ["\(Self.alice): Hello Bob €"])
    #expect(try network.inbox(0) == [])
    #expect(network.sendResponses(0) == [.init(messageReference: 1)])
    #expect(network.carrier.records.map(\.kind) == [.submit, .deliver])
    #expect(network.carrier.records.map(\.outcome) == [.accepted, .accepted])
    let pdu = try RawPDU(decoding: try #require(network.modems[1].storedMessages(in: .nv)[0]).message.octets)
    let deliver = try SMSDeliver(decoding: pdu.tpdu)
    #expect(deliver.serviceCentreTimestamp.wallTime == WallTime(millisecondsSince1970: 1_790_000_000_000))
  }

  @Test func threeParts() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    try network.send(from: 0, to: Self.bob, String(repeating: "0123456789", count: 40))
    #expect(try network.inbox(1).count == 3)
    #expect(network.carrier.records.filter { $0.kind == .deliver }.compactMap(\.part?.number) == [1, 2, 3])
    #expect(network.sendResponses(0).map(\.messageReference) == [1, 2, 3])
  }

  @Test(arguments: ["+919811112222", "00919811112222", "09811112222", "9811112222"])
  func formsOfANumber(_ dialled: String) throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    try network.send(from: 0, to: dialled, "x")
    #expect(try network.inbox(1).count == 1)
  }

  @Test(arguments: ["112", "57575", "+14155550100", "*123#"])
  func takesWhatItCannotDeliver(_ dialled: String) throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    try network.send(from: 0, to: dialled, "x")
    #expect(network.sendResponses(0).map(\.result) == [.success])
    #expect(network.carrier.records.map(\.recipient) == [dialled])
    #expect(network.carrier.records.map(\.kind) == [.submit])
  }

  @Test func storesForThoseWhoAreAway() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    network.modems[1].unplug(now: network.now)
    network.pump()
    try network.send(from: 0, to: Self.bob, "first")
    try network.send(from: 0, to: Self.bob, "second")
    #expect(network.carrier.waitingCount(for: try PhoneNumber(e164: Self.bob)) == 2)
    #expect(try network.inbox(1) == [])
    network.modems[1].plugIn(now: network.now)
    network.pump()
    #expect(try network.inbox(1) == ["\(Self.alice): first", "\(Self.alice): second"])
    #expect(network.carrier.waitingCount(for: try PhoneNumber(e164: Self.bob)) == 0)
  }

  @Test func statusReport() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    try network.send(from: 0, to: Self.bob, "well?", report: true)
    let stored = try #require(network.modems[0].storedMessages(in: .nv)[0])
    let report = try SMSStatusReport(decoding: try RawPDU(decoding: stored.message.octets).tpdu)
    #expect(report.messageReference == 1)
    #expect(report.status == .received)
    #expect(report.recipientAddress.dialString == Self.bob)
    #expect(network.carrier.records.map(\.kind) == [.submit, .deliver, .statusReport])
  }

  @Test func fullMemoryAndRoomAgain() throws {
    let network = try TestNetwork([Self.alice])
    let small = try TestHost(Self.bob) { $0.deviceCapacity = 1 }
    _ = try small.allocate(.wms)
    network.modems.append(small.modem)
    network.frames.append([])
    network.carrier.connected(.init(rawValue: 1), now: .zero)
    network.modems[1].carrierConnected(now: .zero)
    network.pump()
    try network.send(from: 0, to: Self.bob, "one")
    try network.send(from: 0, to: Self.bob, "two")
    #expect(try network.inbox(1) == ["\(Self.alice): one"])
    network.modems[1].hostSent(WMS.DeleteRequest(storage: .nv, index: 0).encoded(client: 1, transaction: 1), now: .zero)
    network.pump()
    #expect(try network.inbox(1) == ["\(Self.alice): two"])
    #expect(network.carrier.records.map(\.outcome).contains(.refused(RPCause(rawValue: 22), failureCause: .memoryCapacityExceeded)))
  }

  @Test func modemThatDoesNotAnswerGetsItAgain() throws {
    var carrier = VirtualCarrier()
    let link = VirtualCarrier.LinkID(rawValue: 1)
    carrier.connected(link, now: .zero)
    let number = try PhoneNumber(e164: Self.bob)
    carrier.received(.attach(number), from: link, now: .zero)
    carrier.received(.inject(id: 1, sender: "Bank", recipient: number, text: "Code 1234"), from: link, now: .zero)
    func deliveries() -> [UInt32] {
      var ids: [UInt32] = []
      while let action = carrier.nextAction() {
        if case .send(.deliver(let id, _), _) = action { ids.append(id) }
      }
      return ids
    }
    #expect(deliveries() == [1])
    #expect(carrier.nextDeadline == .seconds(30))
    carrier.timeReached(.seconds(30))
    #expect(deliveries() == [])
    #expect(carrier.nextDeadline == .seconds(90))
    carrier.timeReached(.seconds(90))
    #expect(deliveries() == [2])
    // The late answer to the first does not count.
    carrier.received(.deliverResult(id: 1, outcome: .accepted), from: link, now: .seconds(91))
    #expect(carrier.waitingCount(for: number) == 1)
    carrier.received(.deliverResult(id: 2, outcome: .accepted), from: link, now: .seconds(91))
    #expect(carrier.waitingCount(for: number) == 0)
    #expect(carrier.records.map(\.outcome) == [.accepted, .unanswered, .accepted])
  }

  @Test func sameNumberTwice() throws {
    let network = try TestNetwork([Self.alice, Self.bob, Self.bob])
    #expect(network.closed == [.init(rawValue: 1)])
    try network.send(from: 0, to: Self.bob, "who?")
    #expect(try network.inbox(1) == [])
    #expect(try network.inbox(2).count == 1)
  }

  @Test func notAttachedNoSubmission() throws {
    var carrier = VirtualCarrier()
    let link = VirtualCarrier.LinkID(rawValue: 1)
    carrier.received(.submit(id: 1, tpdu: []), from: link, now: .zero)
    #expect(carrier.nextAction() == nil)
    carrier.connected(link, now: .zero)
    carrier.received(.submit(id: 1, tpdu: []), from: link, now: .zero)
    #expect(
      carrier.nextAction()
        == .send(.submitResult(id: 1, outcome: .refused(.unidentifiedSubscriber, failureCause: nil)), to: link))
    carrier.received(.attach(try PhoneNumber(e164: Self.bob)), from: link, now: .zero)
    #expect(carrier.nextAction() == .send(.attached, to: link))
    carrier.received(.submit(id: 2, tpdu: [0xFF, 0xFF]), from: link, now: .zero)
    #expect(
      carrier.nextAction()
        == .send(.submitResult(id: 2, outcome: .refused(.interworking, failureCause: .tpduNotSupported)), to: link))
  }

  // MARK: - Programs

  @Test func injection() throws {
    let network = try TestNetwork([Self.alice])
    try network.inject("Shunt code: ABCD2345", from: "Shunt", to: Self.alice)
    try network.inject("You won", from: "57575", to: Self.alice)
    try network.inject(String(repeating: "long ", count: 60), from: "+447700900123", to: Self.alice)
    #expect(network.events == [.injected(id: 1, partCount: 1), .injected(id: 1, partCount: 1), .injected(id: 1, partCount: 2)])
    #expect(try network.inbox(0).prefix(2) == ["Shunt: Shunt code: ABCD2345", "57575: You won"])
    #expect(try network.inbox(0).count == 4)
    try network.inject("x", from: "A name that is too long", to: Self.alice)
    try network.inject("x", from: "", to: Self.alice)
    #expect(network.events.suffix(2).allSatisfy { if case .refused = $0 { true } else { false } })
  }

  @Test func records() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    try network.send(from: 0, to: Self.bob, "before")
    network.carrier.received(.records(from: 1, follow: true), from: TestNetwork.program, now: .zero)
    network.pump()
    #expect(network.events.count == 2)
    #expect(network.events.last == .recordsEnd(next: 2))
    try network.send(from: 0, to: Self.bob, "after")
    #expect(network.events.count == 4)
    network.carrier.received(.records(from: 4, follow: false), from: TestNetwork.program, now: .zero)
    try network.send(from: 0, to: Self.bob, "unwatched")
    #expect(network.events.last == .recordsEnd(next: 4))
  }

  @Test func recordsAreBounded() throws {
    var configuration = VirtualCarrier.Configuration()
    configuration.recordCapacity = 20
    let network = try TestNetwork([Self.alice], configuration)
    for _ in 0..<50 { try network.send(from: 0, to: "112", "x") }
    #expect(network.carrier.records.count <= 20)
    #expect(network.carrier.records.last?.number == 49)
  }

  @Test func mailboxesAreBounded() throws {
    var configuration = VirtualCarrier.Configuration()
    configuration.mailboxCapacity = 3
    let network = try TestNetwork([Self.alice], configuration)
    for _ in 0..<4 { try network.send(from: 0, to: Self.bob, "x") }
    #expect(network.sendResponses(0).map(\.result) == [.success, .success, .success, .failure(.wmsCauseCode)])
  }

  @Test func jsonLine() throws {
    let record = CarrierRecord(
      number: 3, time: WallTime(millisecondsSince1970: 0), kind: .submit, outcome: .refused(.congestion, failureCause: .serviceCentreBusy),
      sender: Self.alice, recipient: "112", text: "a \"b\"\\\n\u{1}é", part: .init(reference: 7, total: 3, number: 1), tpdu: [0x01, 0xAB])
    #expect(
      record.jsonLine
        == #"{"number":3,"time":"1970-01-01T00:00:00.000Z","kind":"submit","outcome":"refused","rp_cause":42,"tp_failure_cause":192,"#
        + #""from":"+919876543210","to":"112","text":"a \"b\"\\\n\u0001é","reference":7,"part":1,"parts":3,"tpdu":"01ab"}"#)
  }

  // MARK: - Rules

  @Test func reject() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    network.carrier.add(
      CarrierRule(match: .recipient(Self.bob), effect: .reject(.callBarred, failureCause: .destinationBarred), count: 1))
    try network.send(from: 1, to: Self.alice, "passes")
    try network.send(from: 0, to: Self.bob, "does not")
    #expect(network.sendResponses(0).map(\.result) == [.failure(.wmsCauseCode)])
    #expect(network.sendResponses(0)[0].failure?.cause == .init(rpCause: .callBarred, tpCause: .destinationBarred))
    try network.send(from: 0, to: Self.bob, "passes again")
    #expect(try network.inbox(1) == ["\(Self.alice): passes again"])
    #expect(try network.inbox(0).count == 1)
  }

  @Test func dropAndSilence() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    network.carrier.add(CarrierRule(match: .sender(Self.alice), effect: .drop, count: 1))
    network.carrier.add(CarrierRule(effect: .silence, count: 1))
    try network.send(from: 0, to: Self.bob, "dropped", report: true)
    #expect(network.sendResponses(0).map(\.result) == [.success])
    try network.send(from: 0, to: Self.bob, "unanswered")
    #expect(network.sendResponses(0).count == 1)
    network.wait(.seconds(40))
    #expect(network.sendResponses(0).map(\.result) == [.success, .failure(.wmsMessageNotSent)])
    #expect(try network.inbox(1) == [] && network.inbox(0) == [])
    #expect(network.carrier.records.map(\.outcome) == [.dropped, .dropped])
  }

  @Test func delays() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    network.carrier.add(CarrierRule(effect: .delay(.seconds(10)), count: 1))
    network.carrier.add(CarrierRule(effect: .delayAnswer(.seconds(5)), count: 1))
    try network.send(from: 0, to: Self.bob, "late")
    #expect(network.sendResponses(0).count == 1)
    try network.send(from: 0, to: Self.bob, "answered late")
    #expect(network.sendResponses(0).count == 1)
    #expect(try network.inbox(1) == [])
    network.wait(.seconds(5))
    #expect(network.sendResponses(0).count == 2)
    #expect(try network.inbox(1) == ["\(Self.alice): answered late"])
    network.wait(.seconds(5))
    #expect(try network.inbox(1).count == 2)
  }

  @Test func repetition() throws {
    let network = try TestNetwork([Self.alice, Self.bob])
    network.carrier.add(CarrierRule(effect: .repeated(3)))
    try network.send(from: 0, to: Self.bob, "again", report: true)
    #expect(try network.inbox(1).count == 3)
    #expect(network.modems[0].storedMessages(in: .nv).count == 1)
    network.carrier.removeAllRules()
    try network.send(from: 0, to: Self.bob, "once")
    #expect(try network.inbox(1).count == 4)
  }
}
