/// One QMUX frame with one QMI message, as it is on the wire.
///
///     01  length(2)  flags  service  client  |  QMI flags  transaction(1 or 2)  message(2)  TLV length(2)  |  TLVs
///
/// All numbers are little-endian; the first length counts everything behind the marker 0x01. The control
/// service has a transaction of one octet, all others of two. A value of this type has passed all checks on its lengths, down to
/// its last TLV, so that its accessors need none.
public struct QMUXFrame: Hashable, Sendable {
  /// What a message is to the exchange it belongs to.
  public enum Kind: Hashable, Sendable {
    case request
    case response
    case indication
  }

  /// The octet that every frame starts with.
  @inlinable public static var marker: UInt8 { 0x01 }
  /// The longest frame that the QMUX length can tell: 65,535 octets and the marker.
  @inlinable public static var maximumOctetCount: Int { 0x1_0000 }
  /// The shortest frame: a control message without TLVs.
  @inlinable public static var minimumOctetCount: Int { controlHeaderOctetCount }

  /// Octets before the TLVs of a control message.
  @inlinable static var controlHeaderOctetCount: Int { 12 }
  /// Octets before the TLVs of any other message.
  @inlinable static var serviceHeaderOctetCount: Int { 13 }

  @usableFromInline var storage: [UInt8]

  /// The whole frame, marker included.
  @inlinable public var octets: [UInt8] { storage }

  /// Checks marker, both lengths, and that the TLVs fill the frame exactly.
  ///
  /// - Throws: the first thing that is wrong; see ``QMUXError``.
  public init(_ octets: [UInt8]) throws(QMUXError) {
    if let error = octets.withUnsafeBytes(QMUXFrame.defect) { throw error }
    storage = octets
  }

  /// For octets that have passed ``defect(_:)``, or were built here.
  @inlinable
  init(unchecked octets: [UInt8]) {
    storage = octets
  }

  /// What keeps `octets` from being exactly one frame, nil when nothing does.
  static func defect(_ octets: UnsafeRawBufferPointer) -> QMUXError? {
    guard octets.count > 0 else { return .tooShort(octetCount: 0) }
    guard octets[0] == marker else { return .badMarker(octets[0]) }
    guard octets.count >= controlHeaderOctetCount else { return .tooShort(octetCount: octets.count) }
    let announced = Int(octets.littleEndianUInt16(at: 1)) + 1
    guard announced == octets.count else { return .wrongOctetCount(announced: announced, actual: octets.count) }
    let isControl = octets[4] == QMIService.control.rawValue
    let start = isControl ? controlHeaderOctetCount : serviceHeaderOctetCount
    guard octets.count >= start else { return .tooShort(octetCount: octets.count) }
    let tlvOctetCount = Int(octets.littleEndianUInt16(at: start - 2))
    guard octets.count - start == tlvOctetCount else {
      return .wrongTLVOctetCount(announced: tlvOctetCount, actual: octets.count - start)
    }
    var position = start
    while position < octets.count {
      guard octets.count - position >= TLV.headerOctetCount else { return .truncatedTLV }
      let valueOctetCount = Int(octets.littleEndianUInt16(at: position + 1))
      position += TLV.headerOctetCount
      guard octets.count - position >= valueOctetCount else { return .truncatedTLV }
      position += valueOctetCount
    }
    return nil
  }
}

// MARK: - Header

extension QMUXFrame {
  @inlinable public var service: QMIService { QMIService(rawValue: storage[4]) }

  /// Who in the service sent or receives the message; ``ClientID/control`` for control messages.
  @inlinable public var clientID: ClientID { ClientID(rawValue: storage[5]) }

  /// True for a message of the control service, whose header differs.
  @inlinable public var isControl: Bool { storage[4] == QMIService.control.rawValue }

