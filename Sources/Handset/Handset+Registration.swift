internal import Interposer
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

/// Opting in and out.
extension Handset {
  // MARK: enable

  /// - Parameter isInstead: whether it may take the place of another number.
  mutating func enable(_ number: String, isInstead: Bool, _ call: HandsetCall) {
    guard configuration.trust != nil else {
      fail(call, .noRelay, configuration.noRelay)
      return
    }
    guard deregistrationDeadline == nil else {
      fail(call, .busy, "disabling is still under way; try again in a few seconds")
      return
    }
    guard removal == nil else {
      fail(call, .busy, "a number is being deregistered; try again when that is done")
      return
    }
    // A SIM may have been changed while the modem was open: the person wants the one that is there now.
    calls.wait(call, .enableIdentity(number: number, isInstead: isInstead), until: now + PendingCalls.identityLimit)
    needIdentity()
  }

  /// Goes on with what was asked before the SIM was read.
  mutating func enable(_ typed: String, isInstead: Bool, _ call: HandsetCall, _ read: DeviceIdentity) {
    guard read.hasSIM else {
      fail(call, .noSIM, "the SIM can't be read; is there one, and is it unlocked?")
      return
    }
    guard deregistrationDeadline == nil else {
      fail(call, .busy, "disabling is still under way; try again in a few seconds")
      return
    }
    guard removal == nil else {
      fail(call, .busy, "a number is being deregistered; try again when that is done")
      return
    }
    guard case .international(let number) = classify(Self.digits(typed), read.homeRegion, nil) else {
      fail(call, .badNumber, "that is not a phone number; use the form +91…")
      return
    }
    guard isInstead || enrolment.number == nil || enrolment.number == number || !isInUse(with: read) else {
      fail(
        call, .otherEnabled,
        "Shunt is enabled for another number, see: shuntctl status; to take this one in its place: shuntctl enable --instead --number …")
      return
    }
    removalResult = nil
    if enrolment.number == number {
      if let registration = enrolment.registration, !registration.hasExpired(at: wall), enrolment.isBound(to: read) {
        // Nothing to do; an SMS costs, and the relay sends few.
        act(.reply(call, .row(status)))
        return
      }
      if case .requestingCode = progress {
        calls.wait(call, .enableCode, until: now + PendingCalls.enableLimit)
        return
      }
    }
    guard makeIdentityKey() else {
      fail(call, .storage, "there is no identity key: none could be made, or the service manager gave none that can be used")
      return
    }
    // What is registered for another SIM, or for another number, is registered anew.
    supersededToken = enrolment.registration?.token
    enrolment.enable(number: number)
    enrolment.lapse()
    write(.enrolment, enrolment.serialized)
    interposer.setTapMode(.intercept, now: now)
    progress = .connecting
    calls.wait(call, .enableCode, until: now + PendingCalls.enableLimit)
    if link.isReady { requestCode() } else { updateLink() }
    statusMayHaveChanged()
  }

  /// Whether the number that is enabled is registered for the SIM that is there, or on its way to be.
  private func isInUse(with identity: DeviceIdentity) -> Bool {
    switch progress {
    case .connecting, .requestingCode, .awaitingCode, .confirming: return true
    case .idle, .failed: break
    }
    guard let registration = enrolment.registration else { return false }
    return !registration.hasExpired(at: wall) && enrolment.isBound(to: identity)
  }

  private mutating func makeIdentityKey() -> Bool {
    if identityKey != nil { return true }
    if case .credential(let key) = configuration.identityKey {
      identityKey = key
      return key != nil
    }
    guard let key = try? IdentityKey() else { return false }
    identityKey = key
    write(.identityKey, key.rawRepresentation)
    return true
  }

  /// Sends the number, sealed, for a code by SMS.
  private mutating func requestCode() {
    guard let number = enrolment.number, let trust = configuration.trust, let identityKey,
      let sealed = try? RegistrationEnvelope.seal(number, identity: identityKey.publicKey, trust: trust)
    else {
      registrationFailed(HandsetError(.relayRefused, "the number could not be sealed to the relay's key"))
      return
    }
    registrationAttempt += 1
    progress = .requestingCode(caught: nil)
    ask(
      .register(sealedNumber: sealed), for: .registration(attempt: registrationAttempt), timeout: Self.codeLimit
    ) { $0.progress = .connecting }
  }

  /// How long the relay may take to send an SMS.
  static var codeLimit: Duration { .seconds(60) }

  mutating func registrationEnded(_ outcome: RequestOutcome, _ attempt: Int) {
    guard attempt == registrationAttempt, case .requestingCode(let caught) = progress else { return }
    switch outcome {
    case .codeSent(let seconds):
      progress = .awaitingCode(RegistrationProgress.Code(until: now + .seconds(Int64(seconds)), caught: caught))
      note(.info, "the relay has sent a verification code by SMS")
      for call in takeEnableCalls() { act(.reply(call, .row(status))) }
      confirmCaughtCode()
    case .failed(let failure): registrationFailed(HandsetError(failure))
    case .timedOut: registrationFailed(HandsetError(.relayUnreachable, "the relay did not answer"))
    case .sessionLost: progress = .connecting
    default: break
    }
    statusMayHaveChanged()
  }

