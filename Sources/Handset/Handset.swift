public import Interposer
public import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
public import Telephony

/// A whole device as one machine: the proxy between libqmi clients and the modem, the decisions about
/// messages, and the link to the relay.
///
/// No I/O, no clock: tell it what happened, then carry out ``nextAction()`` until nil, and call
/// ``timeReached(now:)`` when ``nextDeadline`` has come. `now` is monotonic time since any origin; ``wall``
/// is set by the shell before an event.
public struct Handset {
  let configuration: HandsetConfiguration
  let classifier: any NumberClassifier
  var generator: any RandomNumberGenerator

  /// The wall clock at the event that is about to be handled, for records and expiry.
  public var wall: WallTime

  var interposer: Interposer
  var relay: RelayClient
  var link = RelayLink()
  var tokens: TokenDesk
  var enrolment: Enrolment
  var progress: RegistrationProgress = .idle
  var identityKey: IdentityKey?
  var identity = IdentityReading()
  var modemRetry = ModemRetry()
  var spool = Spool()
  var outgoing: [SubmissionID: Outgoing] = [:]
  var brokenOff = BrokenOffMessages()
  var incoming = IncomingDesk()
  var calls = PendingCalls()
  var contacts = ContactCache()
  var pins: PinBook
  /// Whether the modem has been open in this run.
  var hadModem = false
  var hasToldOfFullPins = false
  var classified: [String: DialledNumber] = [:]
  var isShuttingDown = false
  var sleep = SleepPhase.awake
  var lastServingRead: Duration?
  var servingReadDue: Duration?
  /// The person has opted out, and the relay is being told until then at the latest.
  var deregistrationDeadline: Duration?
  /// Distinguishes the answers to several requests for a code.
  var registrationAttempt = 0
  /// A registration is being ended by proof of its number.
  var removal: RemovalProgress?
  var removalResult: RemovalResult?
  /// What the relay knew this identity by before the registration that is under way.
  var supersededToken: NumberToken?

  var now: Duration
  var actions: [HandsetAction] = []
  var lastStatus: [HandsetField] = []

  /// - Parameters:
  ///   - state: What the state directory held.
  ///   - generator: Chance for ids and salts; secure in use, seeded in simulations.
  public init(
    configuration: HandsetConfiguration, state: PersistedState, classifier: any NumberClassifier,
    generator: any RandomNumberGenerator, now: Duration, wall: WallTime
  ) {
    self.configuration = configuration
    self.classifier = classifier
    self.generator = generator
    self.now = now
    self.wall = wall
    interposer = Interposer(configuration: configuration.interposer)
    relay = RelayClient(jitterSeed: self.generator.next())
    tokens = TokenDesk(cache: state.files[.tokens].map(TokenCache.init(serialized:)) ?? TokenCache())
    enrolment = Enrolment()
    pins = state.files[.pins].map(PinBook.init(serialized:)) ?? (state.unreadable.contains(.pins) ? .damaged : PinBook())
    restore(state)
  }

  // MARK: libqmi clients

  /// A client connected whose uid is allowed.
  public mutating func clientConnected(_ connection: ClientConnection, now: Duration) {
    self.now = now
    interposer.clientConnected(connection, now: now)
  }

  public mutating func clientSent(_ octets: UnsafeRawBufferPointer, from connection: ClientConnection, now: Duration) {
    self.now = now
    interposer.clientSent(octets, from: connection, now: now)
  }

  public mutating func clientClosed(_ connection: ClientConnection, now: Duration) {
    self.now = now
    interposer.clientClosed(connection, now: now)
  }

  /// How many octets wait in the shell because the client does not read them.
  public mutating func clientBacklog(_ connection: ClientConnection, octetCount: Int, now: Duration) {
    self.now = now
    interposer.clientBacklog(connection, octetCount: octetCount, now: now)
  }

  // MARK: modem

  /// The device's file has appeared, or another one has taken its place.
  ///
  /// - Parameter names: what it is called now beside its name in the settings; nil when that is as it was.
  public mutating func modemAppeared(names: [String]? = nil, now: Duration) {
    self.now = now
    if let names { interposer.setAlternativeDevices(names) }
    wantModem()
  }

  private mutating func wantModem() {
    modemRetry.begin()
    guard enrolment.isEnabled, !isShuttingDown else { return }
    interposer.openModem(now: now)
  }

  private mutating func modemTimeReached() {
    if let deadline = modemRetry.deadline, deadline <= now { wantModem() }
  }

  public mutating func modemOpened(now: Duration) {
    self.now = now
    modemRetry.end()
    interposer.modemOpened(now: now)
    // The carrier's copy of what came by IP, or of what may still come, may be in the modem.
    if enrolment.isEnabled, hadModem || incoming.recent.remembers(.ip, now: now) { interposer.vetStorage(now: now) }
    hadModem = true
    if enrolment.isEnabled || calls.needsIdentity { readIdentity() }
    sendWaiting()
    statusMayHaveChanged()
  }

