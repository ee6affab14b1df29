/// One element of a user data header (3GPP TS 23.040 §9.2.3.24): identifier, a count octet, data.
public struct InformationElement: Hashable, Sendable {
  /// IEI, an open set.
  public struct Identifier: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Concatenated short messages, 8-bit reference.
    public static let concatenation8 = Identifier(rawValue: 0x00)
    public static let specialMessageIndication = Identifier(rawValue: 0x01)
    /// Application port addressing, 8-bit.
    public static let ports8 = Identifier(rawValue: 0x04)
    /// Application port addressing, 16-bit; WAP push comes this way.
    public static let ports16 = Identifier(rawValue: 0x05)
    public static let serviceCentreControl = Identifier(rawValue: 0x06)
    public static let headerSourceIndicator = Identifier(rawValue: 0x07)
    /// Concatenated short messages, 16-bit reference.
    public static let concatenation16 = Identifier(rawValue: 0x08)
    public static let wirelessControlMessage = Identifier(rawValue: 0x09)
    public static let emailHeader = Identifier(rawValue: 0x20)
    public static let hyperlink = Identifier(rawValue: 0x21)
    public static let replyAddress = Identifier(rawValue: 0x22)
    public static let enhancedVoiceMail = Identifier(rawValue: 0x23)
    public static let nationalLanguageSingleShift = Identifier(rawValue: 0x24)
    public static let nationalLanguageLockingShift = Identifier(rawValue: 0x25)

    /// (U)SIM toolkit security headers, 0x70…0x7F.
    public var isToolkitSecurity: Bool { rawValue & 0xF0 == 0x70 }
  }

  /// IEI.
  public let identifier: Identifier
  /// Up to 137 octets.
  public let data: [UInt8]

  /// Throws when there are more than 137 octets.
  public init(_ identifier: Identifier, data: [UInt8]) throws(TPDUError) {
    guard data.count <= UserDataHeader.maximumElementOctetCount - 2 else { throw .tooLong(.userDataHeader) }
    self.identifier = identifier
    self.data = data
  }

  /// For data known to be short.
  init(_ identifier: Identifier, shortData data: [UInt8]) {
    self.identifier = identifier
    self.data = data
  }
}

extension InformationElement: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "element \(identifier.rawValue), \(data.count) octets" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