  private mutating func registrationFailed(_ error: HandsetError) {
    progress = .failed(error.message)
    for call in takeEnableCalls() { act(.reply(call, .error(error))) }
    updateLink()
    statusMayHaveChanged()
  }

  private mutating func takeEnableCalls() -> [HandsetCall] {
    calls.takeAll { if case .enableCode = $0 { true } else { false } }.map(\.0)
  }

  // MARK: confirm

  mutating func confirm(typed: String, _ call: HandsetCall) {
    var isForRemoval = false
    if case .awaitingCode? = removal?.stage { isForRemoval = true }
    guard isForRemoval || progress.isAwaitingCode else {
      fail(call, .notAwaitingCode, "no verification code is awaited; start with: shuntctl enable --number …")
      return
    }
    guard let code = VerificationMessage.normalized(typed) else {
      fail(call, .badCode, "a code has \(VerificationMessage.codeCharacterCount) letters and digits")
      return
    }
    calls.wait(call, .confirmation, until: now + PendingCalls.enableLimit)
    if isForRemoval { confirmRemoval(code, call: call) } else { confirm(code, call: call) }
  }

  /// The verification SMS came.
  mutating func caught(_ code: String) {
    note(.info, "caught the verification SMS")
    caughtForRemoval(code)
    switch progress {
    case .requestingCode: progress = .requestingCode(caught: code)
    case .awaitingCode(var awaited):
      awaited.caught = code
      progress = .awaitingCode(awaited)
      confirmCaughtCode()
    case .idle, .connecting, .confirming, .failed: break
    }
  }

  private mutating func confirmCaughtCode() {
    guard link.isReady, case .awaitingCode(let awaited) = progress, let code = awaited.caught else { return }
    confirm(code, call: nil)
  }

  /// Gives the code, caught or typed, to the relay.
  private mutating func confirm(_ code: String, call: HandsetCall?) {
    guard case .awaitingCode(let awaited) = progress else { return }
    progress = .confirming(awaited)
    ask(.confirmRegistration(code: code), for: .confirmation(call)) { handset in
      handset.progress = .awaitingCode(awaited)
      if let call { handset.answer(call, .error(HandsetError(.relayUnreachable, "there is no session with the relay"))) }
    }
  }

  mutating func confirmationEnded(_ outcome: RequestOutcome, _ call: HandsetCall?) {
    guard case .confirming(var awaited) = progress else { return }
    var error: HandsetError?
    switch outcome {
    case .registered(let registration):
      if !register(registration) {
        error = HandsetError(.noSIM, "the SIM can't be read any more; run shuntctl enable again")
        progress = .failed("the SIM could not be read; run shuntctl enable again")
      }
    case .failed(let failure):
      error = HandsetError(failure)
      awaited.caught = nil
      progress = failure.code == .wrongCode ? .awaitingCode(awaited) : .failed(failure.text)
    case .timedOut, .sessionLost:
      error = HandsetError(.relayUnreachable, "the relay did not answer")
      awaited.mayBeConfirmed = true
      progress = .awaitingCode(awaited)
    default:
      error = HandsetError(.relayRefused, "the relay did not register the number")
      progress = .failed("the relay did not register the number; run shuntctl enable again")
    }
    if let call { answer(call, error.map { .error($0) } ?? .row(status)) }
    if let error { note(.warning, "the number was not confirmed: \(error.message)") }
    updateLink()
    statusMayHaveChanged()
  }

