internal import Crypto
internal import FoundationEssentials
public import RelayProtocol

/// Known to the sender and the recipient of one message only, exported from its HPKE context: a MAC under it says that
/// the recipient has stored the message, another that the sender knows so, and no relay can say either in their place
/// (design, section 7).
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

  /// The sender's answer to the acknowledgement: HMAC-SHA256 over "shunt/1 conclusion" ‖ message id.
  public func conclusion(of messageID: MessageID) throws(SealingError) -> AcknowledgementMAC {
    try FixedOctets(library: Array(HMAC<SHA256>.authenticationCode(for: Self.conclusion(messageID), using: key)))
  }

  /// Compares in constant time.
  public func isValid(conclusion mac: AcknowledgementMAC, of messageID: MessageID) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(mac.octets, authenticating: Self.conclusion(messageID), using: key)
  }

  private static let conclusionLabel: StaticString = "shunt/1 conclusion"

  private static func statement(_ messageID: MessageID) -> [UInt8] {
    exportLabel.octets + messageID.octets
  }

  private static func conclusion(_ messageID: MessageID) -> [UInt8] {
    conclusionLabel.octets + messageID.octets
  }
}
