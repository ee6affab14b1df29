/// A message of known layout that can be taken from a frame and made into one.
public protocol QMIMessage: Hashable, Sendable {
  static var service: QMIService { get }
  static var messageID: MessageID { get }
  static var kind: QMUXFrame.Kind { get }

  /// Takes the message from a frame. Unknown TLVs are passed over; of a tag that occurs twice the first counts, as in libqmi.
  ///
  /// - Throws: when the frame is another message, or a field is missing or malformed.
  init(decoding frame: QMUXFrame) throws(QMIDecodingError)

  /// Writes the message's TLVs.
  func encode(to builder: inout QMIMessageBuilder)
}

extension QMIMessage {
  /// True when service, message id and kind are those of this message. Cheap; says nothing about the TLVs.
  @inlinable
  public static func matches(_ frame: QMUXFrame) -> Bool {
    frame.service == service && frame.messageID == messageID && frame.kind == kind
  }

  static func check(_ frame: QMUXFrame) throws(QMIDecodingError) {
    guard matches(frame) else { throw .unexpectedMessage }
  }
}

/// A message of the control service.
public protocol ControlMessage: QMIMessage {}

extension ControlMessage {
  public static var service: QMIService { .control }

  public func encoded(transaction: ControlTransactionID) -> QMUXFrame {
    var builder = QMIMessageBuilder(
      Self.kind, service: .control, client: .control, transaction: UInt16(transaction.rawValue), message: Self.messageID)
    encode(to: &builder)
    return builder.finish()
  }
}

/// A message of any other service.
public protocol ServiceMessage: QMIMessage {}

extension ServiceMessage {
  /// - Parameters:
  ///   - client: who in the service sends or receives it; ``ClientID/broadcast`` for an indication to all.
  ///   - transaction: chosen by the one who requests and repeated in the response; an indication has one of its own.
  public func encoded(client: ClientID, transaction: ServiceTransactionID) -> QMUXFrame {
    var builder = QMIMessageBuilder(
      Self.kind, service: Self.service, client: client, transaction: transaction.rawValue, message: Self.messageID)
    encode(to: &builder)
    return builder.finish()
  }
}

/// A request without fields.
public protocol EmptyRequest: QMIMessage {
  init()
}

extension EmptyRequest {
  public static var kind: QMUXFrame.Kind { .request }

  public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
    try Self.check(frame)
    self.init()
  }

  public func encode(to builder: inout QMIMessageBuilder) {}
}

/// A response whose only field is its result.
public protocol ResultResponse: QMIMessage {
  var result: QMIResult { get }
  init(result: QMIResult)
}

extension ResultResponse {
  public static var kind: QMUXFrame.Kind { .response }

  public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
    try Self.check(frame)
    self.init(result: try frame.requiredResult())
  }

  public func encode(to builder: inout QMIMessageBuilder) {
    builder.append(result)
  }
}

extension QMUXFrame {
  func requiredResult() throws(QMIDecodingError) -> QMIResult {
    var reader = try requiredReader(of: QMIResult.tag)
    return try QMIResult(reading: &reader)
  }

  /// The one number in an optional TLV of a request, nil without the TLV.
  func optionalUInt8(of tag: TLV.Tag) throws(QMIDecodingError) -> UInt8? {
    guard var reader = reader(of: tag) else { return nil }
    let value = try reader.readUInt8()
    if kind == .request { try reader.expectEnd() }
    return value
  }

  /// The one flag in an optional TLV, nil without the TLV.
  func optionalBool(of tag: TLV.Tag) throws(QMIDecodingError) -> Bool? {
    try optionalUInt8(of: tag).map { $0 != 0 }
  }

  /// The one 16-bit number in an optional TLV of a response, nil without the TLV.
  func optionalUInt16(of tag: TLV.Tag) throws(QMIDecodingError) -> UInt16? {
    guard var reader = reader(of: tag) else { return nil }
    return try reader.readUInt16()
  }
}

extension QMIMessageBuilder {
  mutating func append(_ tag: TLV.Tag, ifPresent value: UInt8?) {
    if let value { append(tag) { $0.append(value) } }
  }

  mutating func append(_ tag: TLV.Tag, ifPresent value: Bool?) {
    if let value { append(tag) { $0.append(value) } }
  }

  mutating func append(_ tag: TLV.Tag, ifPresent value: UInt16?) {
    if let value { append(tag) { $0.append(value) } }
  }
}
