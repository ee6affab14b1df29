internal import RelayProtocol
internal import Simulation

/// Attackers with registrations who test numbers as fast as a relay's limits let them, in virtual time. The hub is the real
/// one; around it are a table for its store, and evaluations and signatures that nobody checks.
///
/// A number is tested when its token was evaluated and the relay has said whether that token is registered.
final class EnumerationAttack {
  /// What an attacker does when the relay refuses for a limit, before waiting as long as the relay says.
  enum Way: CaseIterable {
    /// Nothing.
    case wait
    /// Opens another session and asks again.
    case newSession
    /// Registers the number from another device, as often as the relay sends codes, and asks again.
    case newRegistration
  }

  private struct Attacker {
    let token: NumberToken
    var identity: IdentityPublicKey
    var connection: RelayConnectionID?
    /// When to ask next, and when to be heard again.
    var wake: Duration = .zero
    var ping: Duration = .zero
    var tested = 0
    /// Tokens evaluated whose presence has still to be asked for.
    var untested = 0
  }

  private enum Answer {
    case done
    case refused(retryAfter: Duration)
  }

  /// The largest request that the protocol takes.
  private static let batch = ClientMessage.maximumBatch
  private static let pingInterval: Duration = .seconds(900)
  private static let unixStart: UInt64 = 1_790_000_000
  // The hub does not tell one number from another.
  private static let elements = Array(repeating: numbered(0, as: BlindedElement.self), count: batch)
  private static let evaluation = numbered(0, as: Evaluation.self)
  private static let strangers = Array(repeating: numbered(.max, as: NumberToken.self), count: batch)

  private let way: Way
  private let generation = TokenGeneration(rawValue: 1)
  private var hub: RelayHub
  private var registrations: [IdentityPublicKey: RelayRegistration] = [:]
  private var attackers: [Attacker] = []
  private var owners: [RelayConnectionID: Int] = [:]
  private var opened: [RelayJobID: NumberToken] = [:]
  private var answer: ServerMessage?
  private var now: Duration = .zero
  private var lastConnection: UInt64 = 0
  private var lastIdentity: UInt64 = 0

  init(registrations count: Int, way: Way = .wait, limits: RelayLimits = RelayLimits()) {
    self.way = way
    hub = RelayHub(certificateKeyHash: numbered(0), generations: [generation], limits: limits)
    for index in 0..<count {
      let attacker = Attacker(token: numbered(UInt64(index)), identity: newIdentity())
      attackers.append(attacker)
      registrations[attacker.identity] = RelayRegistration(
        identity: attacker.identity, token: attacker.token, generation: generation, registered: time.unixSeconds,
        expires: time.unixSeconds + UInt64(limits.registrationLifetime.components.seconds))
    }
  }

  /// Numbers tested until now, by all.
  var tested: Int { attackers.reduce(0) { $0 + $1.tested } }

  /// What the relay counted.
  var statistics: RelayStatistics { hub.statistics }

  /// Lets all attackers ask until `end`; at `end` itself they take what is left.
  func run(until end: Duration) throws {
    while let next = nextMoment, next < end { try pass(to: next) }
    try pass(to: end)
    for index in attackers.indices {
      var size = Self.batch
      while size > 0 {
        if case .refused = try test(index, size) { size /= 2 }
      }
    }
  }

  /// - Returns: when the first `count` numbers are tested.
  func time(toTest count: Int, limit: Duration = .seconds(365 * 86_400)) throws -> Duration {
    while tested < count {
      guard let next = nextMoment, next <= limit else { throw LabError("the numbers are never tested") }
      try pass(to: next)
    }
    return now
  }

  // MARK: - Time

  private var time: RelayTime { RelayTime(now: now, unixSeconds: Self.unixStart + UInt64(now.components.seconds)) }

  private var nextMoment: Duration? {
    var next = hub.nextDeadline
    for attacker in attackers { next = min(next ?? .seconds(Int64.max), attacker.wake, attacker.ping) }
    return next
  }

  private func pass(to moment: Duration) throws {
    now = max(now, moment)
    if let deadline = hub.nextDeadline, deadline <= now {
      hub.timeReached(time)
      perform()
    }
    for index in attackers.indices {
      if attackers[index].wake <= now { try ask(index) }
      if attackers[index].ping <= now { ping(index) }
    }
  }

  // MARK: - An attacker

  /// Asks until the relay refuses.
  private func ask(_ index: Int) throws {
    var hasTriedAnew = false
    while true {
      guard case .refused(let wait) = try test(index, Self.batch) else { continue }
      if !hasTriedAnew, try beginAnew(index) {
        hasTriedAnew = true
        continue
      }
      attackers[index].wake = now + wait
      return
    }
  }

  /// Tests so many numbers.
  private func test(_ index: Int, _ size: Int) throws -> Answer {
    if attackers[index].untested == 0 {
      switch try request(.evaluateTokens(generation, Array(Self.elements.prefix(size))), index) {
      case .evaluations(let evaluations): attackers[index].untested = evaluations.count
      case let other: return try refusal(other)
      }
    }
    let tokens = Array(Self.strangers.prefix(attackers[index].untested))
    switch try request(.lookUp(tokens, withKeyPackages: false), index) {
    case .lookUpResult(let contacts):
      attackers[index].tested += contacts.count
      attackers[index].untested = 0
      return .done
    case let other: return try refusal(other)
    }
  }

