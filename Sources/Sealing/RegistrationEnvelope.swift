public import RelayProtocol
public import Telephony

/// The subscriber's own number on its way to the relay, once, at registration (design, section 7): sealed to the
/// relay's registration key for one identity key, so that it cannot be sent in again for another.
public enum RegistrationEnvelope {
  private static let info: StaticString = "shunt/1 registration"

  /// Device's side. The result is what ``RelayProtocol/ClientMessage/register(sealedNumber:)`` takes.
  public static func seal(
    _ number: PhoneNumber, identity: IdentityPublicKey, trust: RelayTrust
  ) throws(SealingError) -> [UInt8] {
    try HybridEncryption.seal(
      Array(number.e164.utf8), to: trust.registrationKey.octets, info: info, authenticating: identity.octets).sealed
  }

  /// Relay's side; `identity` is the session's.
  ///
  /// - Throws: ``SealingError/unopenable``, ``SealingError/badContent(_:)`` when it opens to no E.164 number.
  public static func open(
    _ sealed: [UInt8], identity: IdentityPublicKey, keys: RelayKeys
  ) throws(SealingError) -> PhoneNumber {
    let (plaintext, _) = try HybridEncryption.open(
      sealed, with: keys.registrationKey, info: info, authenticating: identity.octets)
    guard let text = String(validating: plaintext, as: UTF8.self), let number = try? PhoneNumber(e164: text) else {
      throw .badContent("number")
    }
    return number
  }
}
