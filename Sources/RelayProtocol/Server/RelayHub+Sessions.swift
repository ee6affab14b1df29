extension RelayHub {
  /// A frame came, whole and well-formed.
  public mutating func received(_ frame: ClientFrame, from connection: RelayConnectionID, at time: RelayTime) {
    guard sessions[connection] != nil else { return }
    sessions[connection]?.heard(now: time.now)
    if case .authenticate(let authentication) = frame.message {
      authenticate(authentication, connection, frame.request, at: time)
      return
    }
    guard let ready = sessions[connection]?.ready else {
      refuse(connection, frame.request, .notAuthenticated, "the session is not authenticated", at: time)
      return
    }
    switch frame.message {
    case .authenticate: break
    case .register(let sealed, let purpose): register(sealed, purpose, connection, frame.request, ready, at: time)
    case .confirmRegistration(let code): confirm(code, connection, frame.request, ready, at: time)
    case .deregister: deregister(connection, frame.request, ready)
    case .evaluateTokens(let generation, let elements):
      evaluate(elements, generation, connection, frame.request, ready, at: time)
    case .lookUp(let tokens, let withKeyPackages):
      lookUp(tokens, withKeyPackages, connection, frame.request, ready, at: time)
    case .publishKeyPackage(let package): publish(package, connection, frame.request, ready, at: time)
    case .deliver(let delivery): deliver(delivery, connection, frame.request, ready, at: time)
    case .acknowledge(let id, let mac): acknowledge(id, mac, connection, at: time)
    case .refuse(let id, let reason): refuse(id, reason, connection)
    case .revoke(let id): revoke(id, connection, frame.request, ready)
    case .conclude(let id, let mac): conclude(id, mac, ready)
    case .ping(let keepaliveSeconds):
      sessions[connection]?.announced(keepaliveSeconds: keepaliveSeconds)
      rearm(connection)
      send(.pong, to: connection, answering: frame.request)
    case .goingAway:
      goOffline(connection)
      send(.done, to: connection, answering: frame.request)
    case .unrecognized: fail(connection, frame.request, .badFrame, "this relay does not know that request")
    }
  }

  // MARK: Authentication

  private mutating func authenticate(
    _ authentication: Authentication, _ connection: RelayConnectionID, _ request: RequestID?, at time: RelayTime
  ) {
    switch sessions[connection]?.authenticate(authentication) {
    case .check(let authentication, let nonce):
      let transcript = Transcript.session(nonce: nonce, certificateKeyHash: certificateKeyHash)
      let job = startJob(.signature(connection, request))
      emit(.checkSignature(job, authentication, transcript))
    case .refuse(let code, let text):
      refuse(connection, request, code, text, at: time)
    case nil: break
    }
  }

  /// Says why and closes.
  private mutating func refuse(
    _ connection: RelayConnectionID, _ request: RequestID?, _ code: FailureCode, _ text: String, at time: RelayTime
  ) {
    count(\.authenticationsFailed)
    fail(connection, request, code, text)
    emit(.close(connection))
    forget(connection, at: time)
  }

  public mutating func signatureChecked(_ id: RelayJobID, isValid: Bool, at time: RelayTime) {
    guard case .signature(let connection, let request)? = jobs.removeValue(forKey: id), let address = sessions[connection]?.address
    else { return }
    guard let identity = sessions[connection]?.signatureChecked(isValid: isValid) else {
      refuse(connection, request, .notAuthenticated, "the signature does not hold", at: time)
      return
    }
    releaseUnauthenticated(address)
    load(identity, for: .opening(connection, request), at: time)
  }

  /// The session's registration was read, when it opens and once a day from then on.
  public mutating func registrationLoaded(_ id: RelayJobID, _ loading: RegistrationLoading, at time: RelayTime) {
    switch jobs.removeValue(forKey: id) {
    case .opening(let connection, let request): open(connection, request, loading, at: time)
    case .renewing(let connection):
      switch loading {
      case .found(let registration): setRegistration(registration, of: connection)
      case .none: setRegistration(nil, of: connection)
      case .failed: break
      }
    default: break
    }
  }

  private mutating func open(
    _ connection: RelayConnectionID, _ request: RequestID?, _ loading: RegistrationLoading, at time: RelayTime
  ) {
    guard sessions[connection] != nil else { return }
    var registration: RelayRegistration?
    switch loading {
    case .found(let found): registration = found
    case .none: break
    case .failed:
      fail(connection, request, .internal, "the relay could not read its registrations", retryAfter: 30)
      emit(.close(connection))
      forget(connection, at: time)
      return
    }
    guard sessions[connection]?.becomeReady(registration: registration, now: time.now) == true,
      let identity = sessions[connection]?.ready?.identity
    else { return }
    if let older = connectionOfIdentity[identity] {
      count(\.sessionsReplaced)
      end(older, .replaced, at: time)
    }
    connectionOfIdentity[identity] = connection
    count(\.sessionsOpened)
    rearm(connection)
    wake(.renewal(connection), at: time.now + limits.renewalInterval)
    send(
      .sessionReady(SessionReady(registration: registration?.told, tokenGenerations: generations)), to: connection,
      answering: request)
  }

  // MARK: Registration's life

  mutating func load(_ identity: IdentityPublicKey, for job: RelayJob, at time: RelayTime) {
    let id = startJob(job)
    let expires = time.unixSeconds + limits.registrationLifetime.wholeSeconds
    emit(.loadRegistration(id, identity, now: time.unixSeconds, expires: expires))
  }

  mutating func renew(_ connection: RelayConnectionID, at time: RelayTime) {
    guard let ready = sessions[connection]?.ready else { return }
    sessions[connection]?.ready?.renewal = time.now + limits.renewalInterval
    wake(.renewal(connection), at: time.now + limits.renewalInterval)
    if ready.registration != nil { load(ready.identity, for: .renewing(connection), at: time) }
  }

  /// Moves presence along with the tokens.
  mutating func setRegistration(_ registration: RelayRegistration?, of connection: RelayConnectionID) {
    guard let ready = sessions[connection]?.ready else { return }
    if ready.registration?.tokens != registration?.tokens { hide(connection) }
    sessions[connection]?.ready?.registration = registration
    guard registration != nil else {
      goOffline(connection)
      return
    }
    show(connection)
  }

  // MARK: Presence

  private mutating func publish(
    _ package: KeyPackage, _ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready,
    at time: RelayTime
  ) {
    guard ready.registration != nil else {
      fail(connection, request, .notRegistered, "this device is not registered")
      return
    }
    guard package.identityKey == ready.identity, package.expires > time.unixSeconds else {
      fail(connection, request, .badFrame, "the key package is another's or has expired")
      return
    }
    sessions[connection]?.ready?.keyPackage = package
    show(connection)
    send(.done, to: connection, answering: request)
  }

  /// Others find the device by its tokens from here on, if it has a registration and a key package.
  private mutating func show(_ connection: RelayConnectionID) {
    guard let ready = sessions[connection]?.ready, ready.keyPackage != nil, let registration = ready.registration
    else { return }
    for held in registration.tokens { connectionOfToken[held.token] = connection }
    onlineConnections.insert(connection)
  }

  /// Others do not find the device any more.
  mutating func hide(_ connection: RelayConnectionID) {
    for held in sessions[connection]?.ready?.registration?.tokens ?? []
    where connectionOfToken[held.token] == connection {
      connectionOfToken[held.token] = nil
    }
    onlineConnections.remove(connection)
  }

  /// The device cannot be reached from here on, though its connection may last.
  mutating func goOffline(_ connection: RelayConnectionID) {
    guard sessions[connection]?.ready != nil else { return }
    hide(connection)
    sessions[connection]?.ready?.keyPackage = nil
    refuseAllUnacknowledged(of: connection)
  }

  /// The session and key package that messages for this token go to now.
  func online(_ token: NumberToken, at time: RelayTime) -> (connection: RelayConnectionID, package: KeyPackage)? {
    guard let connection = connectionOfToken[token], let package = sessions[connection]?.ready?.keyPackage,
      package.expires > time.unixSeconds
    else { return nil }
    return (connection, package)
  }

  private mutating func rearm(_ connection: RelayConnectionID) {
    guard let session = sessions[connection] else { return }
    wake(.session(connection), at: session.deadline)
  }

  // MARK: Requests that wait

  /// Counts a request that waits for a job; refuses it when too many do.
  mutating func admit(_ connection: RelayConnectionID, _ request: RequestID?) -> Bool {
    guard let outstanding = sessions[connection]?.ready?.outstandingRequests,
      outstanding < limits.outstandingRequests
    else {
      fail(connection, request, .limit, "too many requests at a time", retryAfter: 1)
      return false
    }
    sessions[connection]?.ready?.outstandingRequests += 1
    return true
  }

  /// The request is about to be answered.
  /// - Returns: whether there is still somebody to answer.
  mutating func settle(_ connection: RelayConnectionID) -> Bool {
    guard sessions[connection]?.ready != nil else { return false }
    sessions[connection]?.ready?.outstandingRequests -= 1
    return true
  }
}
