internal import Crypto
internal import FoundationEssentials
public import RelayProtocol
internal import SwiftProtobuf
public import Telephony

/// Seals messages to key packages.
public enum MessageSealer {
  static let info: StaticString = "shunt/1 message"

  /// Signs the content for one recipient, key package and message id, and seals it (some 0.3 ms).
  ///
  /// - Parameter number: whom the message is for, whose key package this is said to be.
  /// - Throws: ``SealingError/tooLarge(octetCount:limit:)`` when it would not fit a frame: send it by carrier;
  ///   ``SealingError/badContent(_:)``, ``SealingError/invalidKey(_:)`` when the package's key is none.
  public static func seal(
    _ content: MessageContent, id: MessageID, from sender: IdentityKey, to recipient: VerifiedKeyPackage,
    of number: PhoneNumber
  ) throws(SealingError) -> SealedMessage {
    let package = recipient.keyPackage
    let encoded = try content.encoded()
    let signature = try sender.sign(
      .message(
        sender: sender.publicKey, recipient: package.identityKey, recipientNumber: SignedNumber(number),
        keyPackageID: package.id, messageID: id, content: encoded))
    let payload = WireSealedPayload.with {
      $0.content = Data(encoded)
      $0.signature = Data(signature.octets)
    }
    guard let plaintext: [UInt8] = try? payload.serializedBytes() else { throw .internalFailure("serializing") }
    let octetCount = plaintext.count + HybridEncryption.overhead
    guard octetCount <= RelayFrame.maximumSealedOctetCount else {
      throw .tooLarge(octetCount: octetCount, limit: RelayFrame.maximumSealedOctetCount)
    }
    let (sealed, context) = try HybridEncryption.seal(
      plaintext, to: package.publicKey.octets, info: info, authenticating: id.octets)
    guard let exported = try? context.exportSecret(context: AcknowledgementKey.exportLabel.octets, outputByteCount: 32)
    else { throw .internalFailure("exporting") }
    return SealedMessage(sealed: sealed, acknowledgementKey: AcknowledgementKey(exported))
  }
}

/// A message ready for ``RelayProtocol/Delivery/sealed``.
public struct SealedMessage: Sendable, Secret {
  public let sealed: [UInt8]
  /// Checks the recipient's acknowledgement.
  public let acknowledgementKey: AcknowledgementKey
}

extension SignedNumber {
  init(_ number: PhoneNumber) throws(SealingError) {
    let octets = Array(number.e164.utf8)
    try self.init(library: octets + [UInt8](repeating: 0, count: max(0, SignedNumberKind.octetCount - octets.count)))
  }
}
