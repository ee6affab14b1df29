internal import Crypto
internal import FoundationEssentials
public import RelayProtocol
internal import SwiftProtobuf
public import Telephony

/// The X-Wing key that others seal messages to while one session of this device lasts. It is never stored: when it is
/// gone, so is the way to open what was sealed to it (design, section 7).
public struct SessionKey: Sendable, Secret {
  /// To be published with ``RelayProtocol/ClientMessage/publishKeyPackage(_:)``.
  public let keyPackage: KeyPackage
  private let privateKey: XWingMLKEM768X25519.PrivateKey

  /// A new random key.
  ///
  /// - Parameters:
  ///   - id: random octets.
  ///   - expires: seconds since 1970.
  ///   - identity: signs the key package.
  public init(id: KeyPackageID, expires: UInt64, identity: IdentityKey) throws(SealingError) {
    guard let privateKey = try? XWingMLKEM768X25519.PrivateKey.generate() else {
      throw .internalFailure("key generation")
    }
    try self.init(privateKey, id: id, expires: expires, identity: identity)
  }

  init(
    _ privateKey: XWingMLKEM768X25519.PrivateKey, id: KeyPackageID, expires: UInt64, identity: IdentityKey
  ) throws(SealingError) {
    let publicKey = try SealingPublicKey(library: privateKey.publicKey.rawRepresentation)
    self.privateKey = privateKey
    keyPackage = KeyPackage(
      id: id, publicKey: publicKey, expires: expires, identityKey: identity.publicKey,
      signature: try identity.sign(.keyPackage(id: id, publicKey: publicKey, expires: expires)))
  }

  /// Opens a message and checks that the identity key it came with signed it for this device's number, this key package and this
  /// message id. Whether that identity belongs to the sender's number is the caller's next question:
  /// ``MessageContent/senderNumber``. An id that was opened before is the caller's to refuse, too.
  ///
  /// - Parameter number: this device's.
  /// - Throws: ``SealingError/staleKeyPackage``, ``SealingError/expired``, ``SealingError/unopenable``,
  ///   ``SealingError/badSignature``, ``SealingError/badContent(_:)``.
  public func open(
    _ incoming: IncomingMessage, for number: PhoneNumber, now: WallTime
  ) throws(SealingError) -> OpenedMessage {
    guard incoming.keyPackageID == keyPackage.id else { throw .staleKeyPackage }
    guard keyPackage.isCurrent(at: now) else { throw .expired }
    let (plaintext, context) = try HybridEncryption.open(
      incoming.sealed, with: privateKey, info: MessageSealer.info, authenticating: incoming.messageID.octets)
    guard let payload = try? WireSealedPayload(serializedBytes: plaintext) else { throw .badContent("not protobuf") }
    let content = [UInt8](payload.content)
    guard let signature = try? Signature(payload.signature) else { throw .badContent("signature") }
    try incoming.senderIdentityKey.verify(
      signature,
      of: .message(
        sender: incoming.senderIdentityKey, recipient: keyPackage.identityKey, recipientNumber: SignedNumber(number),
        keyPackageID: keyPackage.id, messageID: incoming.messageID, content: content))
    guard let exported = try? context.exportSecret(context: AcknowledgementKey.exportLabel.octets, outputByteCount: 32)
    else { throw .internalFailure("exporting") }
    return OpenedMessage(
      content: try MessageContent(decoding: content), acknowledgementKey: AcknowledgementKey(exported))
  }
}

/// What a sealed message held, its signature checked.
public struct OpenedMessage: Sendable, Secret {
  public let content: MessageContent
  /// To acknowledge the message with, once it is stored.
  public let acknowledgementKey: AcknowledgementKey
}

/// A key package that its owner signed and that has not expired.
public struct VerifiedKeyPackage: Hashable, Sendable {
  public let keyPackage: KeyPackage

  /// - Throws: ``SealingError/badSignature``, ``SealingError/expired``, ``SealingError/invalidKey(_:)``.
  public init(_ keyPackage: KeyPackage, now: WallTime) throws(SealingError) {
    try keyPackage.identityKey.verify(
      keyPackage.signature,
      of: .keyPackage(id: keyPackage.id, publicKey: keyPackage.publicKey, expires: keyPackage.expires))
    guard keyPackage.isCurrent(at: now) else { throw .expired }
    self.keyPackage = keyPackage
  }
}

extension KeyPackage {
  /// A time before 1970 is a clock not yet set: nothing has expired by it.
  func isCurrent(at now: WallTime) -> Bool {
    guard let milliseconds = UInt64(exactly: now.millisecondsSince1970) else { return true }
    return milliseconds / 1000 < expires
  }
}
