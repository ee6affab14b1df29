internal import Crypto
internal import FoundationEssentials
public import RelayProtocol

/// Known to the sender and the recipient of one message only, exported from its HPKE context: a MAC under it says that
/// the recipient has stored the message, and no relay can say so in its place (design, section 7).
public struct AcknowledgementKey: Sendable, Secret {
  static let exportLabel: StaticString = "shunt/1 acknowledgement"
  private let key: SymmetricKey

  init(_ key: SymmetricKey) { self.key = key }

  /// HMAC-SHA256 over "shunt/1 acknowledgement" ‖ message id.
  public func mac(for messageID: MessageID) throws(SealingError) -> AcknowledgementMAC {
    try FixedOctets(library: Array(HMAC<SHA256>.authenticationCode(for: Self.statement(messageID), using: key)))
  }

  /// Compares in constant time.
  public func isValid(_ mac: AcknowledgementMAC, for messageID: MessageID) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(mac.octets, authenticating: Self.statement(messageID), using: key)
  }

  private static func statement(_ messageID: MessageID) -> [UInt8] {
    exportLabel.octets + messageID.octets
  }
}
