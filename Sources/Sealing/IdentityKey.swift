internal import Crypto
internal import FoundationEssentials
public import RelayProtocol

/// A device's Ed25519 key: who it is to its relay and to the people it writes to (design, section 7).
public struct IdentityKey: Sendable, Secret {
  private let key: Curve25519.Signing.PrivateKey
  public let publicKey: IdentityPublicKey

  /// A new random key.
  public init() throws(SealingError) {
    try self.init(Curve25519.Signing.PrivateKey())
  }

  /// - Parameter rawRepresentation: what ``rawRepresentation`` gave, 32 octets.
  /// - Throws: ``SealingError/invalidKey(_:)``.
  public init(rawRepresentation: [UInt8]) throws(SealingError) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: rawRepresentation) else {
      throw .invalidKey("private identity key")
    }
    try self.init(key)
  }

  private init(_ key: Curve25519.Signing.PrivateKey) throws(SealingError) {
    self.key = key
    publicKey = try FixedOctets(library: key.publicKey.rawRepresentation)
  }

  /// 32 octets, secret.
  public var rawRepresentation: [UInt8] { [UInt8](key.rawRepresentation) }

  /// Signs a transcript, for ``RelayProtocol/RelayClient`` as for key packages and messages.
  public func sign(_ transcript: Transcript) throws(SealingError) -> Signature {
    guard let signature = try? key.signature(for: transcript.octets) else { throw .internalFailure("Ed25519 signing") }
    return try FixedOctets(library: signature)
  }
}

extension IdentityPublicKey {
  /// - Throws: ``SealingError/invalidKey(_:)``, ``SealingError/badSignature``.
  public func verify(_ signature: Signature, of transcript: Transcript) throws(SealingError) {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: octets) else {
      throw .invalidKey("identity key")
    }
    guard key.isValidSignature(signature.octets, for: transcript.octets) else { throw .badSignature }
  }
}

extension FixedOctets {
  /// Octets that the library made, of a size that it fixes.
  init(library octets: some Collection<UInt8>) throws(SealingError) {
    do {
      try self.init(octets)
    } catch {
      throw .internalFailure(Kind.name)
    }
  }
}
