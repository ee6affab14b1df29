import Telephony
import Testing
import VirtualModem

struct CarrierLinkTests {
  private static func requests() throws -> [CarrierLink.Request] {
    let number = try PhoneNumber(e164: "+919876543210")
    let effects: [CarrierRule.Effect] = [
      .reject(.congestion, failureCause: nil), .reject(.callBarred, failureCause: .destinationBarred),
      .delayAnswer(.milliseconds(1500)), .delay(.seconds(3600)), .drop, .silence, .repeated(4),
    ]
    return [
      .attach(number), .detach, .submit(id: 0xFFFF_FFFF, tpdu: [1, 2, 3]), .submit(id: 0, tpdu: []),
      .deliverResult(id: 7, outcome: .accepted),
      .deliverResult(id: 7, outcome: .refused(RPCause(rawValue: 22), failureCause: .memoryCapacityExceeded)),
      .deliverResult(id: 7, outcome: .refused(.protocolError, failureCause: nil)), .memoryAvailable,
      .inject(id: 9, sender: "Shunt", recipient: number, text: "नमस्ते 😀"), .removeAllRules,
      .records(from: .max, follow: true), .records(from: 0, follow: false),
    ]
      + effects.map { .addRule(CarrierRule(match: .sender("Bank"), effect: $0, count: 3)) }
      + [CarrierRule.Match.any, .recipient("112")].map { .addRule(CarrierRule(match: $0, effect: .drop)) }
  }

  private static func events() -> [CarrierLink.Event] {
    let outcomes: [CarrierRecord.Outcome] = [
      .accepted, .refused(.congestion, failureCause: nil), .refused(.congestion, failureCause: .serviceCentreBusy), .dropped, .unanswered,
    ]
    let records: [CarrierLink.Event] = outcomes.flatMap { outcome in
      CarrierRecord.Kind.allCases.map { kind in
        CarrierLink.Event.record(
          CarrierRecord(
            number: 12, time: WallTime(millisecondsSince1970: -1), kind: kind, outcome: outcome, sender: "+919876543210", recipient: "112",
            text: "x", part: kind == .deliver ? .init(reference: 65535, total: 3, number: 2) : nil, tpdu: [9, 8]))
      }
    }
    let others: [CarrierLink.Event] = [
      .attached, .submitResult(id: 1, outcome: .accepted), .deliver(id: 2, tpdu: [4]), .injected(id: 3, partCount: 2),
      .refused(id: 4, reason: "no"), .recordsEnd(next: 5),
    ]
    return records + others
  }

  private func decodeAll<Message: CarrierLinkMessage>(
    _: Message.Type, _ octets: [UInt8], portion: Int
  ) throws -> [Message] {
    var decoder = CarrierLinkDecoder<Message>()
    var messages: [Message] = []
    var rest = octets[...]
    while !rest.isEmpty {
      decoder.append(rest.prefix(portion))
      rest = rest.dropFirst(portion)
      while let message = try decoder.next() { messages.append(message) }
    }
    return messages
  }

  @Test(arguments: [1, 3, 1 << 20])
  func roundTrip(_ portion: Int) throws {
    let requests = try Self.requests()
    #expect(try decodeAll(CarrierLink.Request.self, requests.flatMap { $0.encoded() }, portion: portion) == requests)
    let events = Self.events()
    #expect(try decodeAll(CarrierLink.Event.self, events.flatMap { $0.encoded() }, portion: portion) == events)
  }

  @Test func everyTruncationAndExtensionIsRefused() throws {
    for message in try Self.requests() {
      let octets = Array(message.encoded().dropFirst(4))
      for count in 0..<octets.count {
        #expect(throws: CarrierLinkError.self) { try CarrierLink.Request(decoding: Array(octets.prefix(count))) }
      }
      #expect(throws: CarrierLinkError.trailingOctets) { try CarrierLink.Request(decoding: octets + [0]) }
    }
    for message in Self.events() {
      let octets = Array(message.encoded().dropFirst(4))
      for count in 0..<octets.count {
        #expect(throws: CarrierLinkError.self) { try CarrierLink.Event(decoding: Array(octets.prefix(count))) }
      }
      #expect(throws: CarrierLinkError.trailingOctets) { try CarrierLink.Event(decoding: octets + [0]) }
    }
  }

  @Test func exactErrors() {
    #expect(throws: CarrierLinkError.empty) { try CarrierLink.Event(decoding: []) }
    #expect(throws: CarrierLinkError.unknownMessage(99)) { try CarrierLink.Event(decoding: [99]) }
    #expect(throws: CarrierLinkError.invalidField) { try CarrierLink.Event(decoding: [2, 0, 0, 0, 1, 2]) }
    #expect(throws: CarrierLinkError.invalidField) { try CarrierLink.Request(decoding: [1, 0, 1, 0x2B]) }
  }

  @Test func badStreamStaysBad() throws {
    var decoder = CarrierLinkDecoder<CarrierLink.Event>()
    decoder.append([0x7F, 0, 0, 0])
    #expect(throws: CarrierLinkError.tooLong(octetCount: 0x7F00_0000)) { try decoder.next() }
    decoder.append(CarrierLink.Event.attached.encoded())
    #expect(throws: CarrierLinkError.tooLong(octetCount: 0x7F00_0000)) { try decoder.next() }
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func mutatedOctets(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let requests = try Self.requests().map { $0.encoded() }
    let events = Self.events().map { $0.encoded() }
    for _ in 0..<5000 {
      var octets = (requests + events).randomElement(using: &random)!.dropFirst(4).map { $0 }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        octets[octets.indices.randomElement(using: &random)!] = UInt8.random(in: 0...255, using: &random)
      }
      // What decodes says the same when it is encoded.
      if let request = try? CarrierLink.Request(decoding: octets) {
        #expect(Array(request.encoded().dropFirst(4)) == octets, "seed \(seed)")
      }
      if let event = try? CarrierLink.Event(decoding: octets) {
        #expect(Array(event.encoded().dropFirst(4)) == octets, "seed \(seed)")
      }
    }
  }
}