  /// - Parameter reason: one line for a person.
  public mutating func modemOpenFailed(reason: String, now: Duration) {
    self.now = now
    interposer.modemOpenFailed(now: now)
    if modemRetry.failed(reason, now: now) {
      note(.warning, "the modem \(configuration.interposer.device) can't be opened: \(reason)")
    }
    failCallsForModem(HandsetError(.noModem, "the modem can't be opened: \(reason)"))
  }

  /// - Parameter reason: one line for a person.
  public mutating func modemRemoved(reason: String, now: Duration) {
    self.now = now
    interposer.modemRemoved(now: now)
    note(.notice, "the modem \(configuration.interposer.device) is gone: \(reason)")
    identity.forget()
    _ = modemRetry.failed(reason, now: now)
    failCallsForModem(HandsetError(.noModem, "the modem went away"))
    updateLink()
    statusMayHaveChanged()
  }

  public mutating func modemResponded(_ request: ModemRequestID, _ frame: consuming QMUXFrame, now: Duration) {
    self.now = now
    interposer.modemResponded(request, frame, now: now)
  }

  public mutating func modemFailed(_ request: ModemRequestID, _ failure: ModemFailure, now: Duration) {
    self.now = now
    interposer.modemFailed(request, failure, now: now)
  }

  public mutating func modemIndicated(_ frame: QMUXFrame, now: Duration) {
    self.now = now
    if frame.service == .nas || frame.service == .uim { identityMayHaveChanged(frame) }
    interposer.modemIndicated(frame, now: now)
  }

  // MARK: time

  public var nextDeadline: Duration? {
    var next = earliest(interposer.nextDeadline, relay.nextDeadline)
    if enrolment.isEnabled, !isShuttingDown { next = earliest(next, modemRetry.deadline) }
    next = earliest(next, identity.deadline)
    next = earliest(next, servingReadDue)
    next = earliest(next, calls.nextDeadline)
    next = earliest(next, progress.deadline)
    next = earliest(next, deregistrationDeadline)
    next = earliest(next, removal?.deadline)
    next = earliest(next, link.keyDeadline)
    next = earliest(next, link.moveDeadline)
    next = earliest(next, incoming.carrierMessages.nextDeadline)
    if tokens.hasWork, link.isReady { next = earliest(next, now) }
    for message in outgoing.values {
      if case .byIP(let attempt) = message.phase { next = earliest(next, attempt.life.deadline) }
    }
    return next
  }

  public mutating func timeReached(now: Duration) {
    self.now = now
    interposer.timeReached(now: now)
    relay.timeReached(now: now)
    modemTimeReached()
    identityTimeReached()
    callsTimeReached()
    registrationTimeReached()
    removalTimeReached()
    moveTimeReached()
    incomingTimeReached()
    sessionKeyTimeReached()
    removeExpired()
    outgoingTimeReached()
    tokenWork()
  }

  // MARK: actions

  /// What to do next; call until nil after each event.
  public mutating func nextAction() -> HandsetAction? {
    while true {
      if !actions.isEmpty { return actions.removeFirst() }
      if let action = interposer.nextAction() {
        if let passed = take(action) { return passed }
      } else if let action = relay.nextAction() {
        if let passed = take(action) { return passed }
      } else {
        return nil
      }
    }
  }

  private mutating func take(_ action: Interposer.Action) -> HandsetAction? {
    switch action {
    case .sendToClient(let connection, let octets): return .sendToClient(connection, octets)
    case .sendToModem(let request, let frame, let timeout): return .sendToModem(request, frame, timeout: timeout)
    case .closeClient(let connection, let reason): return .closeClient(connection, reason)
    case .openModem: return .openModem
    case .keepClientIDs(let ids): return .keepClientIDs(ids.flatMap { [$0.service.rawValue, $0.clientID.rawValue] })
    case .submitted(let submission): submitted(submission)
    case .observed(let submission): observed(submission)
    case .unparsed(let submission): unparsed(submission)
    case .submitterGone: break
    case .released(let id, let reason): released(id, reason)
    case .carried(let report): carried(report)
    case .received(let message): received(message)
    case .consumed(let id): consumed(id)
    case .deletedFromStorage(let id): return deletedFromStorage(id)
    case .retagged(let id, let tag):
      // Nobody waits for it: a tag that can't be written is the old one after the next start.
      if let message = spool.retag(id, tag) { act(.writeSpool(spool.newWrite(), [message])) }
    }
    return nil
  }

  // MARK: inside

  mutating func act(_ action: HandsetAction) {
    actions.append(action)
  }

  mutating func note(_ level: NoteLevel, _ text: String) {
    act(.note(level, text))
  }

  mutating func write(_ file: StateFile, _ octets: [UInt8]) {
    act(.write(file, octets))
  }

  /// A name for a record that no other has.
  mutating func newRecordID() -> String {
    let text = String(generator.next(), radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  func earliest(_ left: Duration?, _ right: Duration?) -> Duration? {
    guard let left else { return right }
    guard let right else { return left }
    return min(left, right)
  }
}
