import Telephony

/// Reads the fields of one frame in order; each read checks the bounds and moves on.
struct CarrierLinkReader {
  private var rest: ArraySlice<UInt8>

  init(_ octets: [UInt8]) {
    rest = octets[...]
  }

  mutating func kind() throws(CarrierLinkError) -> UInt8 {
    guard let kind = rest.popFirst() else { throw .empty }
    return kind
  }

  mutating func uint8() throws(CarrierLinkError) -> UInt8 {
    guard let octet = rest.popFirst() else { throw .truncated }
    return octet
  }

  mutating func bool() throws(CarrierLinkError) -> Bool {
    switch try uint8() {
    case 0: false
    case 1: true
    default: throw .invalidField
    }
  }

  mutating func uint16() throws(CarrierLinkError) -> UInt16 { UInt16(truncatingIfNeeded: try number(2)) }
  mutating func uint32() throws(CarrierLinkError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }
  mutating func uint64() throws(CarrierLinkError) -> UInt64 { try number(8) }

  private mutating func number(_ octetCount: Int) throws(CarrierLinkError) -> UInt64 {
    guard rest.count >= octetCount else { throw .truncated }
    let value = rest.prefix(octetCount).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    rest = rest.dropFirst(octetCount)
    return value
  }

  mutating func octets() throws(CarrierLinkError) -> [UInt8] {
    let count = Int(try uint16())
    guard rest.count >= count else { throw .truncated }
    let octets = Array(rest.prefix(count))
    rest = rest.dropFirst(count)
    return octets
  }

  mutating func text() throws(CarrierLinkError) -> String {
    guard let text = String(validating: try octets(), as: UTF8.self) else { throw .invalidField }
    return text
  }

  mutating func phoneNumber() throws(CarrierLinkError) -> PhoneNumber {
    guard let number = try? PhoneNumber(e164: try text()) else { throw .invalidField }
    return number
  }

  /// Milliseconds; negative durations do not occur.
  mutating func duration() throws(CarrierLinkError) -> Duration {
    guard let milliseconds = Int64(exactly: try uint64()) else { throw .invalidField }
    return .milliseconds(milliseconds)
  }

  mutating func count() throws(CarrierLinkError) -> Int? {
    try bool() ? Int(try uint32()) : nil
  }

  mutating func refusal() throws(CarrierLinkError) -> (RPCause, FailureCause?) {
    let cause = RPCause(rawValue: try uint8())
    return (cause, try bool() ? FailureCause(rawValue: try uint8()) : nil)
  }

  mutating func outcome() throws(CarrierLinkError) -> CarrierLink.TransferOutcome {
    guard try bool() else { return .accepted }
    let (cause, failureCause) = try refusal()
    return .refused(cause, failureCause: failureCause)
  }

  mutating func rule() throws(CarrierLinkError) -> CarrierRule {
    let match: CarrierRule.Match
    switch try uint8() {
    case 0: match = .any
    case 1: match = .sender(try text())
    case 2: match = .recipient(try text())
    default: throw .invalidField
    }
    let effect: CarrierRule.Effect
    switch try uint8() {
    case 0:
      let (cause, failureCause) = try refusal()
      effect = .reject(cause, failureCause: failureCause)
    case 1: effect = .delayAnswer(try duration())
    case 2: effect = .delay(try duration())
    case 3: effect = .drop
    case 4: effect = .silence
    case 5: effect = .repeated(Int(try uint32()))
    default: throw .invalidField
    }
    return CarrierRule(match: match, effect: effect, count: try count())
  }

