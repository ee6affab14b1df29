internal import RelayProtocol
internal import Sealing
internal import Telephony

/// A relay without its sockets: the hub with real keys, a table in memory for its store, this thread for its workers. Counts
/// the processor time that it takes.
final class LookUpRelay {
  static let code = "ACDEFGHJ"

  let keys: RelayKeys
  let trust: RelayTrust
  let keyHash: CertificateKeyHash
  /// What it has to say to the device, in order.
  private(set) var outbox: [[UInt8]] = []
  private(set) var spent: Duration = .zero

  private let generation: TokenGeneration
  private var hub: RelayHub
  private var registrations: [NumberToken: RelayRegistration] = [:]
  private var opened: [RelayJobID: PhoneNumber] = [:]
  private var decoder = RelayFrameDecoder()
  private var connection = RelayConnectionID(rawValue: 0)
  private var generator = SystemRandomNumberGenerator()

  init() throws {
    keys = try RelayKeys()
    trust = try keys.trust(certificatePEM: PrivacyOperations.certificatePEM)
    keyHash = CertificateKeyHash(using: &generator)
    guard let newest = keys.generations.first else { throw LabError("no number-token key") }
    generation = newest
    hub = RelayHub(certificateKeyHash: keyHash, generations: keys.generations)
  }

  /// Somebody registered who is not online now.
  func register(_ number: PhoneNumber) throws {
    let token = try keys.token(for: number, generation: generation)
    registrations[token] = RelayRegistration(
      identity: IdentityPublicKey(using: &generator), token: token, generation: generation, registered: 0,
      expires: .max)
  }

  /// A new process with the store of the old one.
  func restart(limits: RelayLimits) {
    hub = RelayHub(certificateKeyHash: keyHash, generations: keys.generations, limits: limits)
    outbox = []
    opened = [:]
  }

  /// Devices that others see as online.
  var onlineCount: Int { hub.onlineCount }
  var nextDeadline: Duration? { hub.nextDeadline }

  func takeOutbox() -> [[UInt8]] {
    defer { outbox = [] }
    return outbox
  }

  // MARK: Events

  func connect(at time: RelayTime) throws {
    connection = RelayConnectionID(rawValue: connection.rawValue + 1)
    decoder = RelayFrameDecoder()
    guard hub.connected(connection, address: "192.0.2.1", at: time) else { throw LabError("the relay takes no connection") }
    hub.secured(connection, nonce: ChallengeNonce(using: &generator), at: time)
    try perform(at: time)
  }

  func received(_ octets: [UInt8], at time: RelayTime) throws {
    let start = ProcessorTime.now
    defer { spent += ProcessorTime.now - start }
    decoder.append(octets)
    while let frame = try decoder.nextClientFrame() { hub.received(frame, from: connection, at: time) }
    try perform(at: time)
  }

  func timeReached(_ time: RelayTime) throws {
    let start = ProcessorTime.now
    defer { spent += ProcessorTime.now - start }
    hub.timeReached(time)
    try perform(at: time)
  }

  // MARK: Work

  private func perform(at time: RelayTime) throws {
    while let action = hub.nextAction() { try perform(action, at: time) }
  }

  private func perform(_ action: RelayAction, at time: RelayTime) throws {
    switch action {
    case .send(_, let frame): outbox.append(try frame.encoded())
    case .close, .abort: throw LabError("the relay closed the connection")
    case .checkSignature(let job, let authentication, let transcript):
      let isValid = (try? authentication.identityKey.verify(authentication.signature, of: transcript)) != nil
      hub.signatureChecked(job, isValid: isValid, at: time)
    case .loadRegistration(let job, let identity, _, let expires):
      var found = registrations.values.first { $0.identity == identity }
      found?.expires = expires
      if let found { registrations[found.token] = found }
      hub.registrationLoaded(job, found.map { .found($0) } ?? .none, at: time)
    case .openNumber(let job, let sealed, let identity):
      let number = try RegistrationEnvelope.open(sealed, identity: identity, keys: keys)
      opened[job] = number
      hub.numberOpened(job, .opened(try keys.tokens(for: number), CodeDigest(Array(Self.code.utf8))), at: time)
    case .sendCode(let job):
      opened[job] = nil
      hub.codeSent(job, succeeded: true, at: time)
    case .discardCode(let job): opened[job] = nil
    case .checkCode(let job, _, let code, let digest):
      hub.codeChecked(job, isRight: Array(code.utf8) == digest.octets, at: time)
    case .saveRegistration(let job, let registration):
      registrations[registration.token] = registration
      hub.registrationSaved(job, .saved(displaced: []), at: time)
    case .moveRegistration, .endRegistrations: throw LabError("nobody here moves or ends a registration")
    case .removeRegistration(let job, let identity):
      registrations = registrations.filter { $0.value.identity != identity }
      hub.registrationRemoved(job, succeeded: true, at: time)
    case .evaluate(let job, let generation, let elements):
      hub.elementsEvaluated(job, .evaluated(try keys.evaluate(elements, generation: generation)), at: time)
    case .findTokens(let job, let tokens, let now):
      let found = tokens.filter { token in registrations[token].map { $0.expires > now } ?? false }
      hub.tokensFound(job, Set(found), at: time)
    }
  }
}
