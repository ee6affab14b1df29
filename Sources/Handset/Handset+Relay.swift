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
  private var isLinkWanted: Bool {
    guard enrolment.isEnabled, configuration.trust != nil, !isShuttingDown, sleep == .awake, let identity = identity.known else {
      return false
    }
    return enrolment.registration == nil ? progress.isUnderWay : enrolment.isBound(to: identity)
  }

  /// Connects or disconnects, as consent, SIM and modem have it.
  mutating func updateLink() {
    if deregistrationDeadline != nil, relay.status == .ready { return }
    switch (isLinkWanted, relay.status) {
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
    case .stopped:
      sleepIfAway()
      statusMayHaveChanged()
    }
    return nil
  }

  private mutating func sign(_ transcript: Transcript, on connection: RelayConnection) {
    guard let key = identityKey, let signature = try? key.sign(transcript) else {
      relay.notSigned(on: connection, now: now)
      return
    }
    relay.signed(signature, by: key.publicKey, on: connection, now: now)
  }

  private mutating func sessionReady(_ session: SessionReady) {
    link.begin(session)
    switch (session.registration, enrolment.registration) {
    case (let registration?, .some):
      if enrolment.registration != registration {
        enrolment.renew(registration)
        write(.enrolment, enrolment.serialized)
      }
      publishKey()
    case (nil, .some):
      enrolment.lapse()
      write(.enrolment, enrolment.serialized)
      progress = .failed("the registration has lapsed; run shuntctl enable again")
      note(.warning, "the relay no longer knows this registration; texts go by the carrier")
      updateLink()
    case (let registration, nil): continueRegistration(registration)
    }
    statusMayHaveChanged()
  }

  private mutating func sessionLost(_ problem: LinkProblem) {
    link.end()
    link.problem = "\(problem)"
    if problem != .stopped { note(.notice, "lost the relay: \(problem)") }
    contacts.forgetAll()
    incoming.endSession()
    failLookUps(HandsetError(.relayUnreachable, "the session with the relay was lost: \(problem)"))
    for number in tokens.abandonAll() { tokenArrived(number, nil) }
    abandonAttempts()
    if case .ended(.registrationMoved) = problem {
      enrolment.lapse()
      write(.enrolment, enrolment.serialized)
      progress = .failed("the number was registered from another device")
      updateLink()
    }
    registrationLostSession()
    statusMayHaveChanged()
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

  func cachedToken(of number: PhoneNumber, generation: TokenGeneration? = nil) -> NumberToken? {
    guard let generation = generation ?? tokenGeneration else { return nil }
    return tokens.cache.token(for: number, generation: generation, wall: wall)
  }

  /// The number-token key that relay and device share.
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
      tokenArrived(number, token)
    case .failed(let number, let failure):
      switch failure {
      case .badProof:
        note(.error, "the relay's answer was not made with its pinned key: it is not trusted with this number")
      case .noCommonGeneration:
        note(.error, "the relay serves none of the number-token keys in this device's relay file; get a new one")
      }
      tokenArrived(number, nil)
    }
  }

  private mutating func tokensEnded(_ batch: TokenDesk.Batch, _ outcome: RequestOutcome) {
    let failed: [PhoneNumber]
    if case .evaluations(let evaluations) = outcome {
      failed = tokens.evaluated(batch, evaluations)
    } else {
      failed = tokens.refused(batch)
    }
    if case .failed(let failure) = outcome { note(.notice, "the relay answered a look-up with: \(failure.text)") }
    for number in failed { tokenArrived(number, nil) }
  }

  mutating func tokenArrived(_ number: PhoneNumber, _ token: NumberToken?) {
    tokenArrived(for: number, token != nil)
    tokenArrivedForIncoming(number, token)
    tokenArrivedForLookUps(number)
  }
}