  /// - Returns: false without a SIM to bind the registration to.
  private mutating func register(_ registration: Registration) -> Bool {
    guard let known = identity.known, known.hasSIM else { return false }
    let salt = (0..<DeviceBinding.saltOctetCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    enrolment.register(registration, identity: known, salt: salt)
    write(.enrolment, enrolment.serialized)
    supersededToken = nil
    progress = .idle
    note(.notice, "registered; texts to people on Shunt go over IP")
    publishKey()
    return true
  }

  // MARK: a newer number-token key

  /// The relay serves a newer key than the registration has a token of: the token is added when the relay is told the
  /// number, which it then finds to be the registered one. Tried again until it is done; meanwhile the old key is served.
  mutating func moveRegistration() {
    guard let generation = enrolment.registration?.generation, let newest = link.generations.first,
      newest > generation, let number = enrolment.number, let trust = configuration.trust, let identityKey,
      let sealed = try? RegistrationEnvelope.seal(number, identity: identityKey.publicKey, trust: trust)
    else { return }
    ask(.register(sealedNumber: sealed, purpose: .move), for: .move, timeout: Self.codeLimit) { _ in }
  }

  mutating func moveEnded(_ outcome: RequestOutcome) {
    switch outcome {
    case .registered(let registration):
      guard enrolment.registration != nil else { return }
      enrolment.renew(registration)
      write(.enrolment, enrolment.serialized)
      note(.info, "the registration has a token of the relay's new number-token key")
    case .failed(let failure):
      note(.warning, "the registration stays with the relay's old number-token key: \(failure.text)")
      moveLater(atLeast: .seconds(Int64(failure.retryAfterSeconds)))
    case .timedOut: moveLater(atLeast: .zero)
    case .sessionLost: break  // The next session tries again.
    default: break
    }
    statusMayHaveChanged()
  }

  /// All devices of a relay move at about the same time: those that could not do so at different ones.
  private mutating func moveLater(atLeast wait: Duration) {
    link.moveDeadline = now + max(wait, Self.moveRetry) + .milliseconds(Int64(generator.next() % 600_000))
  }

  /// From a move that the relay did not make until the next try, at least; up to ten minutes more by chance.
  static var moveRetry: Duration { .seconds(300) }

  mutating func moveTimeReached() {
    guard let deadline = link.moveDeadline, deadline <= now else { return }
    link.moveDeadline = nil
    if enrolment.registration != nil { moveRegistration() }
  }

  // MARK: sessions and time

  /// A session has begun, and nothing is registered here yet.
  ///
  /// - Parameter registration: what the relay knows this identity by.
  mutating func continueRegistration(_ registration: Registration?) {
    switch progress {
    case .connecting: requestCode()
    case .awaitingCode(let awaited):
      if let registration, awaited.mayBeConfirmed, registration.token != supersededToken, register(registration) { return }
      confirmCaughtCode()
    case .idle, .requestingCode, .confirming, .failed: break
    }
  }

  mutating func registrationLostSession() {
    switch progress {
    case .requestingCode: progress = .connecting
    case .confirming(var awaited):
      awaited.mayBeConfirmed = true
      progress = .awaitingCode(awaited)
    case .idle, .connecting, .awaitingCode, .failed: break
    }
  }

  mutating func registrationTimeReached() {
    if let deadline = progress.deadline, deadline <= now {
      progress = .failed("no verification code came in time; run shuntctl enable again")
      updateLink()
      statusMayHaveChanged()
    }
    if let deadline = deregistrationDeadline, deadline <= now { finishDisabling(wasTold: false) }
  }

  // MARK: disable

  mutating func disable(_ call: HandsetCall) {
    failCalls(HandsetError(.notEnabled, "Shunt was disabled meanwhile")) { waiting in
      switch waiting {
      case .enableIdentity, .enableCode, .confirmation, .lookUp: true
      case .identity, .disable, .removalCode, .sendModem, .send: false
      }
    }
    endRemoval(HandsetError(.notEnabled, "Shunt was disabled meanwhile"))
    removalResult = nil
    guard enrolment.isEnabled else {
      if deregistrationDeadline == nil {
        // What a damaged enrolment left behind goes, too.
        forgetEverything()
        act(.reply(call, .row(status)))
      } else {
        calls.wait(call, .disable, until: nil)
      }
      return
    }
    let isKnownToRelay = enrolment.registration != nil || progress.isUnderWay
    // Consent ends here, whatever the relay does: what is under way goes by carrier, and a restart finds nothing.
    enrolment.disable()
    progress = .idle
    supersededToken = nil
    interposer.setTapMode(.observe, now: now)
    abandonAttempts()
    forgetEverything()
    modemRetry.end()
    calls.wait(call, .disable, until: nil)
    guard isKnownToRelay, link.isReady else {
      finishDisabling(wasTold: !isKnownToRelay)
      return
    }
    deregistrationDeadline = now + PendingCalls.disableLimit
    ask(.deregister, for: .deregistration) { $0.finishDisabling(wasTold: false) }
    statusMayHaveChanged()
  }

  /// What is on disk, and what is of others.
  private mutating func forgetEverything() {
    for file in StateFile.allCases { act(.remove(file)) }
    forgetPeople()
  }

  /// Keys and tokens of others.
  private mutating func forgetPeople() {
    tokensFailed(tokens.forgetAll())
    contacts.forgetAll()
    pins = PinBook()
    classified = [:]
    incoming.forgetPeople()
    removeExpired(all: true)
    act(.keepConcluded([]))
  }

  mutating func deregistrationEnded(_ outcome: RequestOutcome) {
    guard deregistrationDeadline != nil else { return }
    finishDisabling(wasTold: outcome == .done)
  }

  private mutating func finishDisabling(wasTold: Bool) {
    deregistrationDeadline = nil
    identityKey = nil
    updateLink()
    var fields = status
    if !wasTold {
      fields.append(
        HandsetField("message", "The relay could not be told; the registration there lapses by itself."))
    }
    for (call, _) in calls.takeAll(where: { if case .disable = $0 { true } else { false } }) {
      act(.reply(call, .row(fields)))
    }
    statusMayHaveChanged()
  }
}