  private func refusal(_ message: ServerMessage) throws -> Answer {
    guard case .failure(let failure) = message, failure.code == .limit else {
      throw LabError("the relay answered an attacker with something else than a limit")
    }
    return .refused(retryAfter: .seconds(max(1, Int64(failure.retryAfterSeconds))))
  }

  /// - Returns: whether there is something to try again with.
  private func beginAnew(_ index: Int) throws -> Bool {
    switch way {
    case .wait: return false
    case .newSession:
      disconnect(index)
      return true
    case .newRegistration:
      let old = (attackers[index].identity, attackers[index].connection)
      attackers[index].identity = newIdentity()
      attackers[index].connection = nil
      if case .codeSent = try request(.register(sealedNumber: attackers[index].token.octets), index),
        case .registered = try request(.confirmRegistration(code: "any"), index)
      {
        return true
      }
      disconnect(index)
      (attackers[index].identity, attackers[index].connection) = old
      return false
    }
  }

  private func ping(_ index: Int) {
    attackers[index].ping = now + Self.pingInterval
    guard let connection = attackers[index].connection else { return }
    send(.ping(keepaliveSeconds: 900), connection)
  }

  /// Sends a request, in a new session when there is none.
  private func request(_ message: ClientMessage, _ index: Int) throws -> ServerMessage {
    let connection = try attackers[index].connection ?? connect(index)
    send(message, connection)
    guard let answer else { throw LabError("the relay did not answer an attacker") }
    return answer
  }

  private func send(_ message: ClientMessage, _ connection: RelayConnectionID) {
    answer = nil
    hub.received(ClientFrame(request: RequestID(rawValue: 1), message: message), from: connection, at: time)
    perform()
  }

  private func connect(_ index: Int) throws -> RelayConnectionID {
    lastConnection += 1
    let connection = RelayConnectionID(rawValue: lastConnection)
    // Each attacker has an address of its own.
    guard hub.connected(connection, address: "attacker \(index)", at: time) else {
      throw LabError("the relay takes no connection of an attacker")
    }
    owners[connection] = index
    attackers[index].connection = connection
    attackers[index].ping = now + Self.pingInterval
    hub.secured(connection, nonce: numbered(lastConnection), at: time)
    perform()
    let authentication = Authentication(
      identityKey: attackers[index].identity, signature: numbered(0), keepaliveSeconds: 900)
    send(.authenticate(authentication), connection)
    guard case .sessionReady = answer else { throw LabError("the relay gives an attacker no session") }
    return connection
  }

  private func disconnect(_ index: Int) {
    guard let connection = attackers[index].connection else { return }
    gone(connection)
    hub.closed(connection, at: time)
    perform()
  }

  private func gone(_ connection: RelayConnectionID) {
    guard let index = owners.removeValue(forKey: connection), attackers[index].connection == connection else { return }
    attackers[index].connection = nil
  }

  private func newIdentity() -> IdentityPublicKey {
    lastIdentity += 1
    return numbered(lastIdentity)
  }

  // MARK: - The relay's shell

  private func perform() {
    while let action = hub.nextAction() { perform(action) }
  }

  private func perform(_ action: RelayAction) {
    switch action {
    case .send(_, let frame): if frame.request != nil { answer = frame.message }
    case .close(let connection), .abort(let connection): gone(connection)
    case .checkSignature(let job, _, _): hub.signatureChecked(job, isValid: true, at: time)
    case .loadRegistration(let job, let identity, let now, let expires):
      guard var found = registrations[identity], found.expires > now else {
        hub.registrationLoaded(job, .none, at: time)
        return
      }
      found.expires = expires
      registrations[identity] = found
      hub.registrationLoaded(job, .found(found), at: time)
    case .openNumber(let job, let sealed, _):
      guard let token = try? NumberToken(sealed) else {
        hub.numberOpened(job, .bad, at: time)
        return
      }
      let held = GenerationToken(token: token, generation: generation)
      hub.numberOpened(job, .opened([held], CodeDigest(sealed)), at: time)
    case .sendCode(let job): hub.codeSent(job, succeeded: true, at: time)
    case .discardCode: break
    case .checkCode(let job, _, _, _): hub.codeChecked(job, isRight: true, at: time)
    case .saveRegistration(let job, let registration):
      let displaced = registrations.values.filter { $0.token == registration.token }.map(\.identity)
      for identity in displaced { registrations[identity] = nil }
      registrations[registration.identity] = registration
      hub.registrationSaved(job, .saved(displaced: displaced), at: time)
    // No attacker moves or ends a registration.
    case .moveRegistration(let job, _, _, _): hub.registrationMoved(job, .none, at: time)
    case .endRegistrations(let job, _): hub.registrationsEnded(job, .ended([]), at: time)
    case .removeRegistration(let job, let identity):
      registrations[identity] = nil
      hub.registrationRemoved(job, succeeded: true, at: time)
    case .evaluate(let job, _, let elements):
      let evaluations = Array(repeating: Self.evaluation, count: elements.count)
      hub.elementsEvaluated(job, .evaluated(evaluations), at: time)
    case .findTokens(let job, _, _): hub.tokensFound(job, [], at: time)
    }
  }
}

/// Octets that are always the same for the same number: nobody checks what they say.
private func numbered<Kind>(_ number: UInt64, as type: FixedOctets<Kind>.Type = FixedOctets<Kind>.self) -> FixedOctets<Kind> {
  var generator = SplitMix64(state: number)
  return FixedOctets(using: &generator)
}
