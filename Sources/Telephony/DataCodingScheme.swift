/// TP-DCS (3GPP TS 23.038 §4): alphabet, class and indications of a message in one octet.
///
/// Every value is kept as it is. Codings that the specification reserves are read as the 7-bit default alphabet, as it asks
/// of a receiver, and say so by ``isReserved``.
public struct DataCodingScheme: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// 7-bit default alphabet, no class.
  public static let gsm7 = DataCodingScheme(rawValue: 0x00)
  /// 8-bit data, no class.
  public static let octets = DataCodingScheme(rawValue: 0x04)
  /// UCS-2, no class.
  public static let ucs2 = DataCodingScheme(rawValue: 0x08)

  /// How characters are written.
  public enum Alphabet: Equatable, Sendable {
    /// The 7-bit alphabets of ``GSMAlphabet``.
    case gsm7
    /// 8-bit data, no text.
    case octets
    /// 16-bit units, high octet first.
    case ucs2
  }

  /// The meaning of the high bits.
  public enum Group: Equatable, Sendable {
    /// 00xx: general data coding.
    case general
    /// 01xx: general, and the message is to be deleted once read.
    case automaticDeletion
    /// 1000…1011: reserved.
    case reserved
    /// 1100: message waiting, the text may be discarded.
    case messageWaitingDiscard
    /// 1101: message waiting, store the text, 7-bit.
    case messageWaitingStore
    /// 1110: message waiting, store the text, UCS-2.
    case messageWaitingStoreUCS2
    /// 1111: data coding and class.
    case codingAndClass
  }

  /// Who a message is meant for.
  public enum MessageClass: UInt8, Equatable, Sendable {
    /// Class 0: shown at once, not stored ("flash").
    case flash = 0
    /// Class 1: the equipment.
    case equipment = 1
    /// Class 2: the SIM.
    case sim = 2
    /// Class 3: external terminal equipment.
    case terminal = 3
  }

  /// What the high four bits say.
  public var group: Group {
    switch rawValue >> 4 {
    case 0x0...0x3: .general
    case 0x4...0x7: .automaticDeletion
    case 0xC: .messageWaitingDiscard
    case 0xD: .messageWaitingStore
    case 0xE: .messageWaitingStoreUCS2
    case 0xF: .codingAndClass
    default: .reserved
    }
  }

  /// How the user data is to be read.
  public var alphabet: Alphabet {
    switch group {
    case .general, .automaticDeletion:
      switch rawValue & 0x0C {
      case 0x04: .octets
      case 0x08: .ucs2
      default: .gsm7
      }
    case .messageWaitingStoreUCS2: .ucs2
    case .codingAndClass: rawValue & 0x04 == 0 ? .gsm7 : .octets
    case .reserved, .messageWaitingDiscard, .messageWaitingStore: .gsm7
    }
  }

  /// Whether the text is compressed by TS 23.042, which this module does not undo.
  public var isCompressed: Bool {
    switch group {
    case .general, .automaticDeletion: rawValue & 0x20 != 0
    default: false
    }
  }

  /// The class, when the octet names one.
  public var messageClass: MessageClass? {
    switch group {
    case .general, .automaticDeletion: rawValue & 0x10 == 0 ? nil : MessageClass(rawValue: rawValue & 0x03)
    case .codingAndClass: MessageClass(rawValue: rawValue & 0x03)
    default: nil
    }
  }

  /// Whether the value is one whose meaning is not defined.
  public var isReserved: Bool {
    switch group {
    case .reserved: true
    case .general, .automaticDeletion: rawValue & 0x0C == 0x0C
    case .codingAndClass: rawValue & 0x08 != 0
    case .messageWaitingDiscard, .messageWaitingStore, .messageWaitingStoreUCS2: rawValue & 0x04 != 0
    }
  }

  /// Whether the message switches a "voicemail waiting" or similar indication.
  public var isMessageWaitingIndication: Bool {
    switch group {
    case .messageWaitingDiscard, .messageWaitingStore, .messageWaitingStoreUCS2: true
    default: false
    }
  }

  /// What TP-UDL counts under this coding.
  public var userDataUnit: UserData.Unit { alphabet == .gsm7 && !isCompressed ? .septets : .octets }
}
