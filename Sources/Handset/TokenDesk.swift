internal import RelayProtocol
internal import Sealing
internal import Telephony

/// Turns numbers into number tokens, one costly step a turn: stretching a number takes tens of
/// milliseconds, and QMI traffic must not wait for a whole address book.
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
    /// The relay did not answer, or not with evaluations.
    case unanswered
    case tooMany
  }

  /// Names one exchange with the relay.
  struct Batch: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private enum Work {
    case blind(PhoneNumber)
    case finalize(PhoneNumber, NumberTokenRequest, Evaluation)
  }

  var cache: TokenCache
  private var work: [Work] = []
  private var blinded: [(PhoneNumber, NumberTokenRequest)] = []
  private var asked: [Batch: [(PhoneNumber, NumberTokenRequest)]] = [:]
  private var pending: Set<PhoneNumber> = []
  private var batchCount: UInt64 = 0

  init(cache: TokenCache) {
    self.cache = cache
  }

  /// Whether ``step(trust:generation:wall:)`` has something to do now.
  var hasWork: Bool { !work.isEmpty || !blinded.isEmpty }
  var pendingCount: Int { pending.count }

  /// Asks for the token of a number, unless that is under way.
  ///
  /// - Parameter isUrgent: A message waits for it; it goes before a list of contacts.
  /// - Returns: false when too many are under way.
  mutating func request(_ number: PhoneNumber, isUrgent: Bool) -> Bool {
    guard !pending.contains(number) else { return true }
    guard pending.count < Self.capacity else { return false }
    pending.insert(number)
    if isUrgent { work.insert(.blind(number), at: 0) } else { work.append(.blind(number)) }
    return true
  }

  /// Does one costly thing, or sends off what is blinded when nothing costly is left to do before.
  mutating func step(trust: RelayTrust, generation: TokenGeneration?, wall: WallTime) -> Step? {
    if blinded.count == ClientMessage.maximumBatch || work.isEmpty, !blinded.isEmpty, let generation {
      batchCount += 1
      let batch = Batch(number: batchCount)
      asked[batch] = blinded
      defer { blinded = [] }
      return .ask(batch, blinded.map { $0.1.blindedElement }, generation)
    }
    guard !work.isEmpty else { return nil }
    switch work.removeFirst() {
    case .blind(let number):
      guard let generation, let request = try? NumberTokenRequest(number, generation: generation, trust: trust) else {
        return fail(number, .noCommonGeneration)
      }
      blinded.append((number, request))
      return nil
    case .finalize(let number, let request, let evaluation):
      guard let token = try? request.token(from: evaluation) else { return fail(number, .badProof) }
      pending.remove(number)
      cache.store(token, for: number, generation: request.generation, wall: wall)
      return .resolved(number, token)
    }
  }

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
    let numbers = Array(pending)
    pending = []
    work = []
    blinded = []
    asked = [:]
    return numbers
  }

  private mutating func drop(_ requests: [(PhoneNumber, NumberTokenRequest)]) -> [PhoneNumber] {
    for (number, _) in requests { pending.remove(number) }
    return requests.map(\.0)
  }

  private mutating func fail(_ number: PhoneNumber, _ failure: Failure) -> Step {
    pending.remove(number)
    return .failed(number, failure)
  }
}
