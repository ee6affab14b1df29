/// TP-PID (3GPP TS 23.040 §9.2.3.9). Every value is kept; the accessors say what is known about it.
public struct ProtocolIdentifier: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// An ordinary message between two phones.
  public static let shortMessage = ProtocolIdentifier(rawValue: 0x00)
  /// Short Message Type 0: acknowledged and thrown away by the receiver.
  public static let type0 = ProtocolIdentifier(rawValue: 0x40)
  /// Return Call Message.
  public static let returnCall = ProtocolIdentifier(rawValue: 0x5F)
  /// ANSI-136 R-DATA, handed to the SIM.
  public static let ansi136Data = ProtocolIdentifier(rawValue: 0x7C)
  /// Data for the equipment itself.
  public static let equipmentDataDownload = ProtocolIdentifier(rawValue: 0x7D)
  /// Lifts a SIM lock.
  public static let equipmentDepersonalization = ProtocolIdentifier(rawValue: 0x7E)
  /// (U)SIM data download: handed to the SIM unread.
  public static let simDataDownload = ProtocolIdentifier(rawValue: 0x7F)

  /// Replace Short Message Type 1…7: the receiver overwrites an earlier message of the same type and sender.
  public var isReplaceType: Bool { (0x41...0x47).contains(rawValue) }

  /// Telematic interworking: the service centre turns the message into fax, mail, paging and so on.
  public var isTelematicInterworking: Bool { rawValue & 0xE0 == 0x20 }
}
