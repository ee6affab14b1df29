/// What one registration may still ask about others, and send them. Kept by token, so that a new session or a new
/// registration of the same number does not fill it (``RelayRegistration/account``).
struct Account: Sendable {
  var evaluations: RateBucket
  var presences: RateBucket
  var deliveries: RateBucket

  init(limits: RelayLimits, now: Duration) {
    evaluations = RateBucket(burst: limits.evaluationBurst, perHour: limits.evaluationsPerHour, now: now)
    presences = RateBucket(burst: limits.presenceBurst, perHour: limits.presencesPerHour, now: now)
    deliveries = RateBucket(burst: limits.deliveryBurst, perHour: limits.deliveriesPerHour, now: now)
  }

  mutating func isFull(now: Duration) -> Bool {
    evaluations.isFull(now: now) && presences.isFull(now: now) && deliveries.isFull(now: now)
  }
}

extension RelayHub {
  // MARK: Numbers to tokens

  mutating func evaluate(
    _ elements: [BlindedElement], _ generation: TokenGeneration, _ connection: RelayConnectionID,
    _ request: RequestID?, _ ready: RelaySession.Ready, at time: RelayTime
  ) {
    guard let registration = ready.registration else {
      fail(connection, request, .notRegistered, "only registered devices can look numbers up")
      return
    }
    guard let request else {
      fail(connection, nil, .badFrame, "a request without its number")
      return
    }
    guard generations.contains(generation) else {
      fail(connection, request, .unknownGeneration, "this relay has no number-token key of that generation")
      return
    }
    guard charge(\.evaluations, elements.count, registration, connection, request, at: time),
      admit(connection, request)
    else { return }
    evaluations.append(elements, generation: generation, request: request, from: connection)
    count(\.elementsEvaluated, elements.count)
    pumpEvaluations()
  }

  private mutating func pumpEvaluations() {
    while evaluationsInProgress < limits.evaluationsInProgress, let chunk = evaluations.next() {
      evaluationsInProgress += 1
      let job = startJob(.evaluation(chunk.connection))
      emit(.evaluate(job, chunk.generation, chunk.elements))
    }
  }

  public mutating func elementsEvaluated(_ id: RelayJobID, _ evaluation: ElementEvaluation, at time: RelayTime) {
    guard case .evaluation(let connection)? = jobs.removeValue(forKey: id) else { return }
    evaluationsInProgress -= 1
    switch evaluation {
    case .evaluated(let results):
      if let answer = evaluations.completed(connection, results), settle(connection) {
        send(.evaluations(answer.evaluations), to: connection, answering: answer.request)
      }
    case .bad:
      if let request = evaluations.failed(connection), settle(connection) {
        fail(connection, request, .badFrame, "a blinded element is not a point on the curve")
      }
    case .failed:
      if let request = evaluations.failed(connection), settle(connection) {
        fail(connection, request, .internal, "the relay could not evaluate")
      }
    }
    pumpEvaluations()
  }

  // MARK: Tokens to presence

  mutating func lookUp(
    _ tokens: [NumberToken], _ withKeyPackages: Bool, _ connection: RelayConnectionID, _ request: RequestID?,
    _ ready: RelaySession.Ready, at time: RelayTime
  ) {
    guard let registration = ready.registration else {
      fail(connection, request, .notRegistered, "only registered devices can look numbers up")
      return
    }
    guard charge(\.presences, tokens.count, registration, connection, request, at: time) else { return }
    count(\.tokensLookedUp, tokens.count)
    let contacts: [Contact?] = tokens.map { token in
      online(token, at: time).map { .online(withKeyPackages ? $0.package : nil) }
    }
    let absent = zip(tokens, contacts).filter { $0.1 == nil }.map(\.0)
    guard !absent.isEmpty else {
      send(.lookUpResult(contacts.compactMap { $0 }), to: connection, answering: request)
      return
    }
    guard admit(connection, request) else { return }
    let job = startJob(.lookUp(connection, request, contacts, absent))
    emit(.findTokens(job, absent, now: time.unixSeconds))
  }

  /// - Parameter found: nil when the store could not be read.
  public mutating func tokensFound(_ id: RelayJobID, _ found: Set<NumberToken>?, at time: RelayTime) {
    switch jobs.removeValue(forKey: id) {
    case .lookUp(let connection, let request, let contacts, let absent):
      guard settle(connection) else { return }
      guard let found else {
        fail(connection, request, .internal, "the relay could not read its registrations", retryAfter: 30)
        return
      }
      var rest = absent[...]
      let whole: [Contact] = contacts.map { contact in
        if let contact { return contact }
        guard let token = rest.popFirst(), found.contains(token) else { return .unknown }
        return .offline
      }
      send(.lookUpResult(whole), to: connection, answering: request)
    case .delivery(let connection, let request, let token):
      guard settle(connection) else { return }
      guard let found else {
        fail(connection, request, .internal, "the relay could not read its registrations", retryAfter: 30)
        return
      }
      if found.contains(token) {
        fail(connection, request, .recipientOffline, "the recipient is not online")
      } else {
        fail(connection, request, .unknownRecipient, "no registration for that token")
      }
    default: break
    }
  }

  // MARK: Buckets

  /// Takes from one of the registration's buckets, or refuses the request.
  mutating func charge(
    _ bucket: WritableKeyPath<Account, RateBucket>, _ number: Int, _ registration: RelayRegistration,
    _ connection: RelayConnectionID, _ request: RequestID?, at time: RelayTime
  ) -> Bool {
    let key = registration.account
    var what: String { bucket == \.deliveries ? "messages" : "look-ups" }
    if accounts[key] == nil {
      if accounts.count >= limits.accounts { sweep(at: time) }
      guard accounts.count < limits.accounts else {
        fail(connection, request, .limit, "too many \(what) at the moment", retryAfter: 3600)
        return false
      }
      accounts[key] = Account(limits: limits, now: time.now)
      wakeSweep(at: time)
    }
    guard let wait = accounts[key]?[keyPath: bucket].take(number, now: time.now) else { return true }
    fail(connection, request, .limit, "too many \(what); more are allowed later", retryAfter: wait)
    return false
  }
}
