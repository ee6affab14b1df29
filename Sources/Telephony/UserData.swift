/// TP-UDL and TP-UD (3GPP TS 23.040 §9.2.3.16 and §9.2.3.24): at most 140 octets, counted in septets or in octets, with or without a
/// header.
///
/// The octets are kept as they are on the wire, fill bits and the unused bits of the last octet included.
/// Personal data: it redacts itself in `description`, `debugDescription` and reflection.
public struct UserData: Hashable, Sendable {
  /// What TP-UDL counts.
  public enum Unit: Equatable, Hashable, Sendable { case septets, octets }

  /// The text or data behind the header.
  public enum Content: Equatable, Hashable, Sendable {
    /// Characters of a 7-bit alphabet, one an element.
    case septets([UInt8])
    /// 8-bit data, or UCS-2 high octet first.
    case octets([UInt8])
  }

  /// The most octets TP-UD has.
  public static let maximumOctetCount = 140
  /// The same in septets.
  public static let maximumSeptetCount = 160

  /// What ``count`` counts.
  public let unit: Unit
  /// TP-UDL: septets or octets, the header and its fill bits included.
  public let count: Int
  /// The header, when TP-UDHI says that there is one.
  public let header: UserDataHeader?
  /// TP-UD as on the wire.
  public let octets: [UInt8]

  /// Packs 7-bit characters behind a header. Throws when both do not fit into 160 septets.
  public init(septets: [UInt8], header: UserDataHeader? = nil) throws(TPDUError) {
    let headerOctets = header?.octets ?? []
    let count = Septets.count(forHeaderOctets: headerOctets.count) + septets.count
    guard count <= Self.maximumSeptetCount else { throw .tooLong(.userData) }
    unit = .septets
    self.count = count
    self.header = header
    let fill = Septets.fillBitCount(afterBits: headerOctets.count * 8)
    octets = headerOctets + Septets.pack(septets, precededByBits: fill)
  }

  /// Puts octets behind a header. Throws when both do not fit into 140 octets.
  public init(octets body: [UInt8], header: UserDataHeader? = nil) throws(TPDUError) {
    let octets = (header?.octets ?? []) + body
    guard octets.count <= Self.maximumOctetCount else { throw .tooLong(.userData) }
    unit = .octets
    count = octets.count
    self.header = header
    self.octets = octets
  }

  /// Nothing at all.
  public static func empty(_ unit: Unit) -> UserData { UserData(emptyOf: unit) }

  private init(emptyOf unit: Unit) {
    self.unit = unit
    count = 0
    header = nil
    octets = []
  }

  /// Reads TP-UDL, then as many octets as it stands for.
  init(from reader: inout OctetReader, unit: Unit, hasHeader: Bool) throws(TPDUError) {
    let count = Int(try reader.octet(.userDataLength))
    let octetCount: Int
    switch unit {
    case .septets:
      guard count <= Self.maximumSeptetCount else { throw .tooLong(.userData) }
      octetCount = Septets.octetCount(count)
    case .octets:
      guard count <= Self.maximumOctetCount else { throw .tooLong(.userData) }
      octetCount = count
    }
    let octets = try reader.octets(octetCount, .userData)
    let header = hasHeader ? try UserDataHeader(decoding: octets) : nil
    if let header, unit == .septets, Septets.count(forHeaderOctets: header.octetCount) > count {
      throw .malformed(.userDataHeader)
    }
    self.unit = unit
    self.count = count
    self.header = header
    self.octets = octets
  }

  /// The text or data behind the header.
  public var content: Content {
    let headerCount = header?.octetCount ?? 0
    switch unit {
    case .octets: return .octets(Array(octets.dropFirst(headerCount)))
    case .septets:
      let skipped = Septets.count(forHeaderOctets: headerCount)
      return .septets(Septets.unpack(octets, skippingBits: skipped * 7, count: count - skipped))
    }
  }

  /// How much fits behind a header in one message: septets or octets.
  public static func capacity(_ unit: Unit, header: UserDataHeader?) -> Int {
    let headerCount = header?.octetCount ?? 0
    return switch unit {
    case .septets: maximumSeptetCount - Septets.count(forHeaderOctets: headerCount)
    case .octets: maximumOctetCount - headerCount
    }
  }

  /// TP-UDL and TP-UD.
  var encoded: [UInt8] { [UInt8(count)] + octets }
}

extension UserData: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "user data, \(count) \(unit == .septets ? "septets" : "octets")" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
