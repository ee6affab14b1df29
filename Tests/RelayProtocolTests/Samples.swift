import RelayProtocol

/// Repeatable chance for tests: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
  mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: .min ... .max, using: &self) } }
}

/// One valid value of every message, different for every seed.
struct Samples {
  static let token = try! NumberToken([UInt8](repeating: 5, count: 48))

  var generator: SeededGenerator
  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func fixed<Kind>(_ kind: FixedOctets<Kind>.Type = FixedOctets<Kind>.self) -> FixedOctets<Kind> {
    FixedOctets(using: &generator)
  }

  mutating func generation() -> TokenGeneration { TokenGeneration(rawValue: .random(in: 1 ... .max, using: &generator)) }

  mutating func keyPackage() -> KeyPackage {
    KeyPackage(
      id: fixed(), publicKey: fixed(), expires: generator.next(), identityKey: fixed(), signature: fixed())
  }

  mutating func registration() -> Registration {
    Registration(token: fixed(), expires: generator.next(), generation: generation())
  }

  mutating func clientMessages() -> [ClientMessage] {
    let tokens: [NumberToken] = (0..<64).map { _ in fixed() }
    let elements: [BlindedElement] = (0..<64).map { _ in fixed() }
    return [
      .authenticate(Authentication(identityKey: fixed(), signature: fixed(), keepaliveSeconds: 120)),
      .register(sealedNumber: generator.octets(1_150)),
      .register(sealedNumber: generator.octets(1_150), purpose: .move),
      .register(sealedNumber: generator.octets(1_150), purpose: .deregister),
      .register(sealedNumber: generator.octets(1_150), purpose: RegistrationPurpose(rawValue: 4_711)),
      .confirmRegistration(code: "K7RT2MXQ"),
      .deregister,
      .evaluateTokens(generation(), elements),
      .lookUp(tokens, withKeyPackages: false),
      .lookUp(Array(tokens.prefix(8)), withKeyPackages: true),
      .publishKeyPackage(keyPackage()),
      .deliver(
        Delivery(
          messageID: fixed(), recipientToken: fixed(), keyPackageID: fixed(),
          sealed: generator.octets(RelayFrame.maximumSealedOctetCount), lifetimeMilliseconds: 6_000)),
      .acknowledge(fixed(), fixed()),
      .refuse(fixed(), .storageFull),
      .revoke(fixed()),
      .conclude(fixed(), fixed()),
      .ping(keepaliveSeconds: 900),
      .goingAway,
    ]
  }

  mutating func incoming(
    octetCount: Int = RelayFrame.maximumSealedOctetCount, otherTokenCount: Int = 0
  ) -> IncomingMessage {
    IncomingMessage(
      messageID: fixed(), senderToken: fixed(), generation: generation(), senderIdentityKey: fixed(),
      keyPackageID: fixed(), sealed: generator.octets(octetCount),
      otherSenderTokens: (0..<otherTokenCount).map { _ in
        GenerationToken(token: fixed(), generation: TokenGeneration(rawValue: .max))
      })
  }

  mutating func serverMessages() -> [ServerMessage] {
    let evaluations: [Evaluation] = (0..<64).map { _ in fixed() }
    let online: [Contact] = (0..<8).map { _ in .online(keyPackage()) }
    return [
      .challenge(protocolVersion: 1, fixed()),
      .sessionReady(SessionReady(registration: nil, tokenGenerations: [generation()])),
      .sessionReady(SessionReady(registration: registration(), tokenGenerations: [generation(), generation()])),
      .codeSent(lifetimeSeconds: 600),
      .registered(registration()),
      .done,
      .evaluations(evaluations),
      .lookUpResult([.unknown, .offline, .online(nil)]),
      .lookUpResult(online),
      .accepted,
      .failure(RelayFailure(code: .limit, text: "three codes a day", retryAfterSeconds: 3_600)),
      .failure(RelayFailure(code: FailureCode(rawValue: 4_711), text: "from the future")),
      .incoming(incoming()),
      .incoming(incoming(otherTokenCount: IncomingMessage.maximumOtherTokens)),
      .acknowledged(fixed(), fixed()),
      .refused(fixed(), RefusalReason(rawValue: 99)),
      .revoked(fixed()),
      .concluded(fixed(), fixed()),
      .pong,
      .sessionEnded(.stopping),
      .sessionEnded(.registrationRemoved),
    ]
  }

  mutating func clientFrames() -> [ClientFrame] {
    clientMessages().map { ClientFrame(request: $0.isAnswered ? RequestID(rawValue: 7) : nil, message: $0) }
  }

  mutating func serverFrames() -> [ServerFrame] {
    serverMessages().map { ServerFrame(request: RequestID(rawValue: .max), message: $0) }
  }
}
