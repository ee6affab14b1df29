@testable import RelayProtocol

/// A hub with a scripted shell around it: a store that is a dictionary, by each token of a registration, a signature that
/// holds when its first octet is 1, a sealed number whose first octet is the number, its token of generation 1 the same
/// octet and that of generation 2 the octet with its highest bit set, and a code that is right when it is "RIGHT".
final class HubRig {
  var hub: RelayHub
  var time = RelayTime(now: .seconds(1_000), unixSeconds: 1_800_000_000)
  var store: [NumberToken: RelayRegistration] = [:]
  var sent: [RelayConnectionID: [ServerFrame]] = [:]
  var closed: Set<RelayConnectionID> = []
  var aborted: Set<RelayConnectionID> = []
  var codesSent: [UInt8] = []
  var discarded = 0
  var storeFails = false
  var senderFails = false
  /// Jobs of these kinds are kept in `held` for the test to answer.
  var holds: (RelayAction) -> Bool = { _ in false }
  var held: [RelayAction] = []
  private var numbers: [RelayJobID: UInt8] = [:]
  private var lastConnection: UInt64 = 0
  private var lastRequest: UInt32 = 0

  static let generation = TokenGeneration(rawValue: 1)
  static let second = TokenGeneration(rawValue: 2)
  static let keyHash = try! CertificateKeyHash([UInt8](repeating: 0xC0, count: 32))
  static let nonce = try! ChallengeNonce([UInt8](repeating: 0x4E, count: 32))

  /// - Parameter generations: newest first.
  init(generations: [TokenGeneration] = [HubRig.generation], _ change: (inout RelayLimits) -> Void = { _ in }) {
    var limits = RelayLimits()
    change(&limits)
    hub = RelayHub(certificateKeyHash: Self.keyHash, generations: generations, limits: limits)
  }

  static func token(_ number: UInt8, _ generation: TokenGeneration) -> GenerationToken {
    GenerationToken(token: octets(generation == second ? number | 0x80 : number), generation: generation)
  }

  /// The registration of an identity.
  func registration(of person: UInt8) -> RelayRegistration? {
    store.values.first { $0.identity == Self.octets(person) }
  }

  private func keep(_ registration: RelayRegistration) {
    for held in registration.tokens { store[held.token] = registration }
  }

  /// - Returns: whose they were.
  private func removeHolders(of tokens: [NumberToken]) -> [IdentityPublicKey] {
    let holders = Set(tokens.compactMap { store[$0]?.identity })
    store = store.filter { !holders.contains($0.value.identity) }
    return Array(holders)
  }

  static func octets<Kind>(_ value: UInt8, as kind: FixedOctets<Kind>.Type = FixedOctets<Kind>.self) -> FixedOctets<Kind> {
    try! FixedOctets([UInt8](repeating: value, count: Kind.octetCount))
  }

  static func package(of person: UInt8, id: UInt8? = nil, expires: UInt64 = 1_900_000_000) -> KeyPackage {
    KeyPackage(
      id: octets(id ?? person), publicKey: octets(person), expires: expires, identityKey: octets(person),
      signature: octets(9))
  }

  // MARK: Steps

  /// - Returns: nil when refused.
  func connect(address: String = "192.0.2.1") -> RelayConnectionID? {
    lastConnection += 1
    let connection = RelayConnectionID(rawValue: lastConnection)
    guard hub.connected(connection, address: address, at: time) else { return nil }
    hub.secured(connection, nonce: Self.nonce, at: time)
    run()
    return connection
  }

  @discardableResult
  func authenticate(
    _ connection: RelayConnectionID, as person: UInt8, isRight: Bool = true, version: UInt32 = 1, keepalive: UInt32 = 0
  ) -> ServerMessage? {
    ask(
      .authenticate(
        Authentication(
          protocolVersion: version, identityKey: Self.octets(person), signature: Self.octets(isRight ? 1 : 0),
          keepaliveSeconds: keepalive)), connection)
  }

  /// A session of someone registered under a token of the same octet.
  func session(_ person: UInt8, isRegistered: Bool = true, isOnline: Bool = true) -> RelayConnectionID {
    if isRegistered {
      store[Self.octets(person)] = RelayRegistration(
        identity: Self.octets(person), token: Self.octets(person), generation: Self.generation,
        registered: time.unixSeconds, expires: time.unixSeconds + 1000)
    }
    let connection = connect()!
    authenticate(connection, as: person)
    if isRegistered && isOnline { ask(.publishKeyPackage(Self.package(of: person)), connection) }
    sent[connection] = []
    return connection
  }

  /// Sends a request and takes the answer out of `sent`.
  @discardableResult
  func ask(_ message: ClientMessage, _ connection: RelayConnectionID) -> ServerMessage? {
    lastRequest += 1
    let request = message.isAnswered ? RequestID(rawValue: lastRequest) : nil
    hub.received(ClientFrame(request: request, message: message), from: connection, at: time)
    run()
    guard let request, let index = sent[connection]?.firstIndex(where: { $0.request == request }) else { return nil }
    return sent[connection]?.remove(at: index).message
  }

