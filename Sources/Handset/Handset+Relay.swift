public import RelayProtocol
internal import Interposer
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  // MARK: transport

  /// TLS to the relay is up.
  public mutating func relayConnected(
    _ connection: RelayConnection, certificateKeyHash: CertificateKeyHash, now: Duration
  ) {
    self.now = now
    relay.connected(connection, certificateKeyHash: certificateKeyHash, now: now)
  }

  public mutating func relayReceived(_ octets: UnsafeRawBufferPointer, on connection: RelayConnection, now: Duration) {
    self.now = now
    relay.received(octets, on: connection, now: now)
  }

  /// - Parameter reason: one line for a person.
  public mutating func relayClosed(_ connection: RelayConnection, reason: String, now: Duration) {
    self.now = now
    relay.closed(connection, reason: reason, now: now)
  }

  /// Octets that the connection has not taken yet.
  public mutating func relayBacklog(_ octetCount: Int, on connection: RelayConnection, now: Duration) {
    self.now = now
    relay.backlog(octetCount, on: connection, now: now)
  }

  public mutating func networkChanged(isAvailable: Bool, now: Duration) {
    self.now = now
    relay.networkChanged(isAvailable: isAvailable, now: now)
  }

  /// Whether consent, SIM and modem want a session: for a registration that there is, or that is being made.
  var isLinkWanted: Bool {
    guard enrolment.isEnabled, configuration.trust != nil, !isShuttingDown, sleep == .awake, let identity = identity.known else {
      return false
    }
    return enrolment.registration == nil ? progress.isUnderWay : enrolment.isBound(to: identity)
  }

  /// Connects or disconnects, as consent, SIM and modem have it.
  mutating func updateLink() {
    if deregistrationDeadline != nil, relay.status == .ready { return }
    let isWanted = isLinkWanted || removal?.identity != nil && !isShuttingDown && sleep == .awake
    switch (isWanted, relay.status) {
    case (true, .stopped), (true, .leaving): relay.start(now: now)
    // Leaving too: a new start may be planned for after the goodbye.
    case (false, .waiting), (false, .connecting), (false, .ready), (false, .leaving): relay.stop(now: now)
    default: break
    }
  }

  // MARK: session

  mutating func take(_ action: RelayClient.Action) -> HandsetAction? {
    switch action {
    case .connect(let connection): return .connectToRelay(connection)
    case .send(let octets, let connection): return .sendToRelay(octets, connection)
    case .disconnect(let connection): return .closeRelay(connection)
    case .sign(let transcript, let connection): sign(transcript, on: connection)
    case .sessionReady(let session): sessionReady(session)
    case .sessionLost(let problem): sessionLost(problem)
    case .connectionFailed(let problem): connectionFailed(problem)
    case .finished(let request, let outcome): finished(request, outcome)
    case .pushed(.incoming(let message)): arrived(message)
    case .pushed(.acknowledged(let id, let mac)): acknowledged(id, mac)
    case .pushed(.refused(let id, let reason)): refused(id, reason)
    case .pushed(.revoked(let id)): revoked(id)
    case .pushed(.concluded(let id, let mac)): concluded(id, mac)
    case .stopped:
      sleepIfAway()
      statusMayHaveChanged()
    }
    return nil
  }

  private mutating func sign(_ transcript: Transcript, on connection: RelayConnection) {
    guard let key = removal?.identity ?? identityKey, let signature = try? key.sign(transcript) else {
      relay.notSigned(on: connection, now: now)
      return
    }
    relay.signed(signature, by: key.publicKey, on: connection, now: now)
  }

  private mutating func sessionReady(_ session: SessionReady) {
    guard removal?.identity == nil else {
      // Nothing but the exchange it is for may use it.
      continueRemoval()
      statusMayHaveChanged()
      return
    }
    link.begin(session)
    if tokens.keepOnly(session.tokenGenerations) { write(.tokens, tokens.cache.serialized) }
    switch (session.registration, enrolment.registration) {
    case (let registration?, .some):
      if enrolment.registration != registration {
        enrolment.renew(registration)
        write(.enrolment, enrolment.serialized)
      }
      publishKey()
      moveRegistration()
    case (nil, .some):
      // It may be another relay, or one that was set up anew: then the tokens are of keys that count for nothing any more.
      if tokens.keepOnly([]) { act(.remove(.tokens)) }
      registrationIsGone(
        "the relay no longer knows this registration: it has lapsed, or somebody else has proved the number since; "
          + "run shuntctl enable again")
      note(.warning, "the relay no longer knows this registration; texts go by the carrier")
    case (let registration, nil): continueRegistration(registration)
    }
    continueRemoval()
    statusMayHaveChanged()
  }

  private mutating func sessionLost(_ problem: LinkProblem) {
    guard removal?.identity == nil else {
      link.problem = "\(problem)"
      removalLostSession()
      statusMayHaveChanged()
      return
    }
    link.end()
    link.problem = "\(problem)"
    switch problem {
    case .stopped: break
    case .badProof: note(.error, "\(problem)")
    default: note(.notice, "lost the relay: \(problem)")
    }
    contacts.forgetAll()
    incoming.endSession()
    failLookUps(HandsetError(.relayUnreachable, "the session with the relay was lost: \(problem)"))
    tokensFailed(tokens.abandonAll())
    abandonAttempts()
    switch problem {
    case .ended(.registrationMoved):
      registrationIsGone("the number was registered from another device; run shuntctl enable again to take it back")
    case .ended(.registrationRemoved):
      registrationIsGone(
        "the registration was ended by somebody who proved the number; run shuntctl enable to register again")
    default: break
    }
    registrationLostSession()
    removalLostSession()
    statusMayHaveChanged()
  }

  /// The relay has no registration of this device any more.
  ///
  /// - Parameter text: why, for the person.
  private mutating func registrationIsGone(_ text: String) {
    enrolment.lapse()
    write(.enrolment, enrolment.serialized)
    progress = .failed(text)
    updateLink()
  }

  private mutating func connectionFailed(_ problem: LinkProblem) {
    let text = "\(problem)"
    // A relay that stays away is worth one line, not one a try.
    if link.problem != text { note(.warning, "can't reach the relay: \(text)") }
    link.problem = text
    for (call, _) in calls.takeAll(where: { if case .enableCode = $0 { true } else { false } }) {
      act(
        .reply(
          call, .error(HandsetError(.relayUnreachable, "the relay can't be reached: \(text). shuntd keeps trying."))))
    }
    removalFailedToConnect(text)
    statusMayHaveChanged()
  }

  // MARK: keys

  mutating func publishKey() {
    guard let identityKey else { return }
    let id = KeyPackageID(using: &generator)
    let lifetime = RelayLink.keyLifetime + RelayLink.keyOverlap + .seconds(3_600)
    let expires = UInt64(clamping: wall.adding(lifetime).millisecondsSince1970 / 1000)
    guard let key = try? SessionKey(id: id, expires: expires, identity: identityKey) else {
      note(.error, "no session key could be made; nobody can reach this device by IP")
      return
    }
    link.use(key, now: now, wall: wall)
    ask(.publishKeyPackage(key.keyPackage), for: .keyPackage) { $0.link.publishLater(now: $0.now) }
  }

  mutating func sessionKeyTimeReached() {
    guard link.isReady, enrolment.registration != nil else { return }
    if link.keyTimeReached(now: now) || link.wallHasJumped(now: now, wall: wall) { publishKey() }
  }

  // MARK: requests

  /// Asks the relay; `otherwise` is done when it can't be asked.
  mutating func ask(
    _ message: ClientMessage, for purpose: RelayLink.Purpose, timeout: Duration? = nil,
    otherwise: (inout Handset) -> Void
  ) {
    do throws(RequestError) {
      let request = try relay.request(message, timeout: timeout, now: now)
      link.purposes[request] = purpose
    } catch {
      otherwise(&self)
    }
  }

  private mutating func finished(_ request: RequestID, _ outcome: RequestOutcome) {
    guard let purpose = link.purposes.removeValue(forKey: request) else { return }
    switch purpose {
    case .nothing: break
    case .registration(let attempt): registrationEnded(outcome, attempt)
    case .confirmation(let call): confirmationEnded(outcome, call)
    case .deregistration: deregistrationEnded(outcome)
    case .removalCode(let attempt): removalCodeEnded(outcome, attempt)
    case .removalConfirmation(let call): removalConfirmationEnded(outcome, call)
    case .move: moveEnded(outcome)
    case .keyPackage: keyPackageEnded(outcome)
    case .tokens(let batch): tokensEnded(batch, outcome)
    case .contact(let id): contactEnded(id, outcome)
    case .presence(let call): presenceEnded(call, outcome)
    case .delivery(let id, let messageID): deliveryEnded(id, messageID, outcome)
    }
  }

  private mutating func keyPackageEnded(_ outcome: RequestOutcome) {
    switch outcome {
    case .done, .sessionLost: break
    case .failed(let failure):
      note(.warning, "the relay refused this device's key: \(failure.text)")
      link.publishLater(now: now)
    default: link.publishLater(now: now)
    }
    statusMayHaveChanged()
  }

  private mutating func contactEnded(_ id: SubmissionID, _ outcome: RequestOutcome) {
    switch outcome {
    case .contacts(let found): if let contact = found.first { contactFound(id, contact) }
    case .failed(let failure): advance(id) { $0.rejected(OutgoingMessage.Rejection(failure.code)) }
    case .timedOut, .sessionLost: break
    default: break
    }
  }

  // MARK: tokens

  /// A token of any generation that the relay serves: a new number-token key is no reason to ask for all again.
  func cachedToken(of number: PhoneNumber) -> NumberToken? {
    for generation in link.generations {
      if let token = cachedToken(of: number, generation: generation) { return token }
    }
    return nil
  }

  func cachedToken(of number: PhoneNumber, generation: TokenGeneration) -> NumberToken? {
    tokens.cache.token(for: number, generation: generation, wall: wall)
  }

  /// The newest number-token key that relay and device share.
  var tokenGeneration: TokenGeneration? {
    configuration.trust?.newestGeneration(servedBy: link.generations)
  }

  /// One costly step; more follow in later turns.
  mutating func tokenWork() {
    guard tokens.hasWork, link.isReady, let trust = configuration.trust,
      let step = tokens.step(trust: trust, generation: tokenGeneration, wall: wall)
    else { return }
    switch step {
    case .ask(let batch, let elements, let generation):
      ask(.evaluateTokens(generation, elements), for: .tokens(batch)) { $0.tokensEnded(batch, .sessionLost) }
    case .resolved(let number, let token):
      if !tokens.hasWork { write(.tokens, tokens.cache.serialized) }
      tokenArrived(number, generation: token.generation, token.token)
    case .failed(let number, let generation, let failure):
      switch failure {
      case .badProof: relay.distrust(now: now)
      case .noCommonGeneration:
        note(.error, "the relay serves none of the number-token keys in this device's relay file; get a new one")
      }
      tokenArrived(number, generation: generation, nil)
    }
  }

  private mutating func tokensEnded(_ batch: TokenDesk.Batch, _ outcome: RequestOutcome) {
    let failed: [TokenDesk.Wanted]
    if case .evaluations(let evaluations) = outcome {
      failed = tokens.evaluated(batch, evaluations)
    } else {
      failed = tokens.refused(batch)
    }
    if case .failed(let failure) = outcome { note(.notice, "the relay answered a look-up with: \(failure.text)") }
    tokensFailed(failed)
  }

  mutating func tokensFailed(_ failed: [TokenDesk.Wanted]) {
    for wanted in failed { tokenArrived(wanted.number, generation: wanted.generation, nil) }
  }

  /// - Parameters:
  ///   - generation: Of the token; without a token, what it was to be of: nil for the newest that relay and device share.
  ///   - token: Nil when it could not be had.
  private mutating func tokenArrived(_ number: PhoneNumber, generation: TokenGeneration?, _ token: NumberToken?) {
    // One that can't be had of one key may well be had of the other, and is being asked for.
    if token != nil || generation == nil {
      tokenArrived(for: number, token != nil)
      tokenArrivedForLookUps(number)
    }
    if let generation { tokenArrivedForIncoming(number, generation: generation, token) }
  }
}
