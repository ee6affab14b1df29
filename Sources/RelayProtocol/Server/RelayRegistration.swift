/// All that the relay keeps of a subscriber (design section 7): no number, no contacts, no messages.
public struct RelayRegistration: Hashable, Sendable {
  public var identity: IdentityPublicKey
  public var token: NumberToken
  /// The generation of the token key that `token` was made with.
  public var generation: TokenGeneration
  /// Seconds since 1970.
  public var registered: UInt64
  /// Seconds since 1970; moves on with every session.
  public var expires: UInt64

  public init(
    identity: IdentityPublicKey, token: NumberToken, generation: TokenGeneration, registered: UInt64, expires: UInt64
  ) {
    self.identity = identity
    self.token = token
    self.generation = generation
    self.registered = registered
    self.expires = expires
  }
}
