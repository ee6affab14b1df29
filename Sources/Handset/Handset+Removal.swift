internal import Interposer
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

/// Ending a registration whose device is gone: the person proves the number again, from any handset. That is consent to
/// this one exchange and no more: a handset that is not enabled connects for it, and only for it.
extension Handset {
  mutating func deregister(_ typed: String, _ call: HandsetCall) {
    guard let trust = configuration.trust else {
      fail(call, .noRelay, configuration.noRelay)
      return
    }
    guard deregistrationDeadline == nil, !progress.isUnderWay else {
      fail(call, .busy, "enabling or disabling is under way; try again when it is done")
      return
    }
    guard case .international(let number) = classify(Self.digits(typed), identity.known?.homeRegion, nil) else {
      fail(call, .badNumber, "that is not a phone number; use the form +91…")
      return
    }
    if let removal {
      guard removal.number == number else {
        fail(call, .busy, "another number is being deregistered; try again when that is done")
        return
      }
      act(.reply(call, .row(status)))
      return
    }
    guard number != enrolment.number || enrolment.registration == nil else {
      fail(call, .badNumber, "that is this device's own registration; end it with: shuntctl disable")
      return
    }
    var key: IdentityKey?
    if !isLinkWanted {
      guard let made = try? IdentityKey() else {
        fail(call, .storage, "no identity key could be made")
        return
      }
      key = made
    }
    removalResult = nil
    removal = RemovalProgress(number: number, identity: key, limit: now + RemovalProgress.startLimit)
    if !enrolment.isEnabled {
      // The SIM with the number may be the one in here: then the code is caught.
      interposer.setTapMode(.intercept, now: now)
      interposer.openModem(now: now)
    }
    calls.wait(call, .removalCode, until: now + PendingCalls.enableLimit)
    if key == nil, link.isReady { requestRemovalCode(trust) } else { updateLink() }
    statusMayHaveChanged()
  }

  /// Sends the number, sealed, for a code by SMS.
  private mutating func requestRemovalCode(_ trust: RelayTrust) {
    guard let removal, let identity = removal.identity ?? identityKey,
      let sealed = try? RegistrationEnvelope.seal(removal.number, identity: identity.publicKey, trust: trust)
    else {
      endRemoval(HandsetError(.relayRefused, "the number could not be sealed to the relay's key"))
      return
    }
    registrationAttempt += 1
    self.removal?.stage = .requestingCode(caught: nil)
    ask(
      .register(sealedNumber: sealed, purpose: .deregister), for: .removalCode(attempt: registrationAttempt),
      timeout: Self.codeLimit
    ) { $0.removal?.stage = .connecting }
  }

  mutating func removalCodeEnded(_ outcome: RequestOutcome, _ attempt: Int) {
    guard attempt == registrationAttempt, case .requestingCode(let caught)? = removal?.stage else { return }
    switch outcome {
    case .codeSent(let seconds):
      let lifetime = min(.seconds(Int64(seconds)), RemovalProgress.codeLimit)
      removal?.stage = .awaitingCode(RegistrationProgress.Code(until: now + lifetime, caught: caught))
      note(.info, "the relay has sent a verification code by SMS")
      for call in takeRemovalCalls() { act(.reply(call, .row(status))) }
      confirmRemovalWithCaughtCode()
    case .failed(let failure): endRemoval(HandsetError(failure))
    case .sessionLost: removal?.stage = .connecting
    default: endRemoval(HandsetError(.relayUnreachable, "the relay did not answer"))
    }
    statusMayHaveChanged()
  }

  private mutating func takeRemovalCalls() -> [HandsetCall] {
    calls.takeAll { if case .removalCode = $0 { true } else { false } }.map(\.0)
  }

  // MARK: the code

  var isAwaitingRemovalCode: Bool {
    switch removal?.stage {
    case .requestingCode, .awaitingCode: true
    default: false
    }
  }

  /// The verification SMS came.
  mutating func caughtForRemoval(_ code: String) {
    switch removal?.stage {
    case .requestingCode: removal?.stage = .requestingCode(caught: code)
    case .awaitingCode(var awaited):
      awaited.caught = code
      removal?.stage = .awaitingCode(awaited)
      confirmRemovalWithCaughtCode()
    default: break
    }
  }

