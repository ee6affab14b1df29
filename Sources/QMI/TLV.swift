/// One element of a QMI message: a tag octet, a 16-bit little-endian octet count, and the value.
public struct TLV: Hashable, Sendable {
  /// The element's tag (its *type* in the field's own words); its meaning depends on the message.
  public struct Tag: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    @inlinable
    public init(integerLiteral value: UInt8) {
      self.rawValue = value
    }
  }

  /// Octets before the value: tag and octet count.
  @inlinable public static var headerOctetCount: Int { 3 }
  /// The longest value that the octet count can tell.
  @inlinable public static var maximumValueOctetCount: Int { 0xFFFF }

  public let tag: Tag
  /// The value, sharing the storage of the frame it was found in. At most 65,535 octets.
  public let value: ArraySlice<UInt8>

  @inlinable
  public init(tag: Tag, value: ArraySlice<UInt8>) {
    self.tag = tag
    self.value = value
  }
}

extension TLV.Tag: CustomStringConvertible {
  public var description: String { hexadecimal(rawValue, digits: 2) }
}

/// Values carry message texts and subscriber identities, so none is ever printed.
extension TLV: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "TLV \(tag), \(value.count) octets" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
