extension RelayClient {
  /// Idle long enough, in either direction, for the relay or a middlebox to doubt the link.
  func pingDue(_ session: Session) -> Duration? {
    session.ping == nil ? min(session.lastSent, session.lastReceived) + keepalive.interval : nil
  }

  /// Asks whether the link is up, unless that is being asked.
  mutating func ping(_ connection: RelayConnection, _ session: inout Session, now: Duration) {
    guard session.ping == nil else { return }
    let idle = now - max(session.lastSent, session.lastReceived)
    let id = session.requests.newID()
    // The next interval is the longer one if this one proves survived: the relay must not give up before it ends.
    var next = keepalive
    next.survived()
    let message = ClientMessage.ping(keepaliveSeconds: next.seconds)
    guard (try? send(ClientFrame(request: id, message: message), connection, &session, now: now)) != nil else { return }
    session.requests.add(id, .pong, deadline: now + configuration.pingTimeout)
    // The last answer came a round trip after what it answered, and the ping is due an interval after the latter.
    session.ping = (id, idle >= keepalive.interval - configuration.pingTimeout)
  }

  mutating func send(
    _ frame: ClientFrame, _ connection: RelayConnection, _ session: inout Session, now: Duration
  ) throws(RequestError) {
    do throws(RelayFrameError) {
      act(.send(try frame.encoded(), on: connection))
    } catch {
      throw .invalid(error)
    }
    session.lastSent = now
  }

  /// Reads every whole frame; stops when one ends the connection.
  mutating func decode(_ connection: RelayConnection, now: Duration) {
    do throws(RelayFrameError) {
      while isCurrent(connection), let frame = try decoder.nextServerFrame() {
        handle(frame, connection, now: now)
      }
    } catch {
      if case .leaving = state {
        left(connection, now: now)
      } else {
        fail(connection, .badFrame(error), now: now)
      }
    }
  }

  private mutating func handle(_ frame: ServerFrame, _ connection: RelayConnection, now: Duration) {
    switch state {
    case .handshaking(_, let handshake, let deadline):
      handle(frame, handshake, connection, deadline: deadline, now: now)
    case .ready(_, var session):
      session.lastReceived = now
      handle(frame, &session, connection, now: now)
    case .leaving:
      // Frames that were under way when the goodbye was sent are not waited for.
      if frame.request != nil, frame.message == .done { left(connection, now: now) }
    case .stopped, .waiting, .connecting: break
    }
  }

  private mutating func handle(
    _ frame: ServerFrame, _ handshake: Handshake, _ connection: RelayConnection, deadline: Duration, now: Duration
  ) {
    switch (handshake, frame.message) {
    case (.awaitingChallenge(let hash), .challenge(let version, let nonce)):
      guard version == RelayFrame.protocolVersion else {
        fail(connection, .unsupportedVersion(version), now: now)
        return
      }
      state = .handshaking(connection, .signing, deadline: deadline)
      act(.sign(.session(nonce: nonce, certificateKeyHash: hash), on: connection))
    case (.authenticating(let id), .sessionReady(let ready)) where frame.request == id:
      let session = Session(since: now, lastSent: now, lastReceived: now)
      state = .ready(connection, session)
      act(.sessionReady(ready))
    case (_, .failure(let failure)): fail(connection, .refused(failure), now: now)
    case (_, .sessionEnded(let reason)): fail(connection, .ended(reason), now: now)
    case (_, .unrecognized): break
    default: fail(connection, .unexpectedFrame(frame.message.name), now: now)
    }
  }

  private mutating func handle(
    _ frame: ServerFrame, _ session: inout Session, _ connection: RelayConnection, now: Duration
  ) {
    let problem: LinkProblem?
    if let id = frame.request {
      problem = answer(frame.message, to: id, &session)
    } else {
      problem = push(frame.message)
    }
    state = .ready(connection, session)
    if let problem { fail(connection, problem, now: now) }
  }

