internal import Crypto
internal import FoundationEssentials

/// HPKE (RFC 9180), base mode: X-Wing, HKDF-SHA256, ChaCha20-Poly1305. Sealed octets are encapsulated key ‖ ciphertext.
enum HybridEncryption {
  static let ciphersuite = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .chaChaPoly)
  static let encapsulatedKeyOctetCount = 1_120
  /// What sealing adds: the encapsulated key and the tag.
  static let overhead = encapsulatedKeyOctetCount + 16

  /// The context is for exporting secrets.
  static func seal(
    _ plaintext: [UInt8], to publicKey: [UInt8], info: StaticString, authenticating data: [UInt8]
  ) throws(SealingError) -> (sealed: [UInt8], context: HPKE.Sender) {
    guard let key = try? XWingMLKEM768X25519.PublicKey(rawRepresentation: publicKey),
      var sender = try? HPKE.Sender(recipientKey: key, ciphersuite: ciphersuite, info: Data(info.octets))
    else { throw .invalidKey("sealing public key") }
    do {
      let ciphertext = try sender.seal(plaintext, authenticating: data)
      return ([UInt8](sender.encapsulatedKey) + [UInt8](ciphertext), sender)
    } catch {
      throw .internalFailure("sealing")
    }
  }

  /// - Throws: ``SealingError/unopenable``.
  static func open(
    _ sealed: [UInt8], with privateKey: XWingMLKEM768X25519.PrivateKey, info: StaticString,
    authenticating data: [UInt8]
  ) throws(SealingError) -> (plaintext: [UInt8], context: HPKE.Recipient) {
    guard sealed.count >= overhead else { throw .unopenable }
    do {
      var recipient = try HPKE.Recipient(
        privateKey: privateKey, ciphersuite: ciphersuite, info: Data(info.octets),
        encapsulatedKey: Data(sealed.prefix(encapsulatedKeyOctetCount)))
      let plaintext = try recipient.open(sealed[encapsulatedKeyOctetCount...], authenticating: data)
      return ([UInt8](plaintext), recipient)
    } catch {
      throw .unopenable
    }
  }
}

extension StaticString {
  var octets: [UInt8] { withUTF8Buffer { [UInt8]($0) } }
}
