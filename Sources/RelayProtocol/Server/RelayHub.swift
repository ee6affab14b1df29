/// The relay's half of design sections 7 and 8 as one machine: who has a session, who is online, where a message is on
/// its way, and what each may ask for. It does no I/O, reads no clock and draws no randomness.
///
/// Call an event, then ``nextAction()`` until it gives nil, and ``timeReached(_:)`` at ``nextDeadline``. Everything here
/// lives in memory only: registrations are in the shell's store, and a message's sealed octets are handed to the
/// recipient's connection at once and not kept.
public struct RelayHub: Sendable {
  public let limits: RelayLimits
  public private(set) var statistics = RelayStatistics()

  let certificateKeyHash: CertificateKeyHash
  let generations: [TokenGeneration]

  var sessions: [RelayConnectionID: RelaySession] = [:]
  var connectionOfIdentity: [IdentityPublicKey: RelayConnectionID] = [:]
  /// Sessions with a registration and a key package, by each token of the registration: design section 7, "being online
  /// *is* having a key".
  var connectionOfToken: [NumberToken: RelayConnectionID] = [:]
  /// The same sessions.
  var onlineConnections: Set<RelayConnectionID> = []
  var unauthenticatedByAddress: [String: Int] = [:]
  var unauthenticatedCount = 0

  var jobs: [RelayJobID: RelayJob] = [:]
  var messages: [MessageID: PendingMessage] = [:]
  /// Messages handed to a connection that it has neither acknowledged nor refused; no empty sets. Beside the sessions, not
  /// in them: a copy of a session would make every change copy the set too.
  var unacknowledged: [RelayConnectionID: Set<MessageID>] = [:]
  var acknowledged = AcknowledgedMessages()
  var messageCountOfSender: [IdentityPublicKey: Int] = [:]
  var accounts: [NumberToken: Account] = [:]
  var addressAccounts: [String: AddressAccount] = [:]
  var nextAddressSweep: Duration = .zero
  var isSweepAwaited = false
  var evaluations: EvaluationQueue
  var evaluationsInProgress = 0
  var registrationsInProgress = 0
  var pendingCodes: [IdentityPublicKey: PendingCode] = [:]
  var codeTimes: [NumberToken: [Duration]] = [:]
  var codeBucket: RateBucket?

  private var lastJob: UInt64 = 0
  private var deadlines = DeadlineQueue<RelayTimer>()
  private var actions: [RelayAction] = []
  private var actionsTaken = 0
  private var isStopping = false

  /// - Parameters:
  ///   - certificateKeyHash: of the certificate that this relay's TLS shows.
  ///   - generations: of the number-token keys that the shell can evaluate with, newest first.
  public init(
    certificateKeyHash: CertificateKeyHash, generations: [TokenGeneration], limits: RelayLimits = RelayLimits()
  ) {
    self.certificateKeyHash = certificateKeyHash
    self.generations = generations
    self.limits = limits
    evaluations = EvaluationQueue(chunkCount: limits.elementsPerEvaluation)
  }

  // MARK: What the shell reads

  /// The next thing to do, in order; nil when there is nothing left.
  public mutating func nextAction() -> RelayAction? {
    guard actionsTaken < actions.count else {
      actions.removeAll(keepingCapacity: actions.count <= 1024)
      actionsTaken = 0
      return nil
    }
    defer { actionsTaken += 1 }
    return actions[actionsTaken]
  }

  /// When to call ``timeReached(_:)`` at the latest; nil when there is nothing to wait for.
  public var nextDeadline: Duration? { deadlines.next }

  /// Connections, authenticated or not.
  public var connectionCount: Int { sessions.count }
  /// Devices that others see as online.
  public var onlineCount: Int { onlineConnections.count }
  /// Messages handed on and not yet acknowledged, refused, revoked or lapsed.
  public var pendingMessageCount: Int { messages.count }

  // MARK: Connections

  /// TCP was accepted; TLS is still to come.
  ///
  /// - Parameter address: of the peer without its port, only to bound what each may ask for.
  /// - Returns: false when this connection is over a limit or the relay stops: drop it at once, it is not remembered.
  public mutating func connected(_ connection: RelayConnectionID, address: String, at time: RelayTime) -> Bool {
    guard !isStopping, sessions[connection] == nil, sessions.count < limits.connections,
      unauthenticatedCount < limits.unauthenticatedConnections,
      unauthenticatedByAddress[address, default: 0] < limits.unauthenticatedConnectionsPerAddress
    else {
      count(\.connectionsRefused)
      return false
    }
    count(\.connectionsAccepted)
    unauthenticatedCount += 1
    unauthenticatedByAddress[address, default: 0] += 1
    let wait = takeConnection(from: address, at: time)
    let session = RelaySession(address: address, wait: wait, limits: limits, now: time.now)
    sessions[connection] = session
    wake(.session(connection), at: session.deadline)
    return true
  }

  /// TLS is up, with the right application protocol.
  ///
  /// - Parameter nonce: drawn for this connection.
  public mutating func secured(_ connection: RelayConnectionID, nonce: ChallengeNonce, at time: RelayTime) {
    guard sessions[connection]?.secured(nonce: nonce) == true else { return }
    if let wait = sessions[connection]?.wait {
      count(\.connectionsRefused)
      fail(connection, nil, .limit, "too many connections from this address", retryAfter: wait)
      emit(.close(connection))
      forget(connection, at: time)
      return
    }
    send(.challenge(protocolVersion: RelayFrame.protocolVersion, nonce), to: connection)
  }

  /// The connection is gone, by whoever's doing. Harmless when the hub ended it itself.
  public mutating func closed(_ connection: RelayConnectionID, at time: RelayTime) {
    forget(connection, at: time)
  }

