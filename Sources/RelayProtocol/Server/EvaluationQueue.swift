/// Blinded elements that wait for a worker, served in turns: one session's 64 (a quarter of a second of work) do not hold
/// up another's one.
struct EvaluationQueue: Sendable {
  struct Chunk: Sendable, Equatable {
    var connection: RelayConnectionID
    var generation: TokenGeneration
    var elements: [BlindedElement]
  }

  struct Answer: Sendable, Equatable {
    var request: RequestID
    var evaluations: [Evaluation]
  }

  private struct Waiting: Sendable {
    var request: RequestID
    var generation: TokenGeneration
    var elements: ArraySlice<BlindedElement>
    var evaluations: [Evaluation] = []
  }

  private let chunkCount: Int
  /// The first request of each connection is the one being worked on.
  private var waiting: [RelayConnectionID: [Waiting]] = [:]
  /// Connections whose next chunk may be handed out, in order.
  private var turns: ArraySlice<RelayConnectionID> = []

  init(chunkCount: Int) { self.chunkCount = chunkCount }

  var isEmpty: Bool { waiting.isEmpty }

  mutating func append(
    _ elements: [BlindedElement], generation: TokenGeneration, request: RequestID, from connection: RelayConnectionID
  ) {
    let entry = Waiting(request: request, generation: generation, elements: elements[...])
    if waiting[connection] == nil { turns.append(connection) }
    waiting[connection, default: []].append(entry)
  }

  /// The next chunk to hand to a worker. The connection gets no other before ``completed(_:_:)`` or ``failed(_:)``.
  mutating func next() -> Chunk? {
    while let connection = turns.popFirst() {
      guard let first = waiting[connection]?.first else { continue }
      let chunk = first.elements.prefix(chunkCount)
      waiting[connection]?[0].elements.removeFirst(chunk.count)
      return Chunk(connection: connection, generation: first.generation, elements: [BlindedElement](chunk))
    }
    return nil
  }

  /// A chunk's result came back.
  /// - Returns: the whole answer when it was the request's last chunk.
  mutating func completed(_ connection: RelayConnectionID, _ evaluations: [Evaluation]) -> Answer? {
    guard let first = waiting[connection]?.first else { return nil }
    waiting[connection]?[0].evaluations += evaluations
    guard first.elements.isEmpty else {
      turns.append(connection)
      return nil
    }
    let answer = Answer(request: first.request, evaluations: first.evaluations + evaluations)
    dropFirst(connection)
    return answer
  }

  /// A chunk could not be evaluated: its whole request is over.
  mutating func failed(_ connection: RelayConnectionID) -> RequestID? {
    guard let first = waiting[connection]?.first else { return nil }
    dropFirst(connection)
    return first.request
  }

  mutating func remove(_ connection: RelayConnectionID) {
    waiting.removeValue(forKey: connection)
    // A stale turn is passed over by `next`.
  }

  private mutating func dropFirst(_ connection: RelayConnectionID) {
    waiting[connection]?.removeFirst()
    if waiting[connection]?.isEmpty == true {
      waiting.removeValue(forKey: connection)
    } else {
      turns.append(connection)
    }
  }
}
