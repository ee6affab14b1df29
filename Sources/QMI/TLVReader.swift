/// Reads the fields of one TLV in order. Each read checks the bounds and moves on in one step; all numbers are little-endian.
public struct TLVReader: Sendable {
  /// Named in the errors thrown.
  public let tag: TLV.Tag
  @usableFromInline var rest: ArraySlice<UInt8>

  @inlinable
  public init(_ tlv: TLV) {
    self.tag = tlv.tag
    self.rest = tlv.value
  }

  @inlinable
  public init(tag: TLV.Tag, value: ArraySlice<UInt8>) {
    self.tag = tag
    self.rest = value
  }

  /// How many octets have not been read.
  @inlinable public var remainingOctetCount: Int { rest.count }

  /// - Throws: ``QMIDecodingError/truncated(_:)`` at the end of the value, as all reads do.
  @inlinable
  public mutating func readUInt8() throws(QMIDecodingError) -> UInt8 {
    guard let octet = rest.popFirst() else { throw .truncated(tag) }
    return octet
  }

  @inlinable
  public mutating func readUInt16() throws(QMIDecodingError) -> UInt16 {
    guard rest.count >= 2 else { throw .truncated(tag) }
    let start = rest.startIndex
    let value = UInt16(rest[start]) | UInt16(rest[start + 1]) << 8
    rest = rest[(start + 2)...]
    return value
  }

  @inlinable
  public mutating func readUInt32() throws(QMIDecodingError) -> UInt32 {
    guard rest.count >= 4 else { throw .truncated(tag) }
    let low = UInt32(try readUInt16())
    return low | UInt32(try readUInt16()) << 16
  }

  @inlinable
  public mutating func readUInt64() throws(QMIDecodingError) -> UInt64 {
    guard rest.count >= 8 else { throw .truncated(tag) }
    let low = UInt64(try readUInt32())
    return low | UInt64(try readUInt32()) << 32
  }

  /// A flag octet; any value but zero is true.
  @inlinable
  public mutating func readBool() throws(QMIDecodingError) -> Bool {
    try readUInt8() != 0
  }

  /// The next `octetCount` octets, sharing the frame's storage.
  ///
  /// - Parameter octetCount: not negative.
  @inlinable
  public mutating func readOctets(_ octetCount: Int) throws(QMIDecodingError) -> ArraySlice<UInt8> {
    guard rest.count >= octetCount else { throw .truncated(tag) }
    let octets = rest.prefix(octetCount)
    rest = rest.dropFirst(octetCount)
    return octets
  }

  /// All that has not been read.
  @inlinable
  public mutating func readRemainingOctets() -> ArraySlice<UInt8> {
    let octets = rest
    rest = rest[rest.endIndex...]
    return octets
  }

  /// Octets behind an octet count of one octet.
  @inlinable
  public mutating func readOctetsWithUInt8Count() throws(QMIDecodingError) -> ArraySlice<UInt8> {
    try readOctets(Int(try readUInt8()))
  }

  /// Octets behind an octet count of two octets.
  @inlinable
  public mutating func readOctetsWithUInt16Count() throws(QMIDecodingError) -> ArraySlice<UInt8> {
    try readOctets(Int(try readUInt16()))
  }

  /// - Throws: ``QMIDecodingError/trailingOctets(_:)`` unless everything has been read.
  @inlinable
  public func expectEnd() throws(QMIDecodingError) {
    guard rest.isEmpty else { throw .trailingOctets(tag) }
  }
}
