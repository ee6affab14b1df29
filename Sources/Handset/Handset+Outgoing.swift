internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  /// Dialled strings whose meaning is remembered; asking libphonenumber takes tens of microseconds.
  static let classifiedCapacity = 256

  // MARK: what the Interposer reports

  mutating func submitted(_ submission: Submission) {
    var message = outgoing[submission.id] ?? begin(submission)
    message.submission = submission
    let isRest = !submission.isComplete && brokenOff.contains(submission, now: now)
    if isRest { message.releaseNote = "its first parts went before" }
    outgoing[submission.id] = message
    guard !isRest else {
      useCarrier(submission.id, .unparsed)
      return
    }
    switch decide(submission) {
    case .carrier(let reason): useCarrier(submission.id, reason)
    case .tryIP(let recipient):
      if submission.isComplete {
        attempt(submission, recipient)
      } else {
        interposer.resolve(submission.id, .hold, now: now)
      }
    }
  }

  mutating func observed(_ submission: Submission) {
    var message = begin(submission)
    message.phase = .byCarrier(isShuttingDown ? .relayUnreachable : .disabled)
    if isShuttingDown { message.releaseNote = "shutting down" }
    outgoing[submission.id] = message
  }

  mutating func unparsed(_ submission: UnparsedSubmission) {
    outgoing[submission.id] = Outgoing(
      id: newRecordID(), submission: nil, number: nil, started: now,
      phase: .byCarrier(enrolment.isEnabled ? .unparsed : .disabled),
      releaseNote: submission.reason == .tooMany ? "too many messages at once" : nil)
  }

  mutating func released(_ id: SubmissionID, _ release: ReleaseReason) {
    guard var message = outgoing[id] else { return }
    let (reason, text): (Reason, String) =
      switch release {
      case .incomplete: (.unparsed, "not all parts came in time")
      case .clientGone: (.unparsed, "the client left before all parts had come")
      case .superseded: (.unparsed, "another message took its reference")
      case .tooManyHeldParts: (.unparsed, "too many parts at once")
      case .tapClosed: (.disabled, "disabled before all parts had come")
      case .undecided: (.noAcknowledgement, "no decision in time")
      case .shuttingDown: (.relayUnreachable, "shutting down")
      }
    if case .byIP(let attempt) = message.phase {
      message.hasAttemptedIP = attempt.messageID != nil
      message.ipTime = now - attempt.started
      revoke(attempt)
    }
    message.phase = .byCarrier(reason)
    message.releaseNote = text
    outgoing[id] = message
  }

  mutating func carried(_ report: CarrierReport) {
    guard let message = outgoing.removeValue(forKey: report.submission) else { return }
    let reason: Reason = if case .byCarrier(let reason) = message.phase { reason } else { .unparsed }
    var outcome = Outcome.sent
    var cause = message.releaseNote
    switch report.outcome {
    case .sent: break
    case .failed(let failure):
      outcome = .failed
      cause = failure.text
    case .unanswered:
      outcome = .failed
      cause = "the modem did not answer"
    case .incomplete:
      cause = cause ?? "not all parts came"
      if let submission = message.submission { brokenOff.remember(submission, now: now) }
    }
    finish(message, parts: report.total, route: .carrier, reason: reason, outcome: outcome, cause: cause)
  }

  // MARK: the decision

  private mutating func begin(_ submission: Submission) -> Outgoing {
    Outgoing(
      id: newRecordID(), submission: submission, number: submission.parts[0].submit.destinationAddress.displayText,
      started: now, phase: .assembling, call: calls.takeSend(submission.id))
  }

  /// A message goes by IP only when each of its parts may.
  private mutating func decide(_ submission: Submission) -> Verdict {
    let situation = situation
    var verdict = Verdict.carrier(.unparsed)
    for part in submission.parts {
      verdict = RoutingPolicy.decide(submit: part.submit, situation: situation) { classify($0, $1, $2) }
      if case .carrier = verdict { return verdict }
    }
    return verdict
  }

  mutating func classify(_ dialled: String, _ home: String?, _ serving: String?) -> DialledNumber {
    let key = "\(dialled)/\(home ?? "")/\(serving ?? "")"
    if let known = classified[key] { return known }
    let number = classifier.classify(dialled, home: home, serving: serving)
    if classified.count >= Self.classifiedCapacity { classified = [:] }
    classified[key] = number
    return number
  }

  /// The device as the rules see it now.
  var situation: DeviceSituation {
    DeviceSituation(
      registration: registrationSituation, homeRegion: identity.known?.homeRegion,
      servingRegion: identity.known?.servingCountry.flatMap(MobileCountryCode.region(of:)))
  }

  private var registrationSituation: DeviceSituation.Registration {
    guard enrolment.isEnabled else { return .disabled }
    guard let registration = enrolment.registration, !registration.hasExpired(at: wall), let identity = identity.known
    else { return .unregistered }
    guard enrolment.isBound(to: identity), !self.identity.isInDoubt else { return .simChanged }
    return .registered(online: link.isReady)
  }

  private mutating func useCarrier(_ id: SubmissionID, _ reason: Reason) {
    outgoing[id]?.phase = .byCarrier(reason)
    interposer.resolve(id, .forward, now: now)
  }

  // MARK: the attempt by IP

  private mutating func attempt(_ submission: Submission, _ recipient: PhoneNumber) {
    let token = cachedToken(of: recipient)
    let hasKey = token != nil && knownKeyPackage(of: recipient) != nil
    let (life, step) = OutgoingMessage.start(
      hasToken: token != nil, hasKey: hasKey, timeout: configuration.ipTimeout, now: now)
    outgoing[submission.id]?.phase = .byIP(Outgoing.Attempt(life: life, recipient: recipient, started: now))
    take(step, of: submission.id)
  }

  /// Hands an event to a message's life, and does what follows.
  mutating func advance(_ id: SubmissionID, _ event: (inout OutgoingMessage) -> OutgoingMessage.Step) {
    guard var message = outgoing[id], case .byIP(var attempt) = message.phase else { return }
    let step = event(&attempt.life)
    message.phase = .byIP(attempt)
    outgoing[id] = message
    take(step, of: id)
  }

  private mutating func take(_ step: OutgoingMessage.Step, of id: SubmissionID) {
    guard var message = outgoing[id], case .byIP(let attempt) = message.phase else { return }
    switch step {
    case .nothing: break
    case .fetchToken:
      if !tokens.request(attempt.recipient, isUrgent: true) { advance(id) { $0.rejected(.unreachable) } }
    case .lookUp:
      contacts.forget(attempt.recipient)
      guard let token = cachedToken(of: attempt.recipient) else {
        advance(id) { $0.rejected(.unreachable) }
        return
      }
      ask(.lookUp([token], withKeyPackages: true), for: .contact(id)) { $0.advance(id) { $0.rejected(.unreachable) } }
    case .deliver: deliver(id, message, attempt)
    case .useCarrier(let reason, let attemptedIP, let shouldRevoke):
      if shouldRevoke { revoke(attempt) }
      message.hasAttemptedIP = attemptedIP
      message.ipTime = now - attempt.started
      outgoing[id] = message
      useCarrier(id, reason)
    case .succeed: succeed(id, message, attempt)
    }
  }

  private mutating func deliver(_ id: SubmissionID, _ message: Outgoing, _ attempt: Outgoing.Attempt) {
    guard let submission = message.submission, let key = identityKey, let number = enrolment.number,
      let token = cachedToken(of: attempt.recipient), let package = knownKeyPackage(of: attempt.recipient)
    else {
      advance(id) { $0.rejected(.unreachable) }
      return
    }
    let messageID = RelayProtocol.MessageID(using: &generator)
    let content = MessageContent(
      senderNumber: number, sent: wall, parts: submission.parts.map { MessagePart($0.submit) })
    do throws(SealingError) {
      let sealed = try MessageSealer.seal(content, id: messageID, from: key, to: package, of: attempt.recipient)
      var attempt = attempt
      attempt.messageID = messageID
      attempt.acknowledgementKey = sealed.acknowledgementKey
      attempt.keyPackageID = package.keyPackage.id
      outgoing[id]?.phase = .byIP(attempt)
      let remaining = max(.milliseconds(1), attempt.life.deadline - now)
      let delivery = Delivery(
        messageID: messageID, recipientToken: token, keyPackageID: package.keyPackage.id, sealed: sealed.sealed,
        lifetimeMilliseconds: min(UInt32(clamping: remaining.wholeMilliseconds + 1), Delivery.maximumLifetime))
      ask(.deliver(delivery), for: .delivery(id, messageID)) { $0.advance(id) { $0.relayLost() } }
    } catch {
      switch error {
      case .tooLarge: advance(id) { $0.tooLarge() }
      default:
        note(.warning, "a message could not be sealed: \(error)")
        advance(id) { $0.rejected(.refused) }
      }
    }
  }

  /// The recipient's device has the message.
  private mutating func succeed(_ id: SubmissionID, _ message: Outgoing, _ attempt: Outgoing.Attempt) {
    guard let submission = message.submission else { return }
    let reference = interposer.nextMessageReference()
    outgoing[id] = nil
    var finished = message
    finished.hasAttemptedIP = true
    finished.ipTime = now - attempt.started
    if interposer.resolve(id, .succeed(messageReference: reference), now: now) {
      conclude(attempt)
      report(submission, reference: reference)
      finish(finished, parts: submission.total, route: .ip, reason: .recipientOnline, outcome: .delivered)
    } else {
      // The Interposer had already let it go by carrier: the recipient suppresses that copy.
      finished.phase = .byCarrier(.noAcknowledgement)
      outgoing[id] = finished
    }
  }

  /// Tells the recipient that no copy will come by the carrier.
  private mutating func conclude(_ attempt: Outgoing.Attempt) {
    guard let messageID = attempt.messageID, let mac = try? attempt.acknowledgementKey?.conclusion(of: messageID)
    else { return }
    // Should it not arrive, the recipient thinks for a while that a copy may come.
    try? relay.notify(.conclude(messageID, mac), now: now)
  }

  /// Tells the relay, and through it the recipient, that the carrier is used.
  private mutating func revoke(_ attempt: Outgoing.Attempt) {
    guard let messageID = attempt.messageID else { return }
    ask(.revoke(messageID), for: .nothing) { _ in }
  }

  /// The status report of each part for which one was requested, as the carrier would have sent it.
  ///
  /// - Parameter reference: of the part that is answered now.
  private mutating func report(_ submission: Submission, reference: UInt16) {
    let time = ServiceCentreTimestamp(wall)
    for part in submission.parts where part.submit.requestsStatusReport {
      let report = SMSStatusReport(
        messageReference: UInt8(truncatingIfNeeded: part.messageReference ?? reference),
        recipientAddress: part.submit.destinationAddress, serviceCentreTimestamp: time, dischargeTime: time,
        status: .received)
      store([report.encoded()], for: .report)
    }
  }

  // MARK: events of attempts

  mutating func outgoingTimeReached() {
    let due = outgoing.filter { _, message in
      if case .byIP(let attempt) = message.phase { attempt.life.deadline <= now } else { false }
    }
    for id in due.keys.sorted() { advance(id) { [now] in $0.timeReached(now) } }
  }

  /// The session is gone, or the person has opted out: every attempt goes to the carrier.
  mutating func abandonAttempts() {
    for id in outgoing.keys.sorted() {
      if case .byIP? = outgoing[id]?.phase { advance(id) { $0.relayLost() } }
    }
  }

  mutating func tokenArrived(for number: PhoneNumber, _ isThere: Bool) {
    for id in outgoing.keys.sorted() {
      guard case .byIP(let attempt)? = outgoing[id]?.phase, attempt.recipient == number else { continue }
      advance(id) { isThere ? $0.tokenFetched() : $0.rejected(.unreachable) }
    }
  }

  mutating func contactFound(_ id: SubmissionID, _ contact: Contact) {
    guard case .byIP(let attempt)? = outgoing[id]?.phase else { return }
    switch contact {
    case .unknown: advance(id) { $0.rejected(.unknownRecipient) }
    case .offline, .online(nil): advance(id) { $0.rejected(.recipientOffline) }
    case .online(let package?):
      guard let verified = try? VerifiedKeyPackage(package, now: wall) else {
        note(.warning, "the relay offered a key that its owner did not sign, or an old one")
        advance(id) { $0.rejected(.recipientOffline) }
        return
      }
      // Pinned before anything is sealed to it: a relay that offers a key of its own once is found out by the next.
      switch meet(package.identityKey, of: attempt.recipient) {
      case .pinned:
        contacts.remember(verified, of: attempt.recipient, now: now)
        advance(id) { $0.keyFound() }
      case .changed: advance(id) { $0.rejected(.keyChanged) }
      case .noRoom:
        outgoing[id]?.releaseNote = pins.isDamaged ? "contacts' keys can't be read" : "no room for another contact's key"
        advance(id) { $0.rejected(.refused) }
      }
    }
  }

  mutating func deliveryEnded(_ id: SubmissionID, _ messageID: RelayProtocol.MessageID, _ outcome: RequestOutcome) {
    guard case .byIP(let attempt)? = outgoing[id]?.phase, attempt.messageID == messageID else { return }
    switch outcome {
    case .accepted: advance(id) { $0.accepted() }
    case .failed(let failure):
      if failure.code == .recipientOffline || failure.code == .unknownRecipient { contacts.forget(attempt.recipient) }
      advance(id) { $0.rejected(OutgoingMessage.Rejection(failure.code)) }
    case .timedOut, .sessionLost: break  // The message's own deadline, or the lost session, ends it.
    default: break
    }
  }

  /// An acknowledgement counts only with the MAC that nobody but the recipient can make.
  mutating func acknowledged(_ messageID: RelayProtocol.MessageID, _ mac: AcknowledgementMAC) {
    guard let (id, attempt) = attempt(of: messageID) else { return }
    guard let key = attempt.acknowledgementKey, key.isValid(mac, for: messageID) else {
      note(.warning, "an acknowledgement was not the recipient's; ignored")
      return
    }
    advance(id) { $0.acknowledged() }
  }

  mutating func refused(_ messageID: RelayProtocol.MessageID, _ reason: RefusalReason) {
    guard let (id, attempt) = attempt(of: messageID) else { return }
    contacts.forget(attempt.recipient)
    outgoing[id]?.releaseNote = reason.text
    advance(id) { life in
      switch reason {
      case .staleKeyPackage: life.rejected(.staleKey)
      case .recipientGone: life.relayLost()
      default: life.refusedByRecipient()
      }
    }
  }

  private func attempt(of messageID: RelayProtocol.MessageID) -> (SubmissionID, Outgoing.Attempt)? {
    for (id, message) in outgoing {
      if case .byIP(let attempt) = message.phase, attempt.messageID == messageID { return (id, attempt) }
    }
    return nil
  }

  // MARK: the record

  private mutating func finish(
    _ message: Outgoing, parts: Int, route: Route, reason: Reason, outcome: Outcome, cause: String? = nil
  ) {
    let record = DecisionRecord(
      time: wall, id: message.id, modem: configuration.interposer.device, direction: .outgoing, number: message.number,
      parts: parts, route: route, reason: reason, outcome: outcome, attemptedIP: message.hasAttemptedIP,
      ipTime: message.ipTime, totalTime: now - message.started, cause: cause)
    act(.record(record))
    if let call = message.call { reply(call, sent: record) }
  }
}

