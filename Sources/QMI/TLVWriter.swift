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

  // One overload a width, and none generic: a bare literal is ambiguous rather than eight octets of `Int`.

  /// Two octets.
  @inlinable
  public mutating func append(_ value: UInt16) {
    octets.append(UInt8(truncatingIfNeeded: value))
    octets.append(UInt8(truncatingIfNeeded: value >> 8))
  }

  /// Four octets.
  @inlinable
  public mutating func append(_ value: UInt32) {
    append(UInt16(truncatingIfNeeded: value))
    append(UInt16(truncatingIfNeeded: value >> 16))
  }

  /// Eight octets.
  @inlinable
  public mutating func append(_ value: UInt64) {
    append(UInt32(truncatingIfNeeded: value))
    append(UInt32(truncatingIfNeeded: value >> 32))
  }

  /// One octet, two's complement.
  @inlinable
  public mutating func append(_ value: Int8) {
    append(UInt8(bitPattern: value))
  }

  /// Two octets, two's complement.
  @inlinable
  public mutating func append(_ value: Int16) {
    append(UInt16(bitPattern: value))
  }

  /// Four octets, two's complement.
  @inlinable
  public mutating func append(_ value: Int32) {
    append(UInt32(bitPattern: value))
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
