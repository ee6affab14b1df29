/// A code on its way, or waiting to be confirmed.
struct PendingCode: Sendable, Equatable {
  var token: NumberToken
  var generation: TokenGeneration
  var digest: CodeDigest
  var expires: Duration
  var triesLeft: Int
}

extension RelayHub {
  // MARK: A code by SMS

  mutating func register(
    _ sealed: [UInt8], _ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready,
    at time: RelayTime
  ) {
    guard ready.registrationAttempts < limits.registrationAttemptsPerSession else {
      fail(connection, request, .limit, "too many registrations in one session", retryAfter: 3600)
      return
    }
    guard registrationsInProgress < limits.registrationsInProgress else {
      fail(connection, request, .limit, "too many registrations at the moment", retryAfter: 10)
      return
    }
    guard admit(connection, request) else { return }
    sessions[connection]?.ready?.registrationAttempts += 1
    registrationsInProgress += 1
    let job = startJob(.number(connection, request, ready.identity))
    emit(.openNumber(job, sealed: sealed, ready.identity))
  }

  public mutating func numberOpened(_ id: RelayJobID, _ opening: NumberOpening, at time: RelayTime) {
    guard case .number(let connection, let request, let identity)? = jobs.removeValue(forKey: id) else { return }
    switch opening {
    case .opened(let token, let generation, let digest):
      let code = PendingCode(
        token: token, generation: generation, digest: digest, expires: time.now + limits.codeLifetime,
        triesLeft: limits.codeTries)
      guard sessions[connection] != nil else {
        emit(.discardCode(id))
        registrationsInProgress -= 1
        return
      }
      if let refusal = refusalOfCode(for: token, identity, at: time) {
        emit(.discardCode(id))
        registrationsInProgress -= 1
        if settle(connection) {
          fail(connection, request, .limit, refusal.text, retryAfter: refusal.retryAfter)
        }
        return
      }
      codeTimes[token, default: []].append(time.now)
      pendingCodes[identity] = code
      wakeSweep(at: time)
      // The answer comes under the same id, by which the shell keeps the number.
      jobs[id] = .code(connection, request, identity, code)
      emit(.sendCode(id))
    case .bad:
      registrationsInProgress -= 1
      if settle(connection) { fail(connection, request, .badNumber, "not a number sealed to this relay") }
    case .failed:
      registrationsInProgress -= 1
      if settle(connection) { fail(connection, request, .internal, "the relay could not open the number") }
    }
  }

  private mutating func refusalOfCode(
    for token: NumberToken, _ identity: IdentityPublicKey, at time: RelayTime
  ) -> (text: String, retryAfter: UInt32)? {
    let recent = codeTimes[token, default: []].filter { $0 + limits.codePeriod > time.now }
    codeTimes[token] = recent.isEmpty ? nil : recent
    if recent.count >= limits.codesPerNumber, let oldest = recent.first {
      let wait = (oldest + limits.codePeriod - time.now).wholeSeconds + 1
      return ("this number got as many codes as it may in a day", UInt32(clamping: wait))
    }
    if codeTimes.count >= limits.numbersWithCodes && recent.isEmpty
      || pendingCodes.count >= limits.pendingCodes && pendingCodes[identity] == nil
    {
      sweep(at: time)
      if codeTimes.count >= limits.numbersWithCodes && recent.isEmpty
        || pendingCodes.count >= limits.pendingCodes && pendingCodes[identity] == nil
      {
        return ("too many registrations at the moment", 3600)
      }
    }
    var bucket = codeBucket ?? RateBucket(burst: limits.codeBurst, perHour: limits.codesPerHour, now: time.now)
    let wait = bucket.take(1, now: time.now)
    codeBucket = bucket
    return wait.map { ("too many codes at the moment", $0) }
  }

  public mutating func codeSent(_ id: RelayJobID, succeeded: Bool, at time: RelayTime) {
    guard case .code(let connection, let request, let identity, let code)? = jobs.removeValue(forKey: id) else {
      return
    }
    registrationsInProgress -= 1
    if succeeded {
      count(\.codesSent)
    } else {
      if pendingCodes[identity]?.digest == code.digest { pendingCodes[identity] = nil }
      // It was not the subscriber's doing: the try is given back.
      _ = codeTimes[code.token]?.popLast()
      if codeTimes[code.token]?.isEmpty == true { codeTimes[code.token] = nil }
    }
    guard settle(connection) else { return }
    if succeeded {
      let lifetime = UInt32(clamping: limits.codeLifetime.wholeSeconds)
      send(.codeSent(lifetimeSeconds: lifetime), to: connection, answering: request)
    } else {
      fail(connection, request, .internal, "the relay could not send the code", retryAfter: 60)
    }
  }

