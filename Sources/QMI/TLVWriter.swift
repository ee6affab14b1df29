/// Writes the fields of one TLV, numbers little-endian. See ``QMIMessageBuilder/append(_:_:)-(_,(TLVWriter)->Void)``.
public struct TLVWriter {
  @usableFromInline var octets: [UInt8]

  @inlinable
  init(octets: [UInt8]) {
    self.octets = octets
  }

  /// One octet.
  @inlinable
  public mutating func append(_ value: UInt8) {
    octets.append(value)
  }

  /// One octet, 1 or 0.
  @inlinable
  public mutating func append(_ value: Bool) {
    octets.append(value ? 1 : 0)
  }

  /// Any other number, little-endian, in as many octets as its type has.
  @inlinable
  public mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    var rest = value
    for _ in 0..<(Value.bitWidth / 8) {
      octets.append(UInt8(truncatingIfNeeded: rest))
      rest = rest >> 8
    }
  }

  /// The octets alone, without a count.
  @inlinable
  public mutating func append(octets: some Sequence<UInt8>) {
    self.octets.append(contentsOf: octets)
  }

  /// The octets behind their count in one octet.
  ///
  /// - Precondition: at most 255 octets.
  @inlinable
  public mutating func appendWithUInt8Count(_ octets: some Collection<UInt8>) {
    append(UInt8(octets.count))
    append(octets: octets)
  }

  /// The octets behind their count in two octets.
  ///
  /// - Precondition: at most 65,535 octets.
  @inlinable
  public mutating func appendWithUInt16Count(_ octets: some Collection<UInt8>) {
    append(UInt16(octets.count))
    append(octets: octets)
  }
}
