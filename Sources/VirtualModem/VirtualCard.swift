import Telephony

/// A USIM: its elementary files (3GPP TS 31.102, ETSI TS 102 221).
struct VirtualCard: Sendable {
  /// The directory a file is in, as far as the card tells them apart.
  enum Directory: Hashable, Sendable {
    case master
    /// The USIM application: ADF 7FFF, or DF GSM 7F20 for those who still look there.
    case application
    /// DF Telecom 7F10.
    case telecom
  }

  struct File: Sendable {
    enum Content: Sendable {
      case transparent([UInt8])
      /// Linear fixed: records of one size, counted from 1.
      case records([[UInt8]])
    }
    var identifier: UInt16
    var content: Content
  }

  /// Registered application provider and application of 3GPP's USIM.
  static let applicationIdentifier: [UInt8] = [
    0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x07, 0x09, 0x00, 0x00,
  ]
  static let answerToReset: [UInt8] = [
    0x3B, 0x9F, 0x96, 0x80, 0x3F, 0xC7, 0x00, 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x1B, 0x63, 0x3A, 0x20, 0x4E, 0x83, 0x00,
    0x90, 0x00, 0x2B,
  ]

  private var files: [Directory: [File]]

  init(identity: ModemIdentity) {
    let number = File(identifier: 0x6F40, content: .records([Self.numberRecord(identity), Self.emptyRecord(28)]))
    files = [
      .master: [
        File(identifier: 0x2FE2, content: .transparent(identity.iccid.elementaryFile)),
        File(identifier: 0x2F05, content: .transparent(Array("en".utf8))),
        File(identifier: 0x2F00, content: .records([Self.directoryRecord])),
      ],
      .application: [
        File(identifier: 0x6F07, content: .transparent(identity.imsi.elementaryFile)),
        // Normal operation; the last octet counts the digits of the network code.
        File(identifier: 0x6FAD, content: .transparent([0, 0, 0, UInt8(identity.homeNetwork.mnc.utf8.count)])),
        File(identifier: 0x6F46, content: .transparent(Self.providerName(identity))),
        number,
        File(identifier: 0x6F42, content: .records([Self.serviceCentreRecord(identity)])),
      ],
      .telecom: [number, File(identifier: 0x6F42, content: .records([Self.serviceCentreRecord(identity)]))],
    ]
  }

  /// - Parameter path: the directories from the master file down, as in UIM requests: two octets each, the low one first.
  func file(_ identifier: UInt16, path: some Collection<UInt8>) -> File? {
    let octets = Array(path.suffix(2))
    let last = octets.count == 2 ? UInt16(octets[1]) << 8 | UInt16(octets[0]) : 0x3F00
    let directory: Directory
    switch last {
    case 0x3F00: directory = .master
    case 0x7FFF, 0x7F20: directory = .application
    case 0x7F10: directory = .telecom
    default: return nil
    }
    return files[directory]?.first { $0.identifier == identifier }
  }

  // MARK: - Contents

  private static func emptyRecord(_ octetCount: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: octetCount) }

  /// EF_MSISDN: a name of 14 octets, then how many octets of number follow, type and number, two identifiers.
  private static func numberRecord(_ identity: ModemIdentity) -> [UInt8] {
    guard identity.isNumberOnCard else { return emptyRecord(28) }
    var record = emptyRecord(14)
    let number = SMSAddress(identity.number).octets.dropFirst()
    record.append(UInt8(number.count))
    record += number
    return record + emptyRecord(28 - record.count)
  }

  /// EF_SMSP: no name; of the parameters only the service centre's address is there.
  private static func serviceCentreRecord(_ identity: ModemIdentity) -> [UInt8] {
    var record = emptyRecord(14)
    record.append(0xFD)
    record += emptyRecord(12)
    let address = SMSCAddress(identity.serviceCentre).octets
    record += address + emptyRecord(12 - address.count)
    return record + emptyRecord(3)
  }

  /// EF_SPN: when to show the name, then 16 octets of it.
  private static func providerName(_ identity: ModemIdentity) -> [UInt8] {
    let name = (GSMAlphabet.standard.encode(identity.operatorName) ?? []).prefix(16)
    return [0x01] + name + emptyRecord(16 - name.count)
  }

  /// EF_DIR: an application template with the application's identifier.
  private static var directoryRecord: [UInt8] {
    let identifier = [0x4F, UInt8(applicationIdentifier.count)] + applicationIdentifier
    let label: [UInt8] = [0x50, 4] + Array("USIM".utf8)
    let template = [0x61, UInt8(identifier.count + label.count)] + identifier + label
    return template + emptyRecord(38 - template.count)
  }
}

extension VirtualCard.File {
  var octetCount: Int {
    switch content {
    case .transparent(let octets): octets.count
    case .records(let records): records.reduce(0) { $0 + $1.count }
    }
  }

  var recordOctetCount: Int {
    if case .records(let records) = content { records.first?.count ?? 0 } else { 0 }
  }

  var recordCount: Int {
    if case .records(let records) = content { records.count } else { 0 }
  }

  /// The file control parameters that a card answers SELECT with (ETSI TS 102 221 §11.1.1.3): descriptor, identifier, size.
  var controlParameters: [UInt8] {
    let size = UInt16(clamping: octetCount)
    var descriptor: [UInt8]
    switch content {
    case .transparent: descriptor = [0x82, 2, 0x41, 0x21]
    case .records:
      descriptor = [0x82, 5, 0x42, 0x21, 0x00, UInt8(clamping: recordOctetCount), UInt8(clamping: recordCount)]
    }
    descriptor += [0x83, 2, UInt8(identifier >> 8), UInt8(truncatingIfNeeded: identifier)]
    descriptor += [0x8A, 1, 0x05]
    descriptor += [0x80, 2, UInt8(size >> 8), UInt8(truncatingIfNeeded: size)]
    return [0x62, UInt8(descriptor.count)] + descriptor
  }
}
