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
    case resolved(PhoneNumber, NumberToken)
    case failed(PhoneNumber, Failure)
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

  private typealias Blinded = (number: PhoneNumber, request: NumberTokenRequest)

  private enum Work {
    case blind(PhoneNumber)
    case finalize(PhoneNumber, NumberTokenRequest, Evaluation)

    var number: PhoneNumber {
      switch self {
      case .blind(let number), .finalize(let number, _, _): number
      }
    }

    var isBlinding: Bool { if case .blind = self { true } else { false } }
  }

  private(set) var cache: TokenCache
  private var work: [Work] = []
  private var blinded: [Blinded] = []
  private var asked: [Batch: [Blinded]] = [:]
  /// Numbers under way, and whether a message waits for them.
  private var pending: [PhoneNumber: Bool] = [:]
  private var batchCount: UInt64 = 0

  init(cache: TokenCache) {
    self.cache = cache
  }

  /// Whether ``step(trust:generation:wall:)`` has something to do now.
  var hasWork: Bool { !work.isEmpty || !blinded.isEmpty }
  var pendingCount: Int { pending.count }

  /// Asks for the token of a number, unless that is under way.
  ///
  /// - Parameter isUrgent: A message waits for it.
  /// - Returns: false when too many are under way.
  mutating func request(_ number: PhoneNumber, isUrgent: Bool) -> Bool {
    if let wasUrgent = pending[number] {
      if isUrgent, !wasUrgent { pending[number] = true }
      return true
    }
    guard pending.count < Self.capacity else { return false }
    pending[number] = isUrgent
    work.append(.blind(number))
    return true
  }

  /// Does one costly thing, or sends off what is blinded.
  mutating func step(trust: RelayTrust, generation: TokenGeneration?, wall: WallTime) -> Step? {
    if isBatchDue, let generation {
      batchCount += 1
      let batch = Batch(number: batchCount)
      asked[batch] = blinded
      defer { blinded = [] }
      return .ask(batch, blinded.map { $0.request.blindedElement }, generation)
    }
    guard let next = work.firstIndex(where: { isUrgent($0.number) }) ?? work.indices.first else { return nil }
    switch work.remove(at: next) {
    case .blind(let number):
      guard let generation, let request = try? NumberTokenRequest(number, generation: generation, trust: trust) else {
        return fail(number, .noCommonGeneration)
      }
      blinded.append((number, request))
      return nil
    case .finalize(let number, let request, let evaluation):
      guard let token = try? request.token(from: evaluation) else { return fail(number, .badProof) }
      pending[number] = nil
      cache.store(token, for: number, generation: request.generation, wall: wall)
      return .resolved(number, token)
    }
  }

  /// Urgent numbers are not kept waiting for others to make up a batch with.
  private var isBatchDue: Bool {
    guard !blinded.isEmpty else { return false }
    return blinded.count == ClientMessage.maximumBatch || blinded.contains { isUrgent($0.number) }
      || !work.contains(where: \.isBlinding)
  }

  private func isUrgent(_ number: PhoneNumber) -> Bool { pending[number] ?? false }

  /// The relay evaluated a batch.
  ///
  /// - Returns: the numbers that fail because the answer is not of the batch's size.
  mutating func evaluated(_ batch: Batch, _ evaluations: [Evaluation]) -> [PhoneNumber] {
    guard let requests = asked.removeValue(forKey: batch) else { return [] }
    guard requests.count == evaluations.count else { return drop(requests) }
    for ((number, request), evaluation) in zip(requests, evaluations) {
      work.append(.finalize(number, request, evaluation))
    }
    return []
  }

  /// The relay did not evaluate a batch.
  mutating func refused(_ batch: Batch) -> [PhoneNumber] {
    asked.removeValue(forKey: batch).map { drop($0) } ?? []
  }

  /// The session is gone: all that is under way fails.
  mutating func abandonAll() -> [PhoneNumber] {
    let numbers = Array(pending.keys)
    pending = [:]
    work = []
    blinded = []
    asked = [:]
    return numbers
  }

  /// The person has opted out: nobody's number stays.
  mutating func forgetAll() -> [PhoneNumber] {
    cache = TokenCache()
    return abandonAll()
  }

  private mutating func drop(_ requests: [Blinded]) -> [PhoneNumber] {
    for (number, _) in requests { pending[number] = nil }
    return requests.map(\.number)
  }

  private mutating func fail(_ number: PhoneNumber, _ failure: Failure) -> Step {
    pending[number] = nil
    return .failed(number, failure)
  }
}
