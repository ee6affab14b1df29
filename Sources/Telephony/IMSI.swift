/// International mobile subscriber identity (3GPP TS 23.003 §2.2): 6 to 15 digits, the first three the country.
///
/// Personal data: it redacts itself in `description`, `debugDescription` and reflection.
public struct IMSI: Hashable, Sendable {
  /// All digits.
  public let digits: String

  /// Takes 6…15 decimal digits.
  public init(digits: String) throws(SubscriberIdentityError) {
    let octets = digits.utf8
    guard octets.allSatisfy(\.isASCIIDigit) else { throw .notADigit }
    guard (6...15).contains(octets.count) else { throw .digitCount(octets.count) }
    self.digits = digits
  }

  /// The mobile country code: the first three digits.
  public var mobileCountryCode: String { String(digits.prefix(3)) }

  /// The operator, when it is known how many digits its network code has (EF_AD, 3GPP TS 31.102 §4.2.18: 2 or 3); otherwise nil.
  public func homeNetwork(mncDigitCount: Int) -> HomeNetwork? {
    guard digits.utf8.count >= 3 + mncDigitCount else { return nil }
    return try? HomeNetwork(mcc: mobileCountryCode, mnc: String(digits.dropFirst(3).prefix(max(mncDigitCount, 0))))
  }

  /// Reads the content of EF_IMSI (3GPP TS 31.102 §4.2.2): a count octet, then semi-octets, the first of which holds the
  /// identity type and parity.
  public init(elementaryFile octets: [UInt8]) throws(SubscriberIdentityError) {
    guard let count = octets.first.map(Int.init), count >= 1, count < octets.count else { throw .digitCount(0) }
    var digits = ""
    for (index, octet) in octets[1...count].enumerated() {
      if index > 0 {
        let low = octet & 0x0F
        if low == 0x0F { break }
        digits.append(try SemiOctets.decimal(low))
      }
      let high = octet >> 4
      if high == 0x0F { break }
      digits.append(try SemiOctets.decimal(high))
    }
    try self.init(digits: digits)
  }

  /// The content of EF_IMSI: nine octets.
  public var elementaryFile: [UInt8] {
    let values = digits.utf8.map { $0 &- 0x30 }
    // 001 in the low bits says IMSI; bit 3 says that the number of digits is odd.
    let first: UInt8 = values.count.isMultiple(of: 2) ? 0x01 : 0x09
    var octets = SemiOctets.pack([first] + values)
    octets.insert(UInt8(octets.count), at: 0)
    while octets.count < 9 { octets.append(0xFF) }
    return octets
  }
}

extension IMSI: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "IMSI (\(digits.count) digits)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