extension OutgoingMessage.Rejection {
  init(_ code: FailureCode) {
    switch code {
    case .unknownRecipient: self = .unknownRecipient
    case .recipientOffline: self = .recipientOffline
    case .staleKeyPackage: self = .staleKey
    case .notRegistered, .notAuthenticated: self = .notRegistered
    case .stopping: self = .unreachable
    default: self = .refused
    }
  }
}

extension RefusalReason {
  /// What the recipient's device said, for the record of a message that goes by the carrier for it.
  var text: String? {
    switch self {
    case .notAuthentic: "the recipient's device does not believe the sender"
    case .storageFull: "the recipient's device has no room"
    case .notNow: "the recipient's device would not have it"
    default: nil
    }
  }
}

extension SubmissionFailure {
  /// What the modem said, for the record.
  var text: String {
    let number = "QMI error \(error.rawValue)"
    let words = "\(error)" == number ? number : "\(error) (\(number))"
    guard let cause = details?.cause else { return words }
    return "\(words), RP-cause \(cause.rpCause.rawValue), TP-cause \(cause.tpCause.rawValue)"
  }
}

extension Duration {
  var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}

extension WallTime {
  /// How long ago `earlier` was; zero when it is still to come.
  func elapsed(since earlier: WallTime) -> Duration {
    let (milliseconds, overflow) = millisecondsSince1970.subtractingReportingOverflow(earlier.millisecondsSince1970)
    return overflow ? (self < earlier ? .zero : .milliseconds(Int64.max)) : .milliseconds(max(0, milliseconds))
  }
}

extension Registration {
  func hasExpired(at wall: WallTime) -> Bool {
    UInt64(clamping: wall.millisecondsSince1970 / 1000) >= expires
  }
}
