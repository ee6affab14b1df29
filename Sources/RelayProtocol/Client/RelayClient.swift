/// The device's one link to its relay (design, section 8): connects, proves the identity key, keeps the link alive,
/// pairs answers with requests, and comes back after a loss. Does nothing at all until ``start(now:)``: whoever has not
/// opted in opens no socket.
///
/// No I/O: tell it what happened, then carry out ``nextAction()`` until nil, and call ``timeReached(now:)`` when
/// ``nextDeadline`` has come. `now` is monotonic time since any origin.
public struct RelayClient: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// From `connect` to `connected`: name resolution, TCP and TLS.
    public var connectTimeout: Duration = .seconds(20)
    /// From `connected` to the relay's belief in the identity.
    public var handshakeTimeout: Duration = .seconds(10)
    /// For requests that do not bring a timeout of their own.
    public var requestTimeout: Duration = .seconds(10)
    /// For the answer to a keepalive ping.
    public var pingTimeout: Duration = .seconds(10)
    /// How long a goodbye may take.
    public var leaveTimeout: Duration = .seconds(1)
    /// A session that lasted this long was a success: the next reconnect is a quick one again.
    public var settledAfter: Duration = .seconds(60)
    /// At least this long from one connection attempt to the next, however often the network changes.
    public var shortestAttempt: Duration = .seconds(1)
    public var maximumOutstandingRequests = 64
    /// Octets that the transport may hold unsent.
    public var maximumBacklog = 262_144

    public init() {}
  }

  public enum Action: Hashable, Sendable {
    /// Connect to the relay, then ``RelayClient/connected(_:certificateKeyHash:now:)`` or
    /// ``RelayClient/closed(_:reason:now:)``.
    case connect(RelayConnection)
    /// Whole frames, to be written in order.
    case send([UInt8], on: RelayConnection)
    /// Close after what was sent; no ``RelayClient/closed(_:reason:now:)`` is needed any more.
    case disconnect(RelayConnection)
    /// Sign with the identity key, then ``RelayClient/signed(_:by:on:now:)``, or ``RelayClient/notSigned(on:now:)``.
    case sign(Transcript, on: RelayConnection)
    /// Requests are possible from here on. No key package is published yet.
    case sessionReady(SessionReady)
    /// Comes after every ``sessionReady(_:)``; the outcomes of unanswered requests come before it.
    case sessionLost(LinkProblem)
    /// A try that did not become a session failed.
    case connectionFailed(LinkProblem)
    case finished(RequestID, RequestOutcome)
    case pushed(RelayPush)
    /// ``RelayClient/stop(now:)`` is done.
    case stopped
  }

  let configuration: Configuration
  var state: State = .stopped
  var decoder = RelayFrameDecoder()
  var backoff: Backoff
  var keepalive = Keepalive()
  private var lastConnection: UInt64 = 0
  private var actions: [Action] = []

  enum State: Sendable {
    case stopped
    case waiting(until: Duration, LinkProblem)
    case connecting(RelayConnection, since: Duration)
    case handshaking(RelayConnection, Handshake, deadline: Duration)
    case ready(RelayConnection, Session)
    case leaving(RelayConnection, deadline: Duration, startAgain: Bool)
  }

  enum Handshake: Sendable {
    case awaitingChallenge(CertificateKeyHash)
    case signing
    case authenticating(RequestID)
  }

  struct Session: Sendable {
    var requests = RequestTable()
    let since: Duration
    var lastSent: Duration
    var lastReceived: Duration
    /// The ping that waits for its answer, and whether the link had been idle for the whole interval before it.
    var ping: (id: RequestID, afterIdling: Bool)?
  }

  /// - Parameter jitterSeed: chance for reconnect times; nothing secret depends on it.
  public init(configuration: Configuration = Configuration(), jitterSeed: UInt64) {
    self.configuration = configuration
    backoff = Backoff(jitterSeed: jitterSeed)
  }

  public var status: LinkStatus {
    switch state {
    case .stopped: .stopped
    case .waiting(let until, let problem): .waiting(until: until, problem)
    case .connecting, .handshaking: .connecting
    case .ready: .ready
    case .leaving: .leaving
    }
  }

  /// What is to be done next; nil when all is done.
  public mutating func nextAction() -> Action? {
    actions.isEmpty ? nil : actions.removeFirst()
  }

  /// When ``timeReached(now:)`` is due; nil while nothing is.
  public var nextDeadline: Duration? {
    switch state {
    case .stopped: nil
    case .waiting(let until, _): until
    case .connecting(_, let since): since + configuration.connectTimeout
    case .handshaking(_, _, let deadline): deadline
    case .leaving(_, let deadline, _): deadline
    case .ready(_, let session):
      [session.requests.nextDeadline, pingDue(session)].compactMap(\.self).min()
    }
  }

  // MARK: the person's wish

  /// Connects, and from here on reconnects, until ``stop(now:)``.
  public mutating func start(now: Duration) {
    switch state {
    case .stopped: begin(now: now)
    case .leaving(let connection, let deadline, _):
      state = .leaving(connection, deadline: deadline, startAgain: true)
    case .waiting, .connecting, .handshaking, .ready: break
    }
  }

  /// Says goodbye, so that the relay knows the device offline at once, and closes: for opting out, for the end of the
  /// program, and before the system sleeps. ``Action/stopped`` follows within ``Configuration/leaveTimeout``.
  public mutating func stop(now: Duration) {
    switch state {
    case .stopped: act(.stopped)
    case .waiting:
      state = .stopped
      act(.stopped)
    case .connecting(let connection, _), .handshaking(let connection, _, _):
      act(.disconnect(connection))
      state = .stopped
      act(.stopped)
    case .ready(let connection, var session):
      let id = session.requests.newID()
      loseSession(session, .stopped)
      if let frame = try? ClientFrame(request: id, message: .goingAway).encoded() {
        act(.send(frame, on: connection))
      }
      state = .leaving(connection, deadline: now + configuration.leaveTimeout, startAgain: false)
    case .leaving(let connection, let deadline, _):
      state = .leaving(connection, deadline: deadline, startAgain: false)
    }
  }

  // MARK: the world

  /// The network is another one, or came or went. A lost link is tried again at once; one that is up is asked whether
  /// it still is. A wait that the relay asked for is kept: it would only ask again.
  public mutating func networkChanged(isAvailable: Bool, now: Duration) {
    keepalive.networkChanged()
    switch state {
    case .waiting(_, .refused(let failure)) where failure.retryAfterSeconds > 0: break
    case .waiting(_, .badProof): break
    case .waiting(let until, let problem) where isAvailable:
      backoff.succeeded()
      let earliest = lastAttempt.map { $0 + configuration.shortestAttempt } ?? now
      if earliest <= now {
        connect(now: now)
      } else {
        state = .waiting(until: min(until, earliest), problem)
      }
    case .connecting(let connection, let since) where isAvailable && now >= since + configuration.shortestAttempt:
      act(.disconnect(connection))
      connect(now: now)
    case .ready(let connection, var session):
      ping(connection, &session, now: now)
      state = .ready(connection, session)
    case .stopped, .waiting, .connecting, .handshaking, .leaving: break
    }
  }

  /// What the relay said can't be believed: ends the session, and waits as long as there is to wait, on whatever network and
  /// over whatever sleep.
  public mutating func distrust(now: Duration) {
    guard case .ready(let connection, _) = state else { return }
    fail(connection, .badProof, now: now)
  }

  /// ``nextDeadline`` has come. Harmless at any other time.
  public mutating func timeReached(now: Duration) {
    switch state {
    case .stopped: break
    case .waiting(let until, _):
      if until <= now { connect(now: now) }
    case .connecting(let connection, let since):
      if since + configuration.connectTimeout <= now { fail(connection, .connectTimedOut, now: now) }
    case .handshaking(let connection, _, let deadline):
      if deadline <= now { fail(connection, .handshakeTimedOut, now: now) }
    case .leaving(let connection, let deadline, _):
      if deadline <= now { left(connection, now: now) }
    case .ready(let connection, var session):
      let overdue = session.requests.removeOverdue(now: now)
      for entry in overdue where entry.id != session.ping?.id { act(.finished(entry.id, .timedOut)) }
      if let asked = session.ping, overdue.contains(where: { $0.id == asked.id }) {
        if asked.afterIdling { keepalive.failed() }
        state = .ready(connection, session)
        fail(connection, .unanswered, now: now)
        return
      }
      // An unanswered request may be the relay's trouble with that request, or the link's.
      if !overdue.isEmpty { ping(connection, &session, now: now) }
      if let due = pingDue(session), due <= now { ping(connection, &session, now: now) }
      state = .ready(connection, session)
    }
  }

  // MARK: the transport

  /// TLS is up and the relay's certificate is one that the pinned CA signed.
  ///
  /// - Parameter certificateKeyHash: SHA-256 of the certificate's SubjectPublicKeyInfo.
  public mutating func connected(_ connection: RelayConnection, certificateKeyHash: CertificateKeyHash, now: Duration) {
    guard case .connecting(connection, _) = state else { return }
    state = .handshaking(
      connection, .awaitingChallenge(certificateKeyHash), deadline: now + configuration.handshakeTimeout)
  }

  /// The transport failed or the relay closed.
  ///
  /// - Parameter reason: one line for a person.
  public mutating func closed(_ connection: RelayConnection, reason: String, now: Duration) {
    switch state {
    case .connecting(connection, _), .handshaking(connection, _, _), .ready(connection, _):
      fail(connection, .closed(reason), isOpen: false, now: now)
    case .leaving(connection, _, _): left(connection, isOpen: false, now: now)
    default: break
    }
  }

  /// Octets that the transport could not send yet, after a ``Action/send(_:on:)``.
  public mutating func backlog(_ octetCount: Int, on connection: RelayConnection, now: Duration) {
    guard case .ready(connection, _) = state, octetCount > configuration.maximumBacklog else { return }
    fail(connection, .backlog, now: now)
  }

  public mutating func signed(
    _ signature: Signature, by identityKey: IdentityPublicKey, on connection: RelayConnection, now: Duration
  ) {
    guard case .handshaking(connection, .signing, let deadline) = state else { return }
    let authentication = Authentication(
      identityKey: identityKey, signature: signature, keepaliveSeconds: keepalive.seconds)
    var ids = RequestTable()
    let id = ids.newID()
    guard let frame = try? ClientFrame(request: id, message: .authenticate(authentication)).encoded() else { return }
    act(.send(frame, on: connection))
    state = .handshaking(connection, .authenticating(id), deadline: deadline)
  }

  public mutating func notSigned(on connection: RelayConnection, now: Duration) {
    guard case .handshaking(connection, .signing, _) = state else { return }
    fail(connection, .notSigned, now: now)
  }

  /// Octets from the relay, as they came.
  public mutating func received(_ octets: UnsafeRawBufferPointer, on connection: RelayConnection, now: Duration) {
    guard isCurrent(connection) else { return }
    decoder.append(octets)
    decode(connection, now: now)
  }

  /// Octets from the relay, as they came.
  public mutating func received(_ octets: some Collection<UInt8>, on connection: RelayConnection, now: Duration) {
    guard isCurrent(connection) else { return }
    decoder.append(octets)
    decode(connection, now: now)
  }

  // MARK: requests

  /// Sends a request; ``Action/finished(_:_:)`` with its id follows exactly once, in this session: the next one counts anew.
  ///
  /// - Parameters:
  ///   - message: any but `authenticate`, `ping`, `goingAway`, which are this type's own, and the unanswered ones.
  ///   - timeout: ``Configuration/requestTimeout`` when nil.
  public mutating func request(
    _ message: ClientMessage, timeout: Duration? = nil, now: Duration
  ) throws(RequestError) -> RequestID {
    precondition(message.isRequest, "not a request")
    guard case .ready(let connection, var session) = state, let expected = ExpectedAnswer(to: message) else {
      throw .noSession
    }
    guard session.requests.entries.count < configuration.maximumOutstandingRequests else { throw .tooManyOutstanding }
    let id = session.requests.newID()
    try send(ClientFrame(request: id, message: message), connection, &session, now: now)
    session.requests.add(id, expected, deadline: now + (timeout ?? configuration.requestTimeout))
    state = .ready(connection, session)
    return id
  }

  /// Sends an `acknowledge` or a `refuse`, which have no answer.
  public mutating func notify(_ message: ClientMessage, now: Duration) throws(RequestError) {
    precondition(!message.isAnswered, "a request")
    guard case .ready(let connection, var session) = state else { throw .noSession }
    try send(ClientFrame(request: nil, message: message), connection, &session, now: now)
    state = .ready(connection, session)
  }

  // MARK: inside

  /// When the attempt that is or was last under way began.
  var lastAttempt: Duration?
  /// A relay that was not believed is left alone until then.
  var distrustedUntil: Duration?

  mutating func act(_ action: Action) { actions.append(action) }

  mutating func begin(now: Duration) {
    if let distrustedUntil, now < distrustedUntil {
      state = .waiting(until: distrustedUntil, .badProof)
    } else {
      connect(now: now)
    }
  }

  mutating func connect(now: Duration) {
    lastConnection += 1
    lastAttempt = now
    let connection = RelayConnection(rawValue: lastConnection)
    decoder = RelayFrameDecoder()
    state = .connecting(connection, since: now)
    act(.connect(connection))
  }

  func isCurrent(_ connection: RelayConnection) -> Bool {
    switch state {
    case .handshaking(connection, _, _), .ready(connection, _), .leaving(connection, _, _): true
    default: false
    }
  }
}

extension ClientMessage {
  var isRequest: Bool {
    switch self {
    case .authenticate, .ping, .goingAway, .unrecognized: false
    default: isAnswered
    }
  }
}
