internal import Crypto
internal import FoundationEssentials
public import RelayProtocol
public import Telephony

/// What two people compare to know that each has the other's own identity key, and not one that somebody between them put
/// in its place (design, section 7).
///
/// Made as safety numbers are made elsewhere: SHA-512 over a label, the key and the number it is used for, and again over
/// the hash and the key, ``iterations`` times in all, which makes a key with a given fingerprint dearer to search for.
public struct KeyFingerprint: Hashable, Sendable {
  static let label: StaticString = "shunt/1 fingerprint"
  static let iterations = 5_200
  /// Octets shown in hexadecimal.
  static let octetCount = 32
  /// Groups of digits of one person, each made of five octets.
  static let groupCount = 6

  private let hash: [UInt8]

  /// Some milliseconds.
  public init(_ key: IdentityPublicKey, of number: PhoneNumber) {
    var hash = Self.label.octets + key.octets + Array(number.e164.utf8)
    for _ in 0..<Self.iterations { hash = [UInt8](SHA512.hash(data: hash + key.octets)) }
    self.hash = hash
  }

  /// 64 hexadecimal digits in groups of four, for comparing with what the other's device shows.
  public var hexadecimal: String {
    stride(from: 0, to: Self.octetCount, by: 2).map { Self.hexadecimal(hash[$0]) + Self.hexadecimal(hash[$0 + 1]) }
      .joined(separator: " ")
  }

  /// Whether `text` is ``hexadecimal``, however it is spaced.
  public func isHexadecimal(_ text: String) -> Bool {
    func bare(_ text: String) -> String { text.filter { $0 != " " }.lowercased() }
    return bare(text) == bare(hexadecimal)
  }

  /// Twelve groups of five digits that both people see the same, for reading to each other: each one's thirty digits,
  /// the lesser first.
  public static func digits(_ one: KeyFingerprint, _ other: KeyFingerprint) -> String {
    [one.groups, other.groups].sorted { $0.lexicographicallyPrecedes($1) }.joined().joined(separator: " ")
  }

  private var groups: [String] {
    (0..<Self.groupCount).map { group in
      let value = hash[(group * 5)..<(group * 5 + 5)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000
      let digits = String(value)
      return String(repeating: "0", count: 5 - digits.count) + digits
    }
  }

  private static func hexadecimal(_ octet: UInt8) -> String {
    (octet < 16 ? "0" : "") + String(octet, radix: 16)
  }
}
