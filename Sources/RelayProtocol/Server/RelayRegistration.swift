/// All that the relay keeps of a subscriber (design section 7): no number, no contacts, no messages.
public struct RelayRegistration: Hashable, Sendable {
  public var identity: IdentityPublicKey
  /// The number's tokens, newest generation first; at least one, and one a generation.
  public private(set) var tokens: [GenerationToken]
  /// Seconds since 1970.
  public var registered: UInt64
  /// Seconds since 1970; moves on with every session.
  public var expires: UInt64

  /// - Parameter tokens: in any order.
  /// - Returns: nil without tokens.
  public init?(identity: IdentityPublicKey, tokens: [GenerationToken], registered: UInt64, expires: UInt64) {
    guard !tokens.isEmpty else { return nil }
    self.identity = identity
    self.tokens = tokens.sorted { $0.generation > $1.generation }
    self.registered = registered
    self.expires = expires
  }

  public init(
    identity: IdentityPublicKey, token: NumberToken, generation: TokenGeneration, registered: UInt64, expires: UInt64
  ) {
    self.identity = identity
    tokens = [GenerationToken(token: token, generation: generation)]
    self.registered = registered
    self.expires = expires
  }

  /// The newest one.
  public var token: NumberToken { tokens[0].token }
  /// Of ``token``.
  public var generation: TokenGeneration { tokens[0].generation }

  /// What limits are counted by: the oldest token, which a registration keeps when its number-token key is replaced,
  /// and has again when the number is registered anew.
  var account: NumberToken { tokens[tokens.count - 1].token }

  func has(_ token: NumberToken) -> Bool { tokens.contains { $0.token == token } }

  /// As the device is told it.
  var told: Registration { Registration(token: token, expires: expires, generation: generation) }
}
