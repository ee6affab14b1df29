/// An address as TPDUs write it (3GPP TS 23.040 §9.1.2.5): the number of useful semi-octets, the type of address, and up to ten
/// octets of value.
///
/// What was decoded is kept octet for octet, filler included, so that encoding gives the same octets again.
/// Personal data: it redacts itself in `description`, `debugDescription` and reflection.
public struct SMSAddress: Hashable, Sendable {
  /// TON, an open set of eight values.
  public struct TypeOfNumber: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x07 }

    public static let unknown = TypeOfNumber(rawValue: 0)
    public static let international = TypeOfNumber(rawValue: 1)
    public static let national = TypeOfNumber(rawValue: 2)
    public static let networkSpecific = TypeOfNumber(rawValue: 3)
    public static let subscriber = TypeOfNumber(rawValue: 4)
    /// GSM 7-bit default alphabet instead of digits.
    public static let alphanumeric = TypeOfNumber(rawValue: 5)
    public static let abbreviated = TypeOfNumber(rawValue: 6)
    public static let reservedForExtension = TypeOfNumber(rawValue: 7)
  }

  /// NPI, an open set of sixteen values.
  public struct NumberingPlan: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x0F }

    public static let unknown = NumberingPlan(rawValue: 0)
    /// E.164.
    public static let telephone = NumberingPlan(rawValue: 1)
    public static let data = NumberingPlan(rawValue: 3)
    public static let telex = NumberingPlan(rawValue: 4)
    public static let serviceCentreSpecific1 = NumberingPlan(rawValue: 5)
    public static let serviceCentreSpecific2 = NumberingPlan(rawValue: 6)
    public static let national = NumberingPlan(rawValue: 8)
    public static let `private` = NumberingPlan(rawValue: 9)
    public static let ermes = NumberingPlan(rawValue: 10)
  }

  /// The most semi-octets an address holds.
  public static let maximumSemiOctetCount = 20

  /// The wire's first octet: semi-octets in use, 0…20.
  public let semiOctetCount: Int
  /// The wire's second octet: a bit that is normally 1, TON, NPI.
  public let typeOfAddress: UInt8
  /// Half as many octets as there are semi-octets, rounded up.
  let valueOctets: [UInt8]

  /// A subscriber's number, international, numbering plan E.164.
  public init(_ number: PhoneNumber) {
    let nibbles = number.e164.utf8.dropFirst().map { $0 &- 0x30 }
    semiOctetCount = nibbles.count
    typeOfAddress = 0x91
    valueOctets = SemiOctets.pack(nibbles)
  }

  /// Any dialled number of up to 20 of `0123456789*#abc`.
  public init(digits: String, typeOfNumber: TypeOfNumber, numberingPlan: NumberingPlan = .telephone) throws(TPDUError) {
    var nibbles: [UInt8] = []
    for octet in digits.utf8 {
      guard let nibble = SemiOctets.value(ofAddressCharacter: octet) else { throw .malformed(.address) }
      nibbles.append(nibble)
    }
    guard nibbles.count <= Self.maximumSemiOctetCount else { throw .tooLong(.address) }
    guard typeOfNumber != .alphanumeric else { throw .malformed(.address) }
    semiOctetCount = nibbles.count
    typeOfAddress = 0x80 | (typeOfNumber.rawValue << 4) | numberingPlan.rawValue
    valueOctets = SemiOctets.pack(nibbles)
  }

  /// A dialled string: international when it starts with `+`, of unknown type otherwise.
  public init(dialled: String) throws(TPDUError) {
    if dialled.hasPrefix("+") {
      try self.init(digits: String(dialled.dropFirst()), typeOfNumber: .international)
    } else {
      try self.init(digits: dialled, typeOfNumber: .unknown)
    }
  }

  /// A sender's name of up to eleven characters of the GSM 7-bit default alphabet.
  public init(alphanumeric text: String) throws(TPDUError) {
    guard let septets = GSMAlphabet.standard.encode(text) else { throw .malformed(.address) }
    guard septets.count <= 11 else { throw .tooLong(.address) }
    semiOctetCount = (septets.count * 7 + 3) / 4
    typeOfAddress = 0xD0
    valueOctets = Septets.pack(septets, precededByBits: 0)
  }

  /// TON.
  public var typeOfNumber: TypeOfNumber { TypeOfNumber(rawValue: typeOfAddress >> 4) }
  /// NPI.
  public var numberingPlan: NumberingPlan { NumberingPlan(rawValue: typeOfAddress) }
  /// Whether this is a name instead of a number.
  public var isAlphanumeric: Bool { typeOfNumber == .alphanumeric }

  /// The semi-octets as `0123456789*#abc`, without a `+`. Nil for an alphanumeric address and for one with a filler in its midst.
  public var digits: String? {
    guard !isAlphanumeric else { return nil }
    var characters: [UInt8] = []
    for index in 0..<semiOctetCount {
      let octet = valueOctets[index / 2]
      let nibble = Int(index.isMultiple(of: 2) ? octet & 0x0F : octet >> 4)
      guard nibble < SemiOctets.addressCharacters.count else { return nil }
      characters.append(SemiOctets.addressCharacters[nibble])
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The text of an alphanumeric address, otherwise nil.
  public var alphanumericText: String? {
    guard isAlphanumeric else { return nil }
    return GSMAlphabet.standard.decode(Septets.unpack(valueOctets, skippingBits: 0, count: semiOctetCount * 4 / 7))
  }

  /// What a person would dial: the digits, with a `+` when the type says international. Nil when ``digits`` is.
  public var dialString: String? {
    guard let digits else { return nil }
    return typeOfNumber == .international ? "+" + digits : digits
  }

  /// The number as a subscriber's, when the address says that it is one.
  public var phoneNumber: PhoneNumber? {
    guard typeOfNumber == .international, numberingPlan == .telephone || numberingPlan == .unknown, let dialString else {
      return nil
    }
    return try? PhoneNumber(e164: dialString)
  }

  /// What an app shows: the name or the dialled number; empty when there is neither.
  public var displayText: String { alphanumericText ?? dialString ?? "" }
}

extension SMSAddress {
  init(from reader: inout OctetReader) throws(TPDUError) {
    let count = Int(try reader.octet(.address))
    guard count <= Self.maximumSemiOctetCount else { throw .tooLong(.address) }
    semiOctetCount = count
    typeOfAddress = try reader.octet(.address)
    valueOctets = try reader.octets((count + 1) / 2, .address)
  }

  /// The wire form.
  public var octets: [UInt8] { [UInt8(semiOctetCount), typeOfAddress] + valueOctets }
}

extension SMSAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    isAlphanumeric ? "alphanumeric address" : PhoneNumber.masked(dialString ?? "")
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