  private mutating func answer(_ message: ServerMessage, to id: RequestID, _ session: inout Session) -> LinkProblem? {
    // An answer to a request that was given up, or one that only a later version understands.
    guard let entry = session.requests.remove(id) else { return nil }
    guard let outcome = entry.expected.outcome(message) else {
      if entry.id != session.ping?.id { act(.finished(id, .sessionLost)) }
      return .unexpectedFrame(message.name)
    }
    guard let ping = session.ping, ping.id == id else {
      act(.finished(id, outcome))
      return nil
    }
    session.ping = nil
    if ping.afterIdling { keepalive.survived() }
    return nil
  }

  private mutating func push(_ message: ServerMessage) -> LinkProblem? {
    switch message {
    case .incoming(let incoming): act(.pushed(.incoming(incoming)))
    case .acknowledged(let id, let mac): act(.pushed(.acknowledged(id, mac)))
    case .refused(let id, let reason): act(.pushed(.refused(id, reason)))
    case .revoked(let id): act(.pushed(.revoked(id)))
    case .concluded(let id, let mac): act(.pushed(.concluded(id, mac)))
    case .sessionEnded(let reason): return .ended(reason)
    case .failure(let failure): return .refused(failure)
    case .unrecognized: break
    default: return .unexpectedFrame(message.name)
    }
    return nil
  }

  // MARK: ends

  /// Gives a connection up and plans the next.
  mutating func fail(_ connection: RelayConnection, _ problem: LinkProblem, isOpen: Bool = true, now: Duration) {
    if isOpen { act(.disconnect(connection)) }
    if case .ready(_, let session) = state {
      loseSession(session, problem)
      if now - session.since >= configuration.settledAfter { backoff.succeeded() }
    } else {
      act(.connectionFailed(problem))
    }
    let wait =
      switch problem {
      // Two devices with one identity would otherwise throw each other out for ever; a version does not change soon.
      // Nor does a relay that cheats.
      case .ended(.replaced), .unsupportedVersion, .badProof: backoff.failedForLong()
      case .refused(let failure):
        max(backoff.failed(), min(.seconds(Int64(failure.retryAfterSeconds)), Self.longestWaitAsked))
      default: backoff.failed()
      }
    decoder = RelayFrameDecoder()
    if problem == .badProof { distrustedUntil = now + wait }
    state = .waiting(until: now + wait, problem)
  }

  /// A relay may ask for no longer a wait than this, in which the device cannot be reached.
  static var longestWaitAsked: Duration { .seconds(3_600) }

  mutating func loseSession(_ session: Session, _ problem: LinkProblem) {
    for entry in session.requests.entries where entry.id != session.ping?.id {
      act(.finished(entry.id, .sessionLost))
    }
    act(.sessionLost(problem))
  }

  /// The goodbye is said.
  mutating func left(_ connection: RelayConnection, isOpen: Bool = true, now: Duration) {
    guard case .leaving(_, _, let startAgain) = state else { return }
    if isOpen { act(.disconnect(connection)) }
    decoder = RelayFrameDecoder()
    state = .stopped
    act(.stopped)
    if startAgain { begin(now: now) }
  }
}

extension ServerMessage {
  /// As relay.proto calls it.
  var name: String {
    switch self {
    case .challenge: "Challenge"
    case .sessionReady: "SessionReady"
    case .codeSent: "CodeSent"
    case .registered: "Registered"
    case .done: "Done"
    case .evaluations: "Evaluations"
    case .lookUpResult: "LookUpResult"
    case .accepted: "Accepted"
    case .failure: "Failure"
    case .incoming: "Incoming"
    case .acknowledged: "Acknowledged"
    case .refused: "Refused"
    case .revoked: "Revoked"
    case .concluded: "Concluded"
    case .pong: "Pong"
    case .sessionEnded: "SessionEnded"
    case .unrecognized: "of an unknown type"
    }
  }
}
