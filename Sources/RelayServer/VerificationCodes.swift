internal import Crypto
internal import Foundation
internal import RelayProtocol

/// Draws the codes that prove a number, and knows them again (design section 7). Codes are not kept, only a MAC of each
/// under a key that lives as long as the process.
struct VerificationCodes: Sendable {
  /// No two look alike, in any typeface or handwriting: no 0 O, 1 I L, 2 Z, 5 S, 8 B.
  static let alphabet = Array("34679ACDEFGHJKMNPQRTUVWXY")
  static let characterCount = 8

  private let key = SymmetricKey(size: .bits256)

  func draw() -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<Self.characterCount).map { _ in
      Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &generator)]
    })
  }

  /// The whole message; devices know it by this form.
  static func message(_ code: String) -> String { "Shunt code: \(code)" }

  func digest(_ code: String, of identity: IdentityPublicKey) -> CodeDigest {
    CodeDigest(Array(HMAC<SHA256>.authenticationCode(for: Self.input(code, identity), using: key)))
  }

  /// In constant time. Lower case, spaces and hyphens are a person's.
  func isRight(_ code: String, of identity: IdentityPublicKey, _ digest: CodeDigest) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(digest.octets, authenticating: Self.input(code, identity), using: key)
  }

  private static func input(_ code: String, _ identity: IdentityPublicKey) -> Data {
    let plain = code.uppercased().filter { $0 != " " && $0 != "-" }
    return Data(identity.octets + Array(plain.utf8))
  }
}
