extension WMS {
  /// A message as modem and host pass it to each other. What the octets mean depends on the format; this module does not look inside.
  public struct RawMessage: Hashable, Sendable {
    /// The longest that a modem takes. A 3GPP message has at most 12 octets of SMSC address and 164 of TPDU.
    @inlinable public static var maximumOctetCount: Int { 255 }

    public let format: MessageFormat
    /// For ``MessageFormat/gsmWCDMAPointToPoint``: SMSC address behind its octet count, then the TPDU. At most 255 octets.
    public let octets: [UInt8]

    /// - Returns: nil for more than ``maximumOctetCount`` octets.
    public init?(format: MessageFormat = .gsmWCDMAPointToPoint, octets: [UInt8]) {
      guard octets.count <= Self.maximumOctetCount else { return nil }
      self.format = format
      self.octets = octets
    }

    init(reading reader: inout TLVReader) throws(QMIDecodingError) {
      let format = MessageFormat(rawValue: try reader.readUInt8())
      let octets = Array(try reader.readOctetsWithUInt16Count())
      guard let message = RawMessage(format: format, octets: octets) else { throw .invalid(reader.tag) }
      self = message
    }

    func encode(to writer: inout TLVWriter) {
      writer.append(format.rawValue)
      writer.appendWithUInt16Count(octets)
    }
  }

  /// A place in the modem's memory.
  public struct MessageLocation: Hashable, Sendable {
    public var storage: StorageType
    public var index: UInt32

    @inlinable
    public init(storage: StorageType, index: UInt32) {
      self.storage = storage
      self.index = index
    }

    init(reading reader: inout TLVReader) throws(QMIDecodingError) {
      storage = StorageType(rawValue: try reader.readUInt8())
      index = try reader.readUInt32()
    }

    func encode(to writer: inout TLVWriter) {
      writer.append(storage.rawValue)
      writer.append(index)
    }
  }
}

/// Messages hold what people wrote to whom, so their octets are never printed.
extension WMS.RawMessage: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "message of format \(format.rawValue), \(octets.count) octets" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension WMS.MessageLocation: CustomStringConvertible {
  public var description: String { "\(storage)/\(index)" }
}
