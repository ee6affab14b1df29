/// What a relay says to a device, with every size and count checked: relay.proto's `ServerFrame`.
public struct ServerFrame: Hashable, Sendable {
  /// The request answered; nil on frames that answer none.
  public var request: RequestID?
  public var message: ServerMessage

  public init(request: RequestID?, message: ServerMessage) {
    self.request = request
    self.message = message
  }
}

/// The bodies of a ``ServerFrame``.
public enum ServerMessage: Hashable, Sendable {
  case challenge(protocolVersion: UInt32, ChallengeNonce)
  case sessionReady(SessionReady)
  /// How long the code sent by SMS can be used.
  case codeSent(lifetimeSeconds: UInt32)
  case registered(Registration)
  case done
  /// In the order asked.
  case evaluations([Evaluation])
  /// In the order asked.
  case lookUpResult([Contact])
  case accepted
  case failure(RelayFailure)
  case incoming(IncomingMessage)
  case acknowledged(MessageID, AcknowledgementMAC)
  case refused(MessageID, RefusalReason)
  case revoked(MessageID)
  /// No copy of the message will come by the carrier.
  case concluded(MessageID, AcknowledgementMAC)
  case pong
  case sessionEnded(SessionEndReason)
  /// A body that a later version has: ignored, or, when it answers a request, no answer this version can use.
  case unrecognized
}

/// A registration as the relay holds it.
public struct Registration: Hashable, Sendable {
  public var token: NumberToken
  /// Seconds since 1970.
  public var expires: UInt64
  /// Of ``token``; nil when the relay did not say (in ``SessionReady``).
  public var generation: TokenGeneration?

  /// - Parameter token: the newest one.
  public init(token: NumberToken, expires: UInt64, generation: TokenGeneration?) {
    self.token = token
    self.expires = expires
    self.generation = generation
  }
}

/// A number token and the number-token key that it was made with.
public struct GenerationToken: Hashable, Sendable {
  public var token: NumberToken
  public var generation: TokenGeneration

  public init(token: NumberToken, generation: TokenGeneration) {
    self.token = token
    self.generation = generation
  }
}

/// The relay believes the identity key.
public struct SessionReady: Hashable, Sendable {
  /// What the relay holds for this identity key.
  public var registration: Registration?
  /// Generations of the number-token key now served, newest first; 1 to 16.
  public var tokenGenerations: [TokenGeneration]

  public static let maximumGenerations = 16

  public init(registration: Registration?, tokenGenerations: [TokenGeneration]) {
    self.registration = registration
    self.tokenGenerations = tokenGenerations
  }
}

/// One answer of a look-up.
public enum Contact: Hashable, Sendable {
  /// No registration for the token.
  case unknown
  case offline
  /// The key package only when it was asked for.
  case online(KeyPackage?)
}

/// A request that the relay refused.
public struct RelayFailure: Hashable, Sendable {
  public var code: FailureCode
  /// For a person; at most ``maximumTextCount`` characters, none of them a control character.
  public var text: String
  /// Seconds to wait before trying again; 0 where waiting does not help.
  public var retryAfterSeconds: UInt32

  public static let maximumTextCount = 200

  public init(code: FailureCode, text: String, retryAfterSeconds: UInt32 = 0) {
    self.code = code
    self.text = text
    self.retryAfterSeconds = retryAfterSeconds
  }
}

/// A sealed message as it reaches the recipient.
public struct IncomingMessage: Hashable, Sendable {
  public var messageID: MessageID
  /// The newest token the relay holds for ``senderIdentityKey``.
  public var senderToken: NumberToken
  /// Of ``senderToken``.
  public var generation: TokenGeneration
  /// The sender's tokens of other generations; at most ``maximumOtherTokens``.
  public var otherSenderTokens: [GenerationToken]
  public var senderIdentityKey: IdentityPublicKey
  public var keyPackageID: KeyPackageID
  /// 1 to ``RelayFrame/maximumSealedOctetCount`` octets.
  public var sealed: [UInt8]

  public static let maximumOtherTokens = TokenGeneration.maximumServed - 1

  /// All that the relay vouches for, newest first.
  public var senderTokens: [GenerationToken] {
    [GenerationToken(token: senderToken, generation: generation)] + otherSenderTokens
  }

  public init(
    messageID: MessageID, senderToken: NumberToken, generation: TokenGeneration, senderIdentityKey: IdentityPublicKey,
    keyPackageID: KeyPackageID, sealed: [UInt8], otherSenderTokens: [GenerationToken] = []
  ) {
    self.otherSenderTokens = otherSenderTokens
    self.messageID = messageID
    self.senderToken = senderToken
    self.generation = generation
    self.senderIdentityKey = senderIdentityKey
    self.keyPackageID = keyPackageID
    self.sealed = sealed
  }
}