  // MARK: Its confirmation

  mutating func confirm(
    _ text: String, _ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready,
    at time: RelayTime
  ) {
    guard var code = pendingCodes[ready.identity], code.expires > time.now, code.triesLeft > 0 else {
      pendingCodes[ready.identity] = nil
      fail(connection, request, .codeLapsed, "no code waits to be confirmed; ask for a new one")
      return
    }
    guard admit(connection, request) else { return }
    // Counted before the check: tries sent at once are tries too.
    code.triesLeft -= 1
    pendingCodes[ready.identity] = code
    let job = startJob(.check(connection, request, ready.identity, code))
    emit(.checkCode(job, ready.identity, code: text, code.digest))
  }

  public mutating func codeChecked(_ id: RelayJobID, isRight: Bool, at time: RelayTime) {
    guard case .check(let connection, let request, let identity, let code)? = jobs.removeValue(forKey: id) else {
      return
    }
    guard isRight else {
      count(\.wrongCodes)
      if code.triesLeft == 0, pendingCodes[identity]?.digest == code.digest { pendingCodes[identity] = nil }
      if settle(connection) {
        let left = code.triesLeft
        let hint = left == 0 ? "ask for a new one" : left == 1 ? "1 try left" : "\(left) tries left"
        fail(connection, request, .wrongCode, "wrong code; \(hint)")
      }
      return
    }
    guard pendingCodes[identity]?.digest == code.digest else {
      // Confirmed already, or a newer code was asked for meanwhile.
      if settle(connection) {
        fail(connection, request, .codeLapsed, "no code waits to be confirmed; ask for a new one")
      }
      return
    }
    pendingCodes[identity] = nil
    let registration = RelayRegistration(
      identity: identity, token: code.token, generation: code.generation, registered: time.unixSeconds,
      expires: time.unixSeconds + limits.registrationLifetime.wholeSeconds)
    let job = startJob(.save(connection, request, registration))
    emit(.saveRegistration(job, registration))
  }

  public mutating func registrationSaved(_ id: RelayJobID, _ saving: RegistrationSaving, at time: RelayTime) {
    guard case .save(let connection, let request, let registration)? = jobs.removeValue(forKey: id) else { return }
    switch saving {
    case .saved(let displaced):
      count(\.registrationsMade)
      if let displaced, displaced != registration.identity, let older = connectionOfIdentity[displaced] {
        // Its row is gone already: nothing to renew.
        sessions[older]?.ready?.registration = nil
        if connectionOfToken[registration.token] == older { connectionOfToken[registration.token] = nil }
        end(older, .registrationMoved, at: time)
      }
      // By identity: the device may have reconnected since it confirmed.
      if let current = connectionOfIdentity[registration.identity] { setRegistration(registration, of: current) }
      if settle(connection) {
        send(
          .registered(
            Registration(
              token: registration.token, expires: registration.expires, generation: registration.generation)),
          to: connection, answering: request)
      }
    case .failed:
      if settle(connection) {
        fail(connection, request, .internal, "the relay could not store the registration", retryAfter: 60)
      }
    }
  }

  // MARK: Its end

  mutating func deregister(_ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready) {
    guard admit(connection, request) else { return }
    pendingCodes[ready.identity] = nil
    goOffline(connection)
    let job = startJob(.removal(connection, request, ready.identity))
    emit(.removeRegistration(job, ready.identity))
  }

  public mutating func registrationRemoved(_ id: RelayJobID, succeeded: Bool, at time: RelayTime) {
    guard case .removal(let connection, let request, let identity)? = jobs.removeValue(forKey: id) else { return }
    if succeeded {
      count(\.registrationsRemoved)
      if let current = connectionOfIdentity[identity] { setRegistration(nil, of: current) }
    }
    guard settle(connection) else { return }
    if succeeded {
      send(.done, to: connection, answering: request)
    } else {
      fail(connection, request, .internal, "the relay could not remove the registration", retryAfter: 60)
    }
  }

  // MARK: Forgetting

  /// Looks again in an hour for what need not be remembered any more.
  mutating func wakeSweep(at time: RelayTime) {
    wake(.sweep, at: time.now + .seconds(3600))
  }

  mutating func sweep(at time: RelayTime) {
    pendingCodes = pendingCodes.filter { $0.value.expires > time.now }
    codeTimes = codeTimes.compactMapValues { times in
      let recent = times.filter { $0 + limits.codePeriod > time.now }
      return recent.isEmpty ? nil : recent
    }
    accounts = accounts.filter { entry in
      var account = entry.value
      return !account.isFull(now: time.now)
    }
    if !pendingCodes.isEmpty || !codeTimes.isEmpty || !accounts.isEmpty { wakeSweep(at: time) }
  }
}
