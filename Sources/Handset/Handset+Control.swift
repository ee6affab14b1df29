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
    if case .disable = request, enrolment.isEnabled {
      disable(call)
      return
    }
    guard !calls.isFull, !isShuttingDown else {
      fail(call, .busy, isShuttingDown ? "shuntd is stopping" : "too many requests at once")
      return
    }
    switch request {
    case .status: break
    case .identity: identify(call)
    case .enable(let number): enable(number, isInstead: false, call)
    case .enableInstead(let number): enable(number, isInstead: true, call)
    case .confirm(let code): confirm(typed: code, call)
    case .disable: disable(call)
    case .deregister(let number): deregister(number, call)
    case .lookUp(let numbers): lookUp(numbers, call)
    case .send(let number, let text): send(text, to: number, call)
    case .fingerprint(let number): fingerprint(of: number, call)
    case .trust(let number, let fingerprint): trust(number, fingerprint: fingerprint, call)
    }
  }

  mutating func fail(_ call: HandsetCall, _ name: HandsetError.Name, _ message: String) {
    act(.reply(call, .error(HandsetError(name, message))))
  }

  mutating func callsTimeReached() {
    for (call, waiting) in calls.takeOverdue(now: now) {
      switch waiting {
      case .identity, .enableIdentity, .sendModem: fail(call, .noModem, "the modem does not answer")
      case .enableCode, .removalCode: act(.reply(call, .row(status)))
      case .confirmation: fail(call, .relayUnreachable, "the relay does not answer")
      case .lookUp: fail(call, .relayUnreachable, "the relay does not answer")
      case .disable, .send: break
      }
    }
  }

  /// Answers a call that still waits.
  mutating func answer(_ call: HandsetCall, _ reply: HandsetReply) {
    guard calls[call] != nil else { return }
    calls.remove(call)
    act(.reply(call, reply))
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

  mutating func needIdentity() {
    if interposer.isModemOpen { readIdentity() } else { interposer.openModem(now: now) }
  }

  mutating func answerIdentity(_ read: DeviceIdentity) {
    for (call, waiting) in calls.takeAll(where: { $0.needsIdentity }) {
      switch waiting {
      case .identity: act(.reply(call, .row(read.fields)))
      case .enableIdentity(let number, let isInstead): enable(number, isInstead: isInstead, call, read)
      default: break
      }
    }
  }

  mutating func failCallsForModem(_ error: HandsetError) {
    failCalls(error) { waiting in
      if case .sendModem = waiting { true } else { waiting.needsIdentity }
    }
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
      guard case .international(let number) = classify(Self.digits(typed), home, nil) else {
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
      if relay.status == .ready {
        fail(call, .relayRefused, "the relay did not answer the look-up; see the journal")
      } else {
        fail(call, .relayUnreachable, "the session with the relay was lost")
      }
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
        presence = "invalid"
      } else {
        switch rest.popFirst() {
        case .online: presence = "online"
        case .offline: presence = "offline"
        case .unknown, nil: presence = "unknown"
        }
      }
      var row = [HandsetField("number", entry.number?.e164 ?? entry.dialled), HandsetField("presence", presence)]
      if let number = entry.number, presence != "unknown", pins[number]?.changed != nil {
        row.append(HandsetField("key_changed", true))
      }
      return row
    }
    answer(call, .rows(rows))
  }

  mutating func failLookUps(_ error: HandsetError) {
    failCalls(error) { if case .lookUp = $0 { true } else { false } }
  }

  mutating func failCalls(_ error: HandsetError, where matching: (PendingCalls.Waiting) -> Bool) {
    for (call, _) in calls.takeAll(where: matching) { act(.reply(call, .error(error))) }
  }

  /// What was typed without what people put between digits.
  static func digits(_ typed: String) -> String {
    typed.filter { !" -().".contains($0) }
  }

  // MARK: send

  private mutating func send(_ text: String, to number: String, _ call: HandsetCall) {
    if interposer.isModemOpen {
      submit(text, to: number, call)
    } else {
      calls.wait(call, .sendModem(number: number, text: text), until: now + PendingCalls.identityLimit)
      interposer.openModem(now: now)
    }
  }

  /// Sends what waited for the modem.
  mutating func sendWaiting() {
    for (call, waiting) in calls.takeAll(where: { if case .sendModem = $0 { true } else { false } }) {
      if case .sendModem(let number, let text) = waiting { submit(text, to: number, call) }
    }
  }

  private mutating func submit(_ text: String, to number: String, _ call: HandsetCall) {
    let dialled = Self.digits(number)
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
    let wait = failure.retryAfterSeconds > 0 ? "; try again in \(Self.words(failure.retryAfterSeconds))" : ""
    self.init(name, "the relay refused: \(failure.text)\(wait)")
  }

  /// A wait as a person says it, rounded up.
  private static func words(_ seconds: UInt32) -> String {
    switch seconds {
    case ..<120: "\(seconds) seconds"
    case ..<7_200: "\((seconds + 59) / 60) minutes"
    default: "\((UInt64(seconds) + 3_599) / 3_600) hours"
    }
  }
}