  /// Request, response or indication. A message flagged as both of the latter counts as a response, as in libqmi.
  @inlinable public var kind: Kind {
    let flags = storage[6]
    let (response, indication): (UInt8, UInt8) = isControl ? (0x01, 0x02) : (0x02, 0x04)
    if flags & response != 0 { return .response }
    return flags & indication != 0 ? .indication : .request
  }

  @inlinable public var messageID: MessageID {
    let start = isControl ? 8 : 9
    return MessageID(rawValue: UInt16(storage[start]) | UInt16(storage[start + 1]) << 8)
  }

  /// The transaction as 16 bits whatever the service. Setting it changes the octets in place; a control message takes the low 8 bits.
  @inlinable public var transaction: UInt16 {
    get {
      isControl ? UInt16(storage[7]) : UInt16(storage[7]) | UInt16(storage[8]) << 8
    }
    set {
      storage[7] = UInt8(truncatingIfNeeded: newValue)
      if !isControl { storage[8] = UInt8(truncatingIfNeeded: newValue >> 8) }
    }
  }

  /// The transaction of a control message, nil for other services.
  @inlinable public var controlTransactionID: ControlTransactionID? {
    isControl ? ControlTransactionID(rawValue: storage[7]) : nil
  }

  /// The transaction of a message that is not of the control service, nil for that one.
  @inlinable public var serviceTransactionID: ServiceTransactionID? {
    isControl ? nil : ServiceTransactionID(rawValue: transaction)
  }
}

// MARK: - TLVs

extension QMUXFrame {
  @inlinable var tlvStart: Int {
    isControl ? QMUXFrame.controlHeaderOctetCount : QMUXFrame.serviceHeaderOctetCount
  }

  /// All TLVs in their order. A tag can occur more than once.
  @inlinable public var tlvs: TLVSequence {
    TLVSequence(octets: storage, start: tlvStart)
  }

  /// The value of the first TLV with this tag, sharing the frame's storage.
  @inlinable
  public func value(of tag: TLV.Tag) -> ArraySlice<UInt8>? {
    var position = tlvStart
    let count = storage.count
    while count - position >= TLV.headerOctetCount {
      let start = position + TLV.headerOctetCount
      let end = start + (Int(storage[position + 1]) | Int(storage[position + 2]) << 8)
      guard end <= count else { return nil }
      if storage[position] == tag.rawValue { return storage[start..<end] }
      position = end
    }
    return nil
  }

  /// A reader over the first TLV with this tag, nil when there is none.
  @inlinable
  public func reader(of tag: TLV.Tag) -> TLVReader? {
    value(of: tag).map { TLVReader(tag: tag, value: $0) }
  }

  /// A reader over the first TLV with this tag.
  ///
  /// - Throws: ``QMIDecodingError/missing(_:)``.
  @inlinable
  public func requiredReader(of tag: TLV.Tag) throws(QMIDecodingError) -> TLVReader {
    guard let reader = reader(of: tag) else { throw .missing(tag) }
    return reader
  }

  /// The outcome that a response tells, nil when it has no (whole) result TLV. Meaningless in requests and indications.
  public var result: QMIResult? {
    guard var reader = reader(of: QMIResult.tag) else { return nil }
    return try? QMIResult(reading: &reader)
  }

  /// The response to this request that carries its result and nothing else.
  public func response(_ result: QMIResult) -> QMUXFrame {
    QMIMessageBuilder(respondingTo: self, result: result).finish()
  }

  /// The response to this request that tells it failed.
  public func response(_ error: QMIError) -> QMUXFrame {
    response(.failure(error))
  }
}

/// Frames carry message texts and subscriber identities, so only the header is ever printed.
extension QMUXFrame: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    "\(service) \(kind) \(messageID), client \(clientID), transaction \(transaction), \(octets.count) octets"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension UnsafeRawBufferPointer {
  /// - Precondition: `index + 1` is within the buffer; checked in debug builds, and by every caller.
  @inline(__always)
  func littleEndianUInt16(at index: Int) -> UInt16 {
    UInt16(self[index]) | UInt16(self[index + 1]) << 8
  }
}