  private mutating func confirmRemovalWithCaughtCode() {
    guard relay.status == .ready, case .awaitingCode(let awaited)? = removal?.stage, let code = awaited.caught else {
      return
    }
    confirmRemoval(code, call: nil)
  }

  /// Gives the code, caught or typed, to the relay.
  mutating func confirmRemoval(_ code: String, call: HandsetCall?) {
    guard case .awaitingCode(let awaited)? = removal?.stage else { return }
    removal?.stage = .confirming(awaited)
    ask(.confirmRegistration(code: code), for: .removalConfirmation(call)) { handset in
      handset.removal?.stage = .awaitingCode(awaited)
      if let call { handset.answer(call, .error(HandsetError(.relayUnreachable, "there is no session with the relay"))) }
    }
  }

  mutating func removalConfirmationEnded(_ outcome: RequestOutcome, _ call: HandsetCall?) {
    guard case .confirming(var awaited)? = removal?.stage else { return }
    var error: HandsetError?
    switch outcome {
    case .done: endRemoval(nil)
    case .failed(let failure):
      error = HandsetError(failure)
      if failure.code == .wrongCode {
        awaited.caught = nil
        removal?.stage = .awaitingCode(awaited)
      } else {
        endRemoval(HandsetError(failure))
      }
    default:
      // It may have been done: only another code would tell.
      let unknown = HandsetError(
        .relayUnreachable, "the relay did not answer; whether the registration is gone, shuntctl deregister once more tells")
      error = unknown
      endRemoval(unknown)
    }
    if let call { answer(call, error.map { .error($0) } ?? .row(status)) }
    statusMayHaveChanged()
  }

  // MARK: session, time and end

  /// A session has begun: one of its own, or the device's.
  mutating func continueRemoval() {
    guard let trust = configuration.trust else { return }
    switch removal?.stage {
    case .connecting: requestRemovalCode(trust)
    case .awaitingCode: confirmRemovalWithCaughtCode()
    default: break
    }
  }

  mutating func removalLostSession() {
    guard let removal else { return }
    // Sleep is no end: it goes on when the system wakes, as long as the code counts.
    guard isLinkWanted || removal.identity != nil || sleep != .awake else {
      endRemoval(HandsetError(.relayUnreachable, "the session with the relay was lost"))
      return
    }
    if case .requestingCode = removal.stage { self.removal?.stage = .connecting }
  }

  /// Nobody waits for a relay that is not there.
  mutating func removalFailedToConnect(_ text: String) {
    guard case .connecting? = removal?.stage else { return }
    endRemoval(HandsetError(.relayUnreachable, "the relay can't be reached: \(text)"))
  }

  mutating func removalTimeReached() {
    guard let removal, let deadline = removal.deadline, deadline <= now else { return }
    if case .awaitingCode = removal.stage {
      endRemoval(HandsetError(.badCode, "no verification code came in time"))
    } else {
      endRemoval(HandsetError(.relayUnreachable, "the relay did not answer"))
    }
    statusMayHaveChanged()
  }

  /// The exchange is over, and with it the person's consent: what was there for it goes.
  ///
  /// - Parameter error: Why the registration is still there; nil when it is gone.
  mutating func endRemoval(_ error: HandsetError?) {
    guard let ended = removal else { return }
    removal = nil
    if let error {
      removalResult = .failed(error.message)
      note(.warning, "a number was not deregistered: \(error.message)")
    } else {
      removalResult = .done
      note(.notice, "a number was deregistered")
    }
    // Before the tap closes: a call that waits hears what became of it.
    for call in takeRemovalCalls() { act(.reply(call, error.map { .error($0) } ?? .row(status))) }
    if !enrolment.isEnabled { interposer.setTapMode(.observe, now: now) }
    // A session of its own is not gone on with, not even when the device wants one by now.
    if ended.identity != nil { relay.stop(now: now) }
    updateLink()
  }
}