  mutating func record() throws(CarrierLinkError) -> CarrierRecord {
    let number = try uint64()
    let time = WallTime(millisecondsSince1970: Int64(bitPattern: try uint64()))
    guard let kind = CarrierRecord.Kind(rawValue: try uint8()) else { throw .invalidField }
    let outcome: CarrierRecord.Outcome
    switch try uint8() {
    case 0: outcome = .accepted
    case 1:
      let (cause, failureCause) = try refusal()
      outcome = .refused(cause, failureCause: failureCause)
    case 2: outcome = .dropped
    case 3: outcome = .unanswered
    default: throw .invalidField
    }
    let sender = try text()
    let recipient = try text()
    let text = try text()
    var part: CarrierRecord.Part?
    if try bool() {
      part = .init(reference: try uint16(), total: try uint8(), number: try uint8())
    }
    return CarrierRecord(
      number: number, time: time, kind: kind, outcome: outcome, sender: sender, recipient: recipient, text: text, part: part,
      tpdu: try octets())
  }

  func expectEnd() throws(CarrierLinkError) {
    guard rest.isEmpty else { throw .trailingOctets }
  }
}

/// Writes the fields of one frame.
struct CarrierLinkWriter {
  private var octets: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger & UnsignedInteger) {
    var shift = value.bitWidth
    while shift > 0 {
      shift -= 8
      octets.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func append(_ flag: Bool) {
    octets.append(flag ? 1 : 0)
  }

  mutating func append(octets value: some Collection<UInt8>) {
    let part = value.prefix(Int(UInt16.max))
    append(UInt16(clamping: part.count))
    octets.append(contentsOf: part)
  }

  /// Cut between characters when it is too long.
  mutating func append(_ text: String) {
    var part = text
    while part.utf8.count > Int(UInt16.max) { part.removeLast() }
    append(octets: part.utf8)
  }

  mutating func append(_ duration: Duration) {
    let (seconds, attoseconds) = max(duration, .zero).components
    let milliseconds = min(seconds, Int64.max / 1000 - 1) * 1000 + attoseconds / 1_000_000_000_000_000
    append(UInt64(milliseconds))
  }

  mutating func append(_ cause: RPCause, _ failureCause: FailureCause?) {
    append(cause.rawValue)
    append(failureCause != nil)
    if let failureCause { append(failureCause.rawValue) }
  }

  mutating func append(_ outcome: CarrierLink.TransferOutcome) {
    switch outcome {
    case .accepted:
      append(false)
    case .refused(let cause, let failureCause):
      append(true)
      append(cause, failureCause)
    }
  }

  mutating func append(_ rule: CarrierRule) {
    switch rule.match {
    case .any:
      append(0 as UInt8)
    case .sender(let sender):
      append(1 as UInt8)
      append(sender)
    case .recipient(let recipient):
      append(2 as UInt8)
      append(recipient)
    }
    switch rule.effect {
    case .reject(let cause, let failureCause):
      append(0 as UInt8)
      append(cause, failureCause)
    case .delayAnswer(let duration):
      append(1 as UInt8)
      append(duration)
    case .delay(let duration):
      append(2 as UInt8)
      append(duration)
    case .drop:
      append(3 as UInt8)
    case .silence:
      append(4 as UInt8)
    case .repeated(let count):
      append(5 as UInt8)
      append(UInt32(clamping: count))
    }
    append(rule.remainingCount != nil)
    if let count = rule.remainingCount { append(UInt32(clamping: count)) }
  }

  mutating func append(_ record: CarrierRecord) {
    append(record.number)
    append(UInt64(bitPattern: record.time.millisecondsSince1970))
    append(record.kind.rawValue)
    switch record.outcome {
    case .accepted:
      append(0 as UInt8)
    case .refused(let cause, let failureCause):
      append(1 as UInt8)
      append(cause, failureCause)
    case .dropped:
      append(2 as UInt8)
    case .unanswered:
      append(3 as UInt8)
    }
    append(record.sender)
    append(record.recipient)
    append(record.text)
    append(record.part != nil)
    if let part = record.part {
      append(part.reference)
      append(part.total)
      append(part.number)
    }
    append(octets: record.tpdu)
  }

  /// The fields behind their count.
  func frame() -> [UInt8] {
    var counted = CarrierLinkWriter()
    counted.append(UInt32(clamping: octets.count))
    return counted.octets + octets
  }
}