  /// What came was not a frame of this protocol.
  public mutating func receivedBadFrame(from connection: RelayConnectionID, at time: RelayTime) {
    guard sessions[connection] != nil else { return }
    count(\.protocolErrors)
    end(connection, .protocolError, at: time)
  }

  /// How many octets written to the connection its socket has not taken.
  public mutating func backlogged(_ connection: RelayConnectionID, octetCount: Int, at time: RelayTime) {
    guard octetCount > limits.outgoingOctets, sessions[connection] != nil else { return }
    count(\.sessionsCutOff)
    emit(.abort(connection))
    forget(connection, at: time)
  }

  /// Tells every session and ends it. No connection is taken from here on.
  public mutating func stop(at time: RelayTime) {
    isStopping = true
    for connection in sessions.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      end(connection, .stopping, at: time)
    }
  }

  // MARK: Time

  /// ``nextDeadline`` has come, or any other moment.
  public mutating func timeReached(_ time: RelayTime) {
    while let timer = deadlines.popDue(now: time.now) {
      switch timer {
      case .session(let connection): checkSilence(connection, at: time)
      case .renewal(let connection): renew(connection, at: time)
      case .message(let id): messageLapsed(id)
      case .sweep:
        isSweepAwaited = false
        sweep(at: time)
      }
    }
  }

  private mutating func checkSilence(_ connection: RelayConnectionID, at time: RelayTime) {
    guard let session = sessions[connection] else { return }
    guard session.deadline <= time.now else {
      wake(.session(connection), at: session.deadline)
      return
    }
    if session.isAuthenticated {
      count(\.sessionsTimedOut)
    } else {
      count(\.authenticationsFailed)
    }
    emit(.abort(connection))
    forget(connection, at: time)
  }

  // MARK: For the hub's parts

  mutating func emit(_ action: RelayAction) {
    actions.append(action)
  }

  mutating func send(_ message: ServerMessage, to connection: RelayConnectionID, answering request: RequestID? = nil) {
    actions.append(.send(connection, ServerFrame(request: request, message: message)))
  }

  mutating func fail(
    _ connection: RelayConnectionID, _ request: RequestID?, _ code: FailureCode, _ text: String,
    retryAfter: UInt32 = 0
  ) {
    if code == .limit { count(\.requestsLimited) }
    send(
      .failure(RelayFailure(code: code, text: text, retryAfterSeconds: retryAfter)), to: connection, answering: request)
  }

  mutating func startJob(_ job: RelayJob) -> RelayJobID {
    lastJob += 1
    let id = RelayJobID(rawValue: lastJob)
    jobs[id] = job
    return id
  }

  mutating func count(_ what: WritableKeyPath<RelayStatistics, UInt64>, _ number: Int = 1) {
    statistics[keyPath: what] &+= UInt64(clamping: number)
  }

  mutating func wake(_ timer: RelayTimer, at deadline: Duration) {
    deadlines.set(timer, to: deadline)
  }

  mutating func cancel(_ timer: RelayTimer) {
    deadlines.remove(timer)
  }

  /// For tests of the bounds.
  var deadlineCount: Int { deadlines.count }

  // MARK: Ends

  mutating func end(_ connection: RelayConnectionID, _ reason: SessionEndReason, at time: RelayTime) {
    guard sessions[connection] != nil else { return }
    send(.sessionEnded(reason), to: connection)
    emit(.close(connection))
    forget(connection, at: time)
  }

  /// Takes the connection out of every table; what was on its way to it is refused to its senders.
  mutating func forget(_ connection: RelayConnectionID, at time: RelayTime) {
    hide(connection)
    guard let session = sessions.removeValue(forKey: connection) else { return }
    cancel(.session(connection))
    cancel(.renewal(connection))
    evaluations.remove(connection)
    if !session.isAuthenticated { releaseUnauthenticated(session.address) }
    guard let ready = session.ready else { return }
    if connectionOfIdentity[ready.identity] == connection { connectionOfIdentity[ready.identity] = nil }
    if ready.registration != nil {
      // So that the 30 days count from the session's end (design section 7), without a write for every short one.
      if time.now >= ready.renewal - limits.renewalInterval + .seconds(3600) {
        load(ready.identity, for: .closing, at: time)
      }
    }
    refuseAllUnacknowledged(of: connection)
  }

  mutating func releaseUnauthenticated(_ address: String) {
    unauthenticatedCount -= 1
    let left = unauthenticatedByAddress[address, default: 1] - 1
    unauthenticatedByAddress[address] = left > 0 ? left : nil
  }
}

/// What the hub waits for the time of.
enum RelayTimer: Hashable, Sendable {
  case session(RelayConnectionID)
  case renewal(RelayConnectionID)
  case message(MessageID)
  case sweep
}

/// What a job's answer is for.
enum RelayJob: Sendable {
  case signature(RelayConnectionID, RequestID?)
  case opening(RelayConnectionID, RequestID?)
  case renewing(RelayConnectionID)
  case closing
  case number(RelayConnectionID, RequestID?, IdentityPublicKey, RegistrationPurpose)
  case code(RelayConnectionID, RequestID?, IdentityPublicKey, PendingCode)
  case check(RelayConnectionID, RequestID?, IdentityPublicKey, PendingCode)
  case save(RelayConnectionID, RequestID?, RelayRegistration)
  case move(RelayConnectionID, RequestID?, IdentityPublicKey)
  case ending(RelayConnectionID, RequestID?)
  case removal(RelayConnectionID, RequestID?, IdentityPublicKey)
  case evaluation(RelayConnectionID)
  case lookUp(RelayConnectionID, RequestID?, [Contact?], [NumberToken])
  case delivery(RelayConnectionID, RequestID?, NumberToken)
}
