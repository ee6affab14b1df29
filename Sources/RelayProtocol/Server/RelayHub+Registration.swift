/// A code on its way, or waiting to be confirmed.
struct PendingCode: Sendable, Equatable {
  /// What it was asked for: to register or to deregister.
  var purpose: RegistrationPurpose
  /// The number's tokens of all generations served, newest first.
  var tokens: [GenerationToken]
  var digest: CodeDigest
  var expires: Duration
  var triesLeft: Int
}

extension RelayHub {
  // MARK: A sealed number

  mutating func register(
    _ sealed: [UInt8], _ purpose: RegistrationPurpose, _ connection: RelayConnectionID, _ request: RequestID?,
    _ ready: RelaySession.Ready, at time: RelayTime
  ) {
    switch purpose {
    case .register, .deregister: break
    case .move where ready.registration != nil: break
    case .move:
      fail(connection, request, .notRegistered, "there is no registration to move")
      return
    default:
      fail(connection, request, .badFrame, "this relay does not know that purpose")
      return
    }
    // Moves are counted where look-ups are: a session of weeks may need several tries.
    guard purpose == .move || ready.registrationAttempts < limits.registrationAttemptsPerSession else {
      fail(connection, request, .limit, "too many registrations in one session", retryAfter: 3600)
      return
    }
    guard registrationsInProgress < limits.registrationsInProgress else {
      fail(connection, request, .limit, "too many registrations at the moment", retryAfter: 10)
      return
    }
    // Before the number is opened: that costs an scrypt, whatever comes of it.
    if let registration = ready.registration, purpose == .move {
      guard charge(\.evaluations, 1, registration, connection, request, at: time) else { return }
    } else if let address = sessions[connection]?.address, let wait = takeCode(for: address, at: time) {
      fail(connection, request, .limit, "too many codes asked for from this address", retryAfter: wait)
      return
    }
    guard admit(connection, request) else { return }
    if purpose != .move { sessions[connection]?.ready?.registrationAttempts += 1 }
    registrationsInProgress += 1
    let job = startJob(.number(connection, request, ready.identity, purpose))
    emit(.openNumber(job, sealed: sealed, ready.identity))
  }

