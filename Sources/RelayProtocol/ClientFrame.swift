/// What a device says to its relay, with every size and count checked: relay.proto's `ClientFrame`.
public struct ClientFrame: Hashable, Sendable {
  /// Nil only where no reply follows (``ClientMessage/isAnswered``).
  public var request: RequestID?
  public var message: ClientMessage

  public init(request: RequestID?, message: ClientMessage) {
    self.request = request
    self.message = message
  }
}

/// The bodies of a ``ClientFrame``. What each is answered by: relay.proto.
public enum ClientMessage: Hashable, Sendable {
  case authenticate(Authentication)
  /// The output of `Sealing.RegistrationEnvelope.seal`, at most ``maximumSealedNumberOctetCount`` octets.
  case register(sealedNumber: [UInt8], purpose: RegistrationPurpose = .register)
  /// At most ``maximumCodeOctetCount`` octets of UTF-8.
  case confirmRegistration(code: String)
  case deregister
  /// 1 to ``maximumBatch`` elements.
  case evaluateTokens(TokenGeneration, [BlindedElement])
  /// 1 to ``maximumBatch`` tokens. Without key packages: ``maximumBatch``; with them: ``maximumKeyPackages``, so that
  /// the answer fits a frame.
  case lookUp([NumberToken], withKeyPackages: Bool)
  case publishKeyPackage(KeyPackage)
  case deliver(Delivery)
  case acknowledge(MessageID, AcknowledgementMAC)
  case refuse(MessageID, RefusalReason)
  case revoke(MessageID)
  /// The sender has the acknowledgement, and will not use the carrier.
  case conclude(MessageID, AcknowledgementMAC)
  /// Within how many seconds the device will be heard again.
  case ping(keepaliveSeconds: UInt32)
  case goingAway
  /// A body that a later version has: answered with ``FailureCode/badFrame``.
  case unrecognized

  /// How many numbers one ``evaluateTokens(_:_:)`` or ``lookUp(_:withKeyPackages:)`` may carry.
  public static let maximumBatch = 64
  /// How many tokens a ``lookUp(_:withKeyPackages:)`` with key packages may carry.
  public static let maximumKeyPackages = 8
  public static let maximumSealedNumberOctetCount = 1_280
  public static let maximumCodeOctetCount = 32

  /// Whether a reply with the request's id follows.
  public var isAnswered: Bool {
    switch self {
    case .acknowledge, .refuse, .conclude: false
    default: true
    }
  }
}

/// Proves an identity key.
public struct Authentication: Hashable, Sendable {
  public var protocolVersion: UInt32
  public var identityKey: IdentityPublicKey
  /// Over ``Transcript/session(nonce:certificateKeyHash:)``.
  public var signature: Signature
  /// Within how many seconds the device will be heard again; the relay takes it for offline after that. 0: not said.
  public var keepaliveSeconds: UInt32

  public init(
    protocolVersion: UInt32 = RelayFrame.protocolVersion, identityKey: IdentityPublicKey, signature: Signature,
    keepaliveSeconds: UInt32
  ) {
    self.protocolVersion = protocolVersion
    self.identityKey = identityKey
    self.signature = signature
    self.keepaliveSeconds = keepaliveSeconds
  }
}

/// A sealed message on its way to the relay.
public struct Delivery: Hashable, Sendable {
  public var messageID: MessageID
  public var recipientToken: NumberToken
  /// The key package the message is sealed to.
  public var keyPackageID: KeyPackageID
  /// 1 to ``RelayFrame/maximumSealedOctetCount`` octets.
  public var sealed: [UInt8]
  /// Milliseconds after which the relay forgets the message: the sender will have used the carrier. 1 to
  /// ``maximumLifetime``.
  public var lifetimeMilliseconds: UInt32

  public static let maximumLifetime: UInt32 = 60_000

  public init(
    messageID: MessageID, recipientToken: NumberToken, keyPackageID: KeyPackageID, sealed: [UInt8],
    lifetimeMilliseconds: UInt32
  ) {
    self.messageID = messageID
    self.recipientToken = recipientToken
    self.keyPackageID = keyPackageID
    self.sealed = sealed
    self.lifetimeMilliseconds = lifetimeMilliseconds
  }
}
