/// A public key to seal messages to, for one session of one device (design, section 7). Sizes are right; whether the
/// signature holds, `Sealing.VerifiedKeyPackage` tells.
public struct KeyPackage: Hashable, Sendable {
  public var id: KeyPackageID
  public var publicKey: SealingPublicKey
  /// Seconds since 1970.
  public var expires: UInt64
  /// The owner's.
  public var identityKey: IdentityPublicKey
  /// By ``identityKey`` over ``Transcript/keyPackage(id:publicKey:expires:)``.
  public var signature: Signature

  public init(
    id: KeyPackageID, publicKey: SealingPublicKey, expires: UInt64, identityKey: IdentityPublicKey,
    signature: Signature
  ) {
    self.id = id
    self.publicKey = publicKey
    self.expires = expires
    self.identityKey = identityKey
    self.signature = signature
  }
}
