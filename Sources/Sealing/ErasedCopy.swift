internal import Crypto
internal import FoundationEssentials
public import Telephony

/// What is kept of a part that its reader has deleted, to tell the carrier's copy of it by: a keyed hash, from which neither words
/// nor sender can be read.
///
/// The key is random, and kept beside it: equal texts have unequal hashes. Whoever has both can still try out words.
public struct ErasedCopy: Hashable, Sendable {
  /// Octets of the random key.
  public static let keyOctetCount = 32

  public let key: [UInt8]
  /// HMAC-SHA256 of sender and content, 32 octets.
  public let code: [UInt8]

  /// As it was kept. With anything that was not made by ``init(sender:content:key:)`` nothing matches.
  public init(key: [UInt8], code: [UInt8]) {
    self.key = key
    self.code = code
  }

  /// - Parameter content: What identifies the text; see ``Routing/RecentMessages``.
  public init(sender: PhoneNumber, content: [UInt8], key: [UInt8]) {
    self.key = key
    code = [UInt8](
      HMAC<SHA256>.authenticationCode(for: Self.data(sender, content), using: SymmetricKey(data: key)))
  }

  /// Whether this is what was kept of it.
  public func matches(sender: PhoneNumber, content: [UInt8]) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      code, authenticating: Self.data(sender, content), using: SymmetricKey(data: key))
  }

  private static func data(_ sender: PhoneNumber, _ content: [UInt8]) -> Data {
    Data("shunt/1 erased|\(sender.e164)|".utf8) + content
  }
}
