internal import RelayProtocol
internal import Sealing
internal import Telephony

/// Turns numbers into number tokens, one costly step a turn: stretching a number takes tens of
/// milliseconds, and QMI traffic must not wait for a whole address book. Nor must a message: its number goes
/// before a list of contacts at every step.
struct TokenDesk {
  /// Numbers being asked for at one time; more are refused.
  static let capacity = 256

  /// What a step brought.
  enum Step {
    /// Ask the relay to evaluate these, in this order.
    case ask(Batch, [BlindedElement], TokenGeneration)
    case resolved(PhoneNumber, GenerationToken)
    /// With the generation it was to be of; nil for the newest that relay and device share.
    case failed(PhoneNumber, TokenGeneration?, Failure)
  }

  enum Failure: Error, Equatable {
    /// The relay's proof does not hold: it is not the relay that was pinned, or it cheats.
    case badProof
    /// The relay serves no number-token key that is pinned here.
    case noCommonGeneration
  }

  /// Names one exchange with the relay.
  struct Batch: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  /// A number, and the generation that its token is to be of; nil for the newest that relay and device share.
  struct Wanted: Hashable, Sendable {
    let number: PhoneNumber
    let generation: TokenGeneration?
  }

  private typealias Blinded = (wanted: Wanted, request: NumberTokenRequest)

  private enum Work {
    case blind(Wanted)
    case finalize(Wanted, NumberTokenRequest, Evaluation)

    var wanted: Wanted {
      switch self {
      case .blind(let wanted), .finalize(let wanted, _, _): wanted
      }
    }

    var isBlinding: Bool { if case .blind = self { true } else { false } }
  }

  private(set) var cache: TokenCache
  private var work: [Work] = []
  private var blinded: [Blinded] = []
  private var asked: [Batch: [Blinded]] = [:]
  /// Numbers under way, and whether a message waits for them.
  private var pending: [Wanted: Bool] = [:]
  private var batchCount: UInt64 = 0

  init(cache: TokenCache) {
    self.cache = cache
  }

  /// Whether ``step(trust:generation:wall:)`` has something to do now.
  var hasWork: Bool { !work.isEmpty || !blinded.isEmpty }
  var pendingCount: Int { pending.count }

  /// Asks for the token of a number, unless that is under way.
  ///
  /// - Parameters:
  ///   - generation: That the token is to be of; nil for the newest that relay and device share.
  ///   - isUrgent: A message waits for it.
  /// - Returns: false when too many are under way.
  mutating func request(_ number: PhoneNumber, generation: TokenGeneration? = nil, isUrgent: Bool) -> Bool {
    let wanted = Wanted(number: number, generation: generation)
    if let wasUrgent = pending[wanted] {
      if isUrgent, !wasUrgent { pending[wanted] = true }
      return true
    }
    guard pending.count < Self.capacity else { return false }
    pending[wanted] = isUrgent
    work.append(.blind(wanted))
    return true
  }

  /// Does one costly thing, or sends off what is blinded.
  ///
  /// - Parameter generation: The newest that relay and device share.
  mutating func step(trust: RelayTrust, generation: TokenGeneration?, wall: WallTime) -> Step? {
    if isBatchDue, let generation = blinded.first?.request.generation {
      batchCount += 1
      let batch = Batch(number: batchCount)
      // One exchange is about one generation.
      let together = blinded.filter { $0.request.generation == generation }
      blinded.removeAll { $0.request.generation == generation }
      asked[batch] = together
      return .ask(batch, together.map { $0.request.blindedElement }, generation)
    }
    guard let next = work.firstIndex(where: { isUrgent($0.wanted) }) ?? work.indices.first else { return nil }
    switch work.remove(at: next) {
    case .blind(let wanted):
      guard let generation = wanted.generation ?? generation,
        let request = try? NumberTokenRequest(wanted.number, generation: generation, trust: trust)
      else { return fail(wanted, .noCommonGeneration) }
      blinded.append((wanted, request))
      return nil
    case .finalize(let wanted, let request, let evaluation):
      guard let token = try? request.token(from: evaluation) else { return fail(wanted, .badProof) }
      pending[wanted] = nil
      cache.store(token, for: wanted.number, generation: request.generation, wall: wall)
      return .resolved(wanted.number, GenerationToken(token: token, generation: request.generation))
    }
  }

  /// Urgent numbers are not kept waiting for others to make up a batch with.
  private var isBatchDue: Bool {
    guard !blinded.isEmpty else { return false }
    return blinded.count == ClientMessage.maximumBatch || blinded.contains { isUrgent($0.wanted) }
      || !work.contains(where: \.isBlinding)
  }

  private func isUrgent(_ wanted: Wanted) -> Bool { pending[wanted] ?? false }

  /// The relay evaluated a batch.
  ///
  /// - Returns: what fails because the answer is not of the batch's size.
  mutating func evaluated(_ batch: Batch, _ evaluations: [Evaluation]) -> [Wanted] {
    guard let requests = asked.removeValue(forKey: batch) else { return [] }
    guard requests.count == evaluations.count else { return drop(requests) }
    for ((wanted, request), evaluation) in zip(requests, evaluations) {
      work.append(.finalize(wanted, request, evaluation))
    }
    return []
  }

  /// The relay did not evaluate a batch.
  mutating func refused(_ batch: Batch) -> [Wanted] {
    asked.removeValue(forKey: batch).map { drop($0) } ?? []
  }

  /// The session is gone: all that is under way fails.
  mutating func abandonAll() -> [Wanted] {
    let wanted = pending.keys.sorted { ($0.number.e164, $0.generation?.rawValue ?? 0) < ($1.number.e164, $1.generation?.rawValue ?? 0) }
    pending = [:]
    work = []
    blinded = []
    asked = [:]
    return wanted
  }

  /// The person has opted out: nobody's number stays.
  mutating func forgetAll() -> [Wanted] {
    cache = TokenCache()
    return abandonAll()
  }

  /// The relay serves number-token keys of these generations only.
  ///
  /// - Returns: whether the cache had tokens of others.
  mutating func keepOnly(_ generations: [TokenGeneration]) -> Bool { cache.keepOnly(generations) }

  private mutating func drop(_ requests: [Blinded]) -> [Wanted] {
    for (wanted, _) in requests { pending[wanted] = nil }
    return requests.map(\.wanted)
  }

  private mutating func fail(_ wanted: Wanted, _ failure: Failure) -> Step {
    pending[wanted] = nil
    return .failed(wanted.number, wanted.generation, failure)
  }
}