  public mutating func numberOpened(_ id: RelayJobID, _ opening: NumberOpening, at time: RelayTime) {
    guard case .number(let connection, let request, let identity, let purpose)? = jobs.removeValue(forKey: id)
    else { return }
    switch opening {
    case .opened(let tokens, let digest):
      guard sessions[connection] != nil, let newest = tokens.first else {
        emit(.discardCode(id))
        registrationsInProgress -= 1
        return
      }
      guard purpose != .move else {
        emit(.discardCode(id))
        registrationsInProgress -= 1
        move(to: tokens, connection, request)
        return
      }
      if let refusal = refusalOfCode(for: newest.token, identity, at: time) {
        emit(.discardCode(id))
        registrationsInProgress -= 1
        if settle(connection) {
          fail(connection, request, .limit, refusal.text, retryAfter: refusal.retryAfter)
        }
        return
      }
      let code = PendingCode(
        purpose: purpose, tokens: tokens, digest: digest, expires: time.now + limits.codeLifetime,
        triesLeft: limits.codeTries)
      codeTimes[newest.token, default: []].append(time.now)
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

  // MARK: A newer generation

  /// Adds the tokens of other generations to a registration, when the number is the one that was proved for it: its
  /// token of a generation that the registration has is the registered one.
  private mutating func move(to tokens: [GenerationToken], _ connection: RelayConnectionID, _ request: RequestID?) {
    guard let ready = sessions[connection]?.ready else { return }
    guard let registration = ready.registration else {
      if settle(connection) { fail(connection, request, .notRegistered, "there is no registration to move") }
      return
    }
    guard let held = registration.tokens.first(where: { tokens.contains($0) }) else {
      if settle(connection) { fail(connection, request, .badNumber, "not the number that is registered") }
      return
    }
    let missing = tokens.filter { !registration.has($0.token) }
    guard !missing.isEmpty else {
      if settle(connection) { send(.registered(registration.told), to: connection, answering: request) }
      return
    }
    let job = startJob(.move(connection, request, ready.identity))
    emit(.moveRegistration(job, ready.identity, holding: held.token, adding: missing))
  }

  public mutating func registrationMoved(_ id: RelayJobID, _ loading: RegistrationLoading, at time: RelayTime) {
    guard case .move(let connection, let request, let identity)? = jobs.removeValue(forKey: id) else { return }
    if case .found(let registration) = loading {
      count(\.registrationsMoved)
      // By identity: the device may have reconnected since it asked.
      if let current = connectionOfIdentity[identity] { setRegistration(registration, of: current) }
    }
    guard settle(connection) else { return }
    switch loading {
    case .found(let registration): send(.registered(registration.told), to: connection, answering: request)
    case .none: fail(connection, request, .notRegistered, "there is no registration to move")
    case .failed:
      fail(connection, request, .internal, "the relay could not store the registration", retryAfter: 60)
    }
  }

  // MARK: A code by SMS

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
      if let newest = code.tokens.first?.token {
        _ = codeTimes[newest]?.popLast()
        if codeTimes[newest]?.isEmpty == true { codeTimes[newest] = nil }
      }
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
    guard code.purpose == .register else {
      let job = startJob(.ending(connection, request))
      emit(.endRegistrations(job, code.tokens.map(\.token)))
      return
    }
    let expires = time.unixSeconds + limits.registrationLifetime.wholeSeconds
    guard
      let registration = RelayRegistration(
        identity: identity, tokens: code.tokens, registered: time.unixSeconds, expires: expires)
    else { return }
    let job = startJob(.save(connection, request, registration))
    emit(.saveRegistration(job, registration))
  }

  public mutating func registrationSaved(_ id: RelayJobID, _ saving: RegistrationSaving, at time: RelayTime) {
    guard case .save(let connection, let request, let registration)? = jobs.removeValue(forKey: id) else { return }
    switch saving {
    case .saved(let displaced):
      count(\.registrationsMade)
      for identity in displaced where identity != registration.identity {
        endRegistration(of: identity, .registrationMoved, at: time)
      }
      // By identity: the device may have reconnected since it confirmed.
      if let current = connectionOfIdentity[registration.identity] { setRegistration(registration, of: current) }
      if settle(connection) {
        send(.registered(registration.told), to: connection, answering: request)
      }
    case .failed:
      if settle(connection) {
        fail(connection, request, .internal, "the relay could not store the registration", retryAfter: 60)
      }
    }
  }

  // MARK: Its end

  /// Somebody proved the number of this identity's registration, which is gone.
  private mutating func endRegistration(of identity: IdentityPublicKey, _ reason: SessionEndReason, at time: RelayTime) {
    guard let connection = connectionOfIdentity[identity] else { return }
    hide(connection)
    // Its row is gone already: nothing to renew.
    sessions[connection]?.ready?.registration = nil
    end(connection, reason, at: time)
  }

  /// A confirmed code has ended whatever registration its number had.
  public mutating func registrationsEnded(_ id: RelayJobID, _ ending: RegistrationEnding, at time: RelayTime) {
    guard case .ending(let connection, let request)? = jobs.removeValue(forKey: id) else { return }
    guard case .ended(let identities) = ending else {
      if settle(connection) {
        fail(connection, request, .internal, "the relay could not remove the registration", retryAfter: 60)
      }
      return
    }
    count(\.registrationsRemoved, identities.count)
    for identity in identities {
      if connectionOfIdentity[identity] == connection {
        // It has the answer for that.
        setRegistration(nil, of: connection)
      } else {
        endRegistration(of: identity, .registrationRemoved, at: time)
      }
    }
    if settle(connection) { send(.done, to: connection, answering: request) }
  }

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
    // Not put off by what is remembered meanwhile, or a busy relay would never come to it.
    guard !isSweepAwaited else { return }
    isSweepAwaited = true
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
    sweepAddresses(at: time)
    if !pendingCodes.isEmpty || !codeTimes.isEmpty || !accounts.isEmpty || !addressAccounts.isEmpty {
      wakeSweep(at: time)
    }
  }
}
