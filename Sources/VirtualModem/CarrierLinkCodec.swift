import Telephony

/// A message of the link between carrier and modem that can be put on a wire.
///
/// A frame is a 4-octet big-endian count of what follows, one octet that says which message it is, and its fields: numbers big-endian,
/// texts in UTF-8 and octets behind their count in two octets, what may be missing behind an octet 1 (there) or 0.
public protocol CarrierLinkMessage: Hashable, Sendable {
  /// The message from a frame without its count.
  init(decoding octets: [UInt8]) throws(CarrierLinkError)
  /// The whole frame. Texts and TPDUs longer than 65,535 octets are cut.
  func encoded() -> [UInt8]
}

/// Octets that are no message of the carrier link.
public enum CarrierLinkError: Error, Hashable, Sendable {
  /// A frame announces more than ``CarrierLinkDecoder/maximumOctetCount`` octets.
  case tooLong(octetCount: Int)
  /// A frame without its first octet.
  case empty
  /// The first octet names no message.
  case unknownMessage(UInt8)
  /// The frame ends within a field.
  case truncated
  /// The frame goes on after the last field.
  case trailingOctets
  /// A field has a value that it cannot have.
  case invalidField
}

/// Cuts a stream of octets into messages. `next()` returns nil when more octets are needed and throws when those there are bad;
/// the stream is of no more use then.
public struct CarrierLinkDecoder<Message: CarrierLinkMessage>: Sendable {
  /// The longest frame taken, its count not included: a record with a text and a TPDU fits many times over.
  public static var maximumOctetCount: Int { 1 << 18 }

  private var buffer: [UInt8] = []
  private var failure: CarrierLinkError?

  public init() {}

  public mutating func append(_ octets: some Collection<UInt8>) {
    guard failure == nil else { return }
    buffer.append(contentsOf: octets)
  }

  public mutating func next() throws(CarrierLinkError) -> Message? {
    if let failure { throw failure }
    guard buffer.count >= 4 else { return nil }
    let count = buffer.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard count <= Self.maximumOctetCount else { throw fail(.tooLong(octetCount: count)) }
    guard buffer.count >= 4 + count else { return nil }
    let octets = Array(buffer[4..<(4 + count)])
    buffer.removeFirst(4 + count)
    do {
      return try Message(decoding: octets)
    } catch {
      throw fail(error)
    }
  }

  private mutating func fail(_ error: CarrierLinkError) -> CarrierLinkError {
    failure = error
    buffer = []
    return error
  }
}

extension CarrierLink.Request: CarrierLinkMessage {
  public init(decoding octets: [UInt8]) throws(CarrierLinkError) {
    var reader = CarrierLinkReader(octets)
    switch try reader.kind() {
    case 1: self = .attach(try reader.phoneNumber())
    case 2: self = .detach
    case 3: self = .submit(id: try reader.uint32(), tpdu: try reader.octets())
    case 4: self = .deliverResult(id: try reader.uint32(), outcome: try reader.outcome())
    case 5: self = .memoryAvailable
    case 6:
      self = .inject(
        id: try reader.uint32(), sender: try reader.text(), recipient: try reader.phoneNumber(), text: try reader.text())
    case 7: self = .addRule(try reader.rule())
    case 8: self = .removeAllRules
    case 9: self = .records(from: try reader.uint64(), follow: try reader.bool())
    case let kind: throw .unknownMessage(kind)
    }
    try reader.expectEnd()
  }

  public func encoded() -> [UInt8] {
    var writer = CarrierLinkWriter()
    switch self {
    case .attach(let number):
      writer.append(1 as UInt8)
      writer.append(number.e164)
    case .detach:
      writer.append(2 as UInt8)
    case .submit(let id, let tpdu):
      writer.append(3 as UInt8)
      writer.append(id)
      writer.append(octets: tpdu)
    case .deliverResult(let id, let outcome):
      writer.append(4 as UInt8)
      writer.append(id)
      writer.append(outcome)
    case .memoryAvailable:
      writer.append(5 as UInt8)
    case .inject(let id, let sender, let recipient, let text):
      writer.append(6 as UInt8)
      writer.append(id)
      writer.append(sender)
      writer.append(recipient.e164)
      writer.append(text)
    case .addRule(let rule):
      writer.append(7 as UInt8)
      writer.append(rule)
    case .removeAllRules:
      writer.append(8 as UInt8)
    case .records(let first, let follow):
      writer.append(9 as UInt8)
      writer.append(first)
      writer.append(follow)
    }
    return writer.frame()
  }
}

extension CarrierLink.Event: CarrierLinkMessage {
  public init(decoding octets: [UInt8]) throws(CarrierLinkError) {
    var reader = CarrierLinkReader(octets)
    switch try reader.kind() {
    case 1: self = .attached
    case 2: self = .submitResult(id: try reader.uint32(), outcome: try reader.outcome())
    case 3: self = .deliver(id: try reader.uint32(), tpdu: try reader.octets())
    case 4: self = .injected(id: try reader.uint32(), partCount: Int(try reader.uint32()))
    case 5: self = .refused(id: try reader.uint32(), reason: try reader.text())
    case 6: self = .record(try reader.record())
    case 7: self = .recordsEnd(next: try reader.uint64())
    case let kind: throw .unknownMessage(kind)
    }
    try reader.expectEnd()
  }

  public func encoded() -> [UInt8] {
    var writer = CarrierLinkWriter()
    switch self {
    case .attached:
      writer.append(1 as UInt8)
    case .submitResult(let id, let outcome):
      writer.append(2 as UInt8)
      writer.append(id)
      writer.append(outcome)
    case .deliver(let id, let tpdu):
      writer.append(3 as UInt8)
      writer.append(id)
      writer.append(octets: tpdu)
    case .injected(let id, let partCount):
      writer.append(4 as UInt8)
      writer.append(id)
      writer.append(UInt32(clamping: partCount))
    case .refused(let id, let reason):
      writer.append(5 as UInt8)
      writer.append(id)
      writer.append(reason)
    case .record(let record):
      writer.append(6 as UInt8)
      writer.append(record)
    case .recordsEnd(let next):
      writer.append(7 as UInt8)
      writer.append(next)
    }
    return writer.frame()
  }
}