  func deliver(
    _ id: UInt8, from sender: RelayConnectionID, to person: UInt8, package: UInt8? = nil, lifetime: UInt32 = 6_000
  ) -> ServerMessage? {
    ask(
      .deliver(
        Delivery(
          messageID: Self.octets(id), recipientToken: Self.octets(person), keyPackageID: Self.octets(package ?? person),
          sealed: [id], lifetimeMilliseconds: lifetime)), sender)
  }

  func pushes(_ connection: RelayConnectionID) -> [ServerMessage] {
    defer { sent[connection] = [] }
    return (sent[connection] ?? []).map(\.message)
  }

  func close(_ connection: RelayConnectionID) {
    hub.closed(connection, at: time)
    run()
  }

  func advance(_ duration: Duration) {
    let end = time.now + duration
    while let next = hub.nextDeadline, next <= end {
      move(to: max(next, time.now))
      hub.timeReached(time)
      run()
    }
    move(to: end)
  }

  private func move(to now: Duration) {
    time.unixSeconds += now.wholeSeconds - time.now.wholeSeconds
    time.now = now
  }

  // MARK: The shell

  func run() {
    while let action = hub.nextAction() {
      if holds(action) { held.append(action) } else { answer(action) }
    }
  }

  func answer(_ action: RelayAction) {
    switch action {
    case .send(let connection, let frame): sent[connection, default: []].append(frame)
    case .close(let connection): closed.insert(connection)
    case .abort(let connection): aborted.insert(connection)
    case .checkSignature(let job, let authentication, let transcript):
      let expected = Transcript.session(nonce: Self.nonce, certificateKeyHash: Self.keyHash)
      let isValid = transcript == expected && authentication.signature.octets[0] == 1
      hub.signatureChecked(job, isValid: isValid, at: time)
    case .loadRegistration(let job, let identity, let now, let expires):
      let found = store.values.first { $0.identity == identity && $0.expires > now }
      if var found, !storeFails {
        found.expires = expires
        keep(found)
        hub.registrationLoaded(job, .found(found), at: time)
      } else {
        hub.registrationLoaded(job, storeFails ? .failed : .none, at: time)
      }
    case .openNumber(let job, let sealed, let identity):
      guard let number = sealed.first, number != 0 else {
        hub.numberOpened(job, .bad, at: time)
        return
      }
      numbers[job] = number
      let digest = CodeDigest([number] + identity.octets + [UInt8(truncatingIfNeeded: job.rawValue)])
      hub.numberOpened(job, .opened(hub.generations.map { Self.token(number, $0) }, digest), at: time)
    case .sendCode(let job):
      if let number = numbers.removeValue(forKey: job), !senderFails { codesSent.append(number) }
      hub.codeSent(job, succeeded: !senderFails, at: time)
    case .discardCode(let job):
      discarded += 1
      numbers[job] = nil
    case .checkCode(let job, _, let code, _): hub.codeChecked(job, isRight: code == "RIGHT", at: time)
    case .saveRegistration(let job, let registration):
      guard !storeFails else {
        hub.registrationSaved(job, .failed, at: time)
        return
      }
      let displaced = removeHolders(of: registration.tokens.map(\.token)).filter { $0 != registration.identity }
      store = store.filter { $0.value.identity != registration.identity }
      keep(registration)
      hub.registrationSaved(job, .saved(displaced: displaced), at: time)
    case .moveRegistration(let job, let identity, let held, let tokens):
      guard !storeFails else {
        hub.registrationMoved(job, .failed, at: time)
        return
      }
      guard let before = store[held], before.identity == identity, tokens.allSatisfy({ store[$0.token] == nil }),
        let after = RelayRegistration(
          identity: identity, tokens: before.tokens + tokens, registered: before.registered, expires: before.expires)
      else {
        hub.registrationMoved(job, .none, at: time)
        return
      }
      keep(after)
      hub.registrationMoved(job, .found(after), at: time)
    case .endRegistrations(let job, let tokens):
      hub.registrationsEnded(job, storeFails ? .failed : .ended(removeHolders(of: tokens)), at: time)
    case .removeRegistration(let job, let identity):
      if !storeFails { store = store.filter { $0.value.identity != identity } }
      hub.registrationRemoved(job, succeeded: !storeFails, at: time)
    case .evaluate(let job, _, let elements):
      let isBad = elements.contains { $0.octets[0] == 0 }
      let results: [Evaluation] = elements.map { Self.octets($0.octets[0]) }
      hub.elementsEvaluated(job, isBad ? .bad : .evaluated(results), at: time)
    case .findTokens(let job, let tokens, let now):
      let found = tokens.filter { (store[$0]?.expires ?? 0) > now }
      hub.tokensFound(job, storeFails ? nil : Set(found), at: time)
    }
  }
}

extension ServerMessage {
  var failureCode: FailureCode? {
    guard case .failure(let failure) = self else { return nil }
    return failure.code
  }

  var retryAfter: UInt32? {
    guard case .failure(let failure) = self else { return nil }
    return failure.retryAfterSeconds
  }
}
