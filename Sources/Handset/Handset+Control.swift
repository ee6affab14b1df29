internal import Interposer
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  /// A person, or a program for a person, asks; ``HandsetAction/reply(_:_:)`` answers exactly once.
  public mutating func handle(_ request: HandsetRequest, _ call: HandsetCall, now: Duration) {
    self.now = now
    if case .status = request {
      act(.reply(call, .row(status)))
      return
    }
    guard !calls.isFull else {
      fail(call, .busy, "too many requests at once")
      return
    }
    switch request {
    case .status: break
    case .identity: identify(call)
    case .enable(let number): enable(number, call)
    case .confirm(let code): confirm(typed: code, call)
    case .disable: disable(call)
    case .lookUp(let numbers): lookUp(numbers, call)
    case .send(let number, let text): send(text, to: number, call)
    }
  }

  /// The one who asked has gone.
  public mutating func callAbandoned(_ call: HandsetCall) {
    calls.remove(call)
  }

  private mutating func fail(_ call: HandsetCall, _ name: HandsetError.Name, _ message: String) {
    act(.reply(call, .error(HandsetError(name, message))))
  }

  mutating func callsTimeReached() {
    for (call, waiting) in calls.takeOverdue(now: now) {
      switch waiting {
      case .identity, .enableIdentity: fail(call, .noModem, "the modem does not answer")
      case .enableCode: act(.reply(call, .row(status)))
      case .confirmation: fail(call, .relayUnreachable, "the relay does not answer")
      case .disable: finishDisabling(call, "The relay could not be told; the registration there lapses by itself.")
      case .lookUp: fail(call, .relayUnreachable, "the relay does not answer")
      case .send: break
      }
    }
    if case .awaitingCode(let until) = progress, until <= now {
      progress = .failed("no verification code came in time; run shuntctl enable again")
      updateLink()
      statusMayHaveChanged()
    }
  }

  // MARK: identity

  private mutating func identify(_ call: HandsetCall) {
    if let known = identity.known {
      act(.reply(call, .row(known.fields)))
      return
    }
    calls.wait(call, .identity, until: now + PendingCalls.identityLimit)
    needIdentity()
  }

  private mutating func needIdentity() {
    if interposer.isModemOpen { readIdentity() } else { interposer.openModem(now: now) }
  }

  mutating func answerIdentity(_ read: DeviceIdentity) {
    for (call, waiting) in calls.takeAll(where: { $0.needsIdentity }) {
      switch waiting {
      case .identity: act(.reply(call, .row(read.fields)))
      case .enableIdentity(let number): enable(number, call, read)
      default: break
      }
    }
  }

  mutating func failCallsForIdentity(_ error: HandsetError) {
    for (call, _) in calls.takeAll(where: { $0.needsIdentity }) { act(.reply(call, .error(error))) }
  }

  // MARK: enable, confirm

  private mutating func enable(_ number: String, _ call: HandsetCall) {
    guard configuration.trust != nil else {
      fail(call, .noRelay, "no relay is configured: set host and ca in the group [relay] of the settings")
      return
    }
    // A SIM may have been changed while the modem was open: the person wants the one that is there now.
    if case .reading = identity {} else { identity = .unread }
    calls.wait(call, .enableIdentity(number: number), until: now + PendingCalls.identityLimit)
    needIdentity()
  }

  private mutating func enable(_ typed: String, _ call: HandsetCall, _ read: DeviceIdentity) {
    guard read.hasSIM else {
      fail(call, .noSIM, "the SIM can't be read; is there one, and is it unlocked?")
      return
    }
    let dialled = typed.filter { !" -().".contains($0) }
    guard case .international(let number) = classify(dialled, read.homeRegion, nil) else {
      fail(call, .badNumber, "that is not a phone number; use the form +91…")
      return
    }
    if identityKey == nil {
      guard let key = try? IdentityKey() else {
        fail(call, .storage, "no identity key could be made")
        return
      }
      identityKey = key
      write(.identityKey, key.rawRepresentation)
    }
    // What is registered for another SIM, or for another number, is registered anew.
    if enrolment.registration != nil, enrolment.number == number, enrolment.isBound(to: read), link.isReady {
      act(.reply(call, .row(status)))
      return
    }
    enrolment.enable(number: number)
    enrolment.lapse()
    write(.enrolment, enrolment.serialized)
    identity = .read(read)
    interposer.setTapMode(.intercept, now: now)
    progress = .connecting
    calls.wait(call, .enableCode, until: now + PendingCalls.enableLimit)
    if link.isReady { requestCode() } else { updateLink() }
    statusMayHaveChanged()
  }

  /// Sends the number, sealed, for a code by SMS.
  mutating func requestCode() {
    guard let number = enrolment.number, let trust = configuration.trust, let identityKey,
      let sealed = try? RegistrationEnvelope.seal(number, identity: identityKey.publicKey, trust: trust)
    else {
      registrationFailed(HandsetError(.relayRefused, "the number could not be sealed to the relay's key"))
      return
    }
    progress = .requestingCode(caught: nil)
    ask(.register(sealedNumber: sealed), for: .registration(nil)) { $0.progress = .connecting }
  }

  mutating func registrationEnded(_ outcome: RequestOutcome, _ call: HandsetCall?) {
    guard case .requestingCode(let caught) = progress else { return }
    switch outcome {
    case .codeSent(let seconds):
      progress = .awaitingCode(until: now + .seconds(Int64(seconds)))
      note(.info, "the relay has sent a verification code by SMS")
      for call in takeEnableCalls() { act(.reply(call, .row(status))) }
      if let caught { confirm(caught, call: nil) }
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

  private mutating func confirm(typed: String, _ call: HandsetCall) {
    guard case .awaitingCode = progress else {
      fail(call, .notAwaitingCode, "no verification code is awaited; start with: shuntctl enable --number …")
      return
    }
    guard let code = VerificationMessage.normalized(typed) else {
      fail(call, .badCode, "a code has \(VerificationMessage.codeCharacterCount) letters and digits")
      return
    }
    calls.wait(call, .confirmation, until: now + PendingCalls.enableLimit)
    confirm(code, call: call)
  }

  /// Gives the code, caught or typed, to the relay.
  mutating func confirm(_ code: String, call: HandsetCall?) {
    guard case .awaitingCode(let until) = progress else { return }
    progress = .confirming(until: until)
    ask(.confirmRegistration(code: code), for: .confirmation(call)) { handset in
      handset.progress = .awaitingCode(until: until)
      if let call { handset.answer(call, .error(HandsetError(.relayUnreachable, "there is no session with the relay"))) }
    }
  }

  mutating func confirmationEnded(_ outcome: RequestOutcome, _ call: HandsetCall?) {
    guard case .confirming(let until) = progress else { return }
    var error: HandsetError?
    switch outcome {
    case .registered(let registration):
      guard let known = identity.known else { break }
      let salt = (0..<DeviceBinding.saltOctetCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      enrolment.register(registration, identity: known, salt: salt)
      write(.enrolment, enrolment.serialized)
      progress = .idle
      note(.notice, "registered; texts to people on Shunt go over IP")
      publishKey()
    case .failed(let failure):
      error = HandsetError(failure)
      progress = failure.code == .wrongCode ? .awaitingCode(until: until) : .failed(failure.text)
    case .timedOut, .sessionLost:
      error = HandsetError(.relayUnreachable, "the relay did not answer")
      progress = .awaitingCode(until: until)
    default: break
    }
    if let call { answer(call, error.map { .error($0) } ?? .row(status)) }
    if let error { note(.warning, "the number was not confirmed: \(error.message)") }
    statusMayHaveChanged()
  }

  /// Answers a call that still waits.
  private mutating func answer(_ call: HandsetCall, _ reply: HandsetReply) {
    guard calls[call] != nil else { return }
    calls.remove(call)
    act(.reply(call, reply))
  }

  // MARK: disable

  private mutating func disable(_ call: HandsetCall) {
    guard enrolment.isEnabled else {
      act(.reply(call, .row(status)))
      return
    }
    let wasRegistered = enrolment.registration != nil
    // Consent ends here, whatever the relay does: what is under way goes by carrier, and a restart finds nothing.
    enrolment.disable()
    progress = .idle
    interposer.setTapMode(.observe, now: now)
    abandonAttempts()
    for file in [StateFile.enrolment, .identityKey, .tokens] { act(.remove(file)) }
    calls.wait(call, .disable, until: now + PendingCalls.disableLimit)
    guard wasRegistered else {
      finishDisabling(call, "")
      return
    }
    ask(.deregister, for: .deregistration) { handset in
      handset.finishDisabling(call, "The relay could not be told; the registration there lapses by itself.")
    }
  }

  mutating func deregistrationEnded(_ outcome: RequestOutcome) {
    let text = outcome == .done ? "" : "The relay could not be told; the registration there lapses by itself."
    for (call, _) in calls.takeAll(where: { if case .disable = $0 { true } else { false } }) {
      finishDisabling(call, text)
    }
  }

  private mutating func finishDisabling(_ call: HandsetCall, _ text: String) {
    calls.remove(call)
    identityKey = nil
    tokens = TokenDesk(cache: TokenCache())
    contacts.forgetAll()
    updateLink()
    var fields = status
    if !text.isEmpty { fields.append(HandsetField("message", text)) }
    act(.reply(call, .row(fields)))
    statusMayHaveChanged()
  }

  // MARK: look-up

  private mutating func lookUp(_ numbers: [String], _ call: HandsetCall) {
    guard !numbers.isEmpty, numbers.count <= ClientMessage.maximumBatch else {
      fail(call, .badNumber, "a look-up takes 1 to \(ClientMessage.maximumBatch) numbers")
      return
    }
    guard enrolment.isEnabled else {
      fail(call, .notEnabled, "Shunt is not enabled; start with: shuntctl enable --number …")
      return
    }
    guard link.isReady else {
      fail(call, .relayUnreachable, "there is no session with the relay" + (link.problem.map { ": \($0)" } ?? ""))
      return
    }
    guard enrolment.registration != nil else {
      fail(call, .notRegistered, "the number is not confirmed yet; see: shuntctl status")
      return
    }
    let home = identity.known?.homeRegion
    var missing: Set<PhoneNumber> = []
    let entries = numbers.map { typed -> (dialled: String, number: PhoneNumber?) in
      guard case .international(let number) = classify(typed.filter { !" -().".contains($0) }, home, nil) else {
        return (typed, nil)
      }
      if cachedToken(of: number) == nil { missing.insert(number) }
      return (typed, number)
    }
    calls.wait(
      call, .lookUp(PendingCalls.LookUpJob(entries: entries, missing: missing)), until: now + PendingCalls.lookUpLimit)
    for number in missing where !tokens.request(number, isUrgent: false) {
      calls.remove(call)
      fail(call, .busy, "too many look-ups at once")
      return
    }
    if missing.isEmpty { askPresence(call) }
  }

  mutating func tokenArrivedForLookUps(_ number: PhoneNumber) {
    for (call, var job) in calls.lookUps where job.missing.remove(number) != nil {
      calls.update(call, .lookUp(job))
      if job.missing.isEmpty { askPresence(call) }
    }
  }

  private mutating func askPresence(_ call: HandsetCall) {
    guard case .lookUp(let job)? = calls[call] else { return }
    let known = job.entries.compactMap(\.number)
    let asked = known.compactMap { cachedToken(of: $0) }
    guard asked.count == known.count else {
      calls.remove(call)
      fail(call, .relayRefused, "the relay did not answer the look-up; see the journal")
      return
    }
    guard !asked.isEmpty else {
      answerLookUp(call, job, [])
      return
    }
    ask(.lookUp(asked, withKeyPackages: false), for: .presence(call)) { handset in
      handset.answer(call, .error(HandsetError(.relayUnreachable, "there is no session with the relay")))
    }
  }

  mutating func presenceEnded(_ call: HandsetCall, _ outcome: RequestOutcome) {
    guard case .lookUp(let job)? = calls[call] else { return }
    switch outcome {
    case .contacts(let contacts): answerLookUp(call, job, contacts)
    case .failed(let failure): answer(call, .error(HandsetError(failure)))
    default: answer(call, .error(HandsetError(.relayUnreachable, "the relay did not answer")))
    }
  }

  private mutating func answerLookUp(_ call: HandsetCall, _ job: PendingCalls.LookUpJob, _ contacts: [Contact]) {
    var rest = contacts[...]
    let rows = job.entries.map { entry -> [HandsetField] in
      let presence: String
      if entry.number == nil {
        presence = "unknown"
      } else {
        switch rest.popFirst() {
        case .online: presence = "online"
        case .offline: presence = "offline"
        case .unknown, nil: presence = "unknown"
        }
      }
      return [HandsetField("number", entry.number?.e164 ?? entry.dialled), HandsetField("presence", presence)]
    }
    answer(call, .rows(rows))
  }

  mutating func failLookUps(_ error: HandsetError) {
    for (call, _) in calls.lookUps { answer(call, .error(error)) }
  }

  // MARK: send

  private mutating func send(_ text: String, to number: String, _ call: HandsetCall) {
    guard interposer.isModemOpen || enrolment.isEnabled else {
      interposer.openModem(now: now)
      submit(text, to: number, call)
      return
    }
    submit(text, to: number, call)
  }

  private mutating func submit(_ text: String, to number: String, _ call: HandsetCall) {
    let dialled = number.filter { !" -().".contains($0) }
    guard let address = try? SMSAddress(dialled: dialled) else {
      fail(call, .badNumber, "that can't be dialled")
      return
    }
    let reference = UInt16.random(in: 1...255, using: &generator)
    guard let submits = try? MessageComposer.submits(text: text, to: address, reference: reference) else {
      fail(call, .sendFailed, "the text is too long for 255 parts")
      return
    }
    do throws(LocalSubmissionError) {
      let id = try interposer.submitLocally(submits, now: now)
      calls.wait(call, .send(id), until: nil)
    } catch {
      fail(call, .busy, "too many messages at once")
    }
  }

  /// What became of a message that a person sent here.
  mutating func reply(_ call: HandsetCall, sent record: DecisionRecord) {
    var fields = [
      HandsetField("id", record.id), HandsetField("route", record.route.rawValue),
      HandsetField("reason", record.reason?.rawValue ?? ""), HandsetField("outcome", record.outcome.rawValue),
      HandsetField("parts", Int64(record.parts)),
    ]
    if let cause = record.cause { fields.append(HandsetField("cause", cause)) }
    act(.reply(call, .row(fields)))
  }
}

extension PendingCalls.Waiting {
  var needsIdentity: Bool {
    switch self {
    case .identity, .enableIdentity: true
    default: false
    }
  }
}

extension HandsetError {
  /// The relay's refusal, as a person reads it.
  init(_ failure: RelayFailure) {
    let name: Name =
      switch failure.code {
      case .wrongCode, .codeLapsed: .badCode
      case .badNumber: .badNumber
      case .notRegistered: .notRegistered
      default: .relayRefused
      }
    let wait = failure.retryAfterSeconds > 0 ? "; try again in \(failure.retryAfterSeconds) s" : ""
    self.init(name, "the relay refused: \(failure.text)\(wait)")
  }
}
