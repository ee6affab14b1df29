/// Integrated circuit card identifier (ITU-T E.118): 10 to 20 digits. Some issuers use the hexadecimal digits `A`…`F` as well.
///
/// Personal data: it redacts itself in `description`, `debugDescription` and reflection.
public struct ICCID: Hashable, Sendable {
  /// All digits, letters in upper case.
  public let digits: String

  /// Takes 10…20 hexadecimal digits in either case.
  public init(digits: String) throws(SubscriberIdentityError) {
    let upper = digits.utf8.map { $0 >= 0x61 && $0 <= 0x66 ? $0 &- 0x20 : $0 }
    guard upper.allSatisfy({ $0.isASCIIDigit || ($0 >= 0x41 && $0 <= 0x46) }) else { throw .notADigit }
    guard (10...20).contains(upper.count) else { throw .digitCount(upper.count) }
    self.digits = String(decoding: upper, as: UTF8.self)
  }

  /// Reads the content of EF_ICCID (3GPP TS 31.102, ETSI TS 102 221 §13.2): ten octets of swapped semi-octets, `F` filling the end.
  public init(elementaryFile octets: [UInt8]) throws(SubscriberIdentityError) {
    var nibbles = octets.flatMap { [$0 & 0x0F, $0 >> 4] }
    while nibbles.last == 0x0F { nibbles.removeLast() }
    try self.init(digits: String(nibbles.map { Character(Unicode.Scalar($0 < 10 ? 0x30 &+ $0 : 0x37 &+ $0)) }))
  }

  /// The content of EF_ICCID: ten octets.
  public var elementaryFile: [UInt8] {
    var octets = SemiOctets.pack(digits.utf8.map { $0.isASCIIDigit ? $0 &- 0x30 : $0 &- 0x37 })
    while octets.count < 10 { octets.append(0xFF) }
    return octets
  }
}

extension ICCID: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "ICCID (\(digits.count) digits)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
