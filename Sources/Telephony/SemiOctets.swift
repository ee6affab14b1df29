/// Two digits an octet, the first in the low half: how SIM files and SMS addresses write numbers.
enum SemiOctets {
  /// Packs values 0…15; an odd count is filled with `F`.
  static func pack(_ nibbles: [UInt8]) -> [UInt8] {
    stride(from: 0, to: nibbles.count, by: 2).map { index in
      let high = index + 1 < nibbles.count ? nibbles[index + 1] : 0x0F
      return (nibbles[index] & 0x0F) | (high << 4)
    }
  }

  /// The character of a decimal semi-octet.
  static func decimal(_ nibble: UInt8) throws(SubscriberIdentityError) -> Character {
    guard nibble < 10 else { throw .notADigit }
    return Character(Unicode.Scalar(0x30 &+ nibble))
  }

  /// 3GPP TS 23.040 §9.1.2.3: `*`, `#`, `a`, `b`, `c` follow the ten digits; 15 fills.
  static let addressCharacters = Array("0123456789*#abc".utf8)

  /// The semi-octet of an address character, or nil when it has none. Upper-case letters pass.
  static func value(ofAddressCharacter octet: UInt8) -> UInt8? {
    let lower = octet >= 0x41 && octet <= 0x43 ? octet &+ 0x20 : octet
    return addressCharacters.firstIndex(of: lower).map { UInt8($0) }
  }
}
