import QMI
import Telephony

/// One outgoing message from its first part until all is settled, with the one decision about it.
///
/// The first part is asked about. On *hold*, it and those that follow are answered with success and held; when all have come, the
/// whole is asked about, and the last part's answer tells the outcome. On *forward*, parts go to the modem as they come. Parts may
/// come in any order. A message of one part is complete at once.
///
/// The invariant: a part that was answered with success is in this value until the modem has it, or the message is known
/// to have arrived by other means, or its client has been told that the message as a whole failed.
struct MessageAssembly: Sendable {
  /// What parts of one message have in common (3GPP TS 23.040 §9.2.3.24.1).
  struct Key: Hashable, Sendable {
    let client: ClientConnection
    let destination: SMSAddress
    let reference: UInt16
    let isWide: Bool
    let total: UInt8

    /// - Returns: nil for a message of one part.
    init?(_ submit: SMSSubmit, client: ClientConnection) {
      guard let concatenation = submit.concatenation, concatenation.total > 1 else { return nil }
      self.client = client
      destination = submit.destinationAddress
      reference = concatenation.reference
      isWide = concatenation.isWide
      total = concatenation.total
    }
  }

  /// A part that was answered with success.
  struct HeldPart: Sendable {
    let part: MessagePart
    let reference: UInt16
  }

  /// What to do about a part that has come.
  enum Reception: Hashable, Sendable {
    /// Nothing: it is answered when the message has been decided about, or has gone.
    case wait
    /// Answer it with success.
    case hold
    /// It has been answered and came again: answer it once more, with this reference.
    case repeatAnswer(UInt16)
    /// All are there: ask.
    case ask
    /// Give it to the modem.
    case carry
    /// It belongs to another message with the same key.
    case conflict
  }

  /// What a decision leads to.
  enum Decision: Sendable {
    /// There was nothing to decide.
    case none
    /// Answer these with success.
    case hold([HeldPart])
    /// Answer these with success; all are there now: ask.
    case holdAndAsk([HeldPart])
    /// Give these to the modem.
    case carry([CarrierTransfer.Item])
    /// Answer the last; the others have been answered.
    case succeed(held: [MessagePart], last: MessagePart, messageReference: UInt16)
    case fail([MessagePart], SubmissionFailure)
  }

  /// Requests that repeat a part before it has its answer, of one message. Others are not answered.
  static let repeatCapacity = 32

  private enum State: Sendable {
    /// The first part is being decided about; more may have come. None is answered. In the order in which they came.
    case asking([MessagePart])
    /// In the order in which they came.
    case holding([HeldPart])
    /// All are there and being decided about; `last` is not answered.
    case deciding(held: [HeldPart], last: MessagePart)
    case carrying(CarrierTransfer)
    /// Decided otherwise.
    case settled
  }

  let id: SubmissionID
  let origin: Submission.Origin
  let key: Key?
  let total: Int
  /// Whether its client has disconnected.
  private(set) var isOrphan = false
  private var state: State
  /// What came once more while it waited for its answer: it gets the same.
  private var repeats: [MessagePart] = []

  /// A message to be decided about.
  init(asking id: SubmissionID, origin: Submission.Origin, key: Key?, first: MessagePart) {
    self.id = id
    self.origin = origin
    self.key = key
    total = key == nil ? 1 : first.total
    state = total == 1 ? .deciding(held: [], last: first) : .asking([first])
  }

  /// A message that goes by carrier whatever comes.
  init(carrying id: SubmissionID, origin: Submission.Origin, key: Key?, first: MessagePart) {
    self.id = id
    self.origin = origin
    self.key = key
    total = key == nil ? 1 : first.total
    state = .carrying(CarrierTransfer(total: total))
  }

  /// A local message, complete.
  ///
  /// - Parameters:
  ///   - parts: all but the last part.
  init(local id: SubmissionID, parts: [MessagePart], last: MessagePart) {
    self.id = id
    origin = .local
    key = nil
    total = parts.count + 1
    // Nobody was told success; `reference` has no meaning.
    state = .deciding(held: parts.map { HeldPart(part: $0, reference: 0) }, last: last)
  }

  // MARK: Facts

  /// The client, while it is connected.
  var client: ClientConnection? {
    if case .client(let connection) = origin, !isOrphan { connection } else { nil }
  }

  var isBeingDecided: Bool {
    switch state {
    case .asking, .deciding: true
    case .holding, .carrying, .settled: false
    }
  }

  var isHolding: Bool {
    if case .holding = state { true } else { false }
  }

  /// Parts that a client believes to be sent and the modem does not have.
  var heldPartCount: Int {
    guard origin != .local else { return 0 }
    return switch state {
    case .asking, .settled: 0
    case .holding(let held), .deciding(let held, _): held.count
    case .carrying(let transfer): transfer.heldParts.count
    }
  }

  /// The parts that have come, for one who decides.
  var submission: Submission {
    let parts: [Submission.Part] =
      switch state {
      case .asking(let parts): parts.map { $0.published() }
      case .holding(let held): published(held)
      case .deciding(let held, let last): published(held) + [last.published()]
      case .carrying, .settled: []
      }
    return Submission(id: id, origin: origin, total: total, parts: parts.sorted { $0.number < $1.number })
  }

  private func published(_ held: [HeldPart]) -> [Submission.Part] {
    held.map { $0.part.published(messageReference: origin == .local ? nil : $0.reference) }
  }

  // MARK: Parts

  /// A further part has come.
  ///
  /// - Parameter reference: the message reference that it is answered with, should it be held.
  mutating func receive(_ part: MessagePart, reference: UInt16) -> Reception {
    switch state {
    case .asking(var parts):
      if let same = parts.first(where: { $0.number == part.number }) {
        guard same.octets == part.octets else { return .conflict }
        rememberRepeat(part)
        return .wait
      }
      parts.append(part)
      state = .asking(parts)
      return .wait
    case .holding(var held):
      if let same = held.first(where: { $0.part.number == part.number }) {
        return same.part.octets == part.octets ? .repeatAnswer(same.reference) : .conflict
      }
      if held.count + 1 == total {
        state = .deciding(held: held, last: part)
        return .ask
      }
      held.append(HeldPart(part: part, reference: reference))
      state = .holding(held)
      return .hold
    case .deciding(let held, let last):
      // Before the last part is answered nobody sends another message under the same reference, unless it is another.
      if last.number == part.number, last.octets == part.octets {
        rememberRepeat(part)
        return .wait
      }
      guard let same = held.first(where: { $0.part.number == part.number }), same.part.octets == part.octets else {
        return .conflict
      }
      return .repeatAnswer(same.reference)
    case .carrying(let transfer):
      switch transfer.place(of: part) {
      case .new, .repeated: return .carry
      case .answered: return .repeatAnswer(reference)
      case .awaitingFinal:
        rememberRepeat(part)
        return .wait
      case .other: return .conflict
      }
    case .settled:
      return .conflict
    }
  }

  private mutating func rememberRepeat(_ part: MessagePart) {
    if repeats.count < Self.repeatCapacity { repeats.append(part) }
  }

  /// The requests that get the same answer as this part.
  mutating func takeRepeats(of part: MessagePart) -> [MessagePart] {
    defer { repeats.removeAll { $0.number == part.number } }
    return repeats.filter { $0.number == part.number }
  }

  // MARK: Decision

  /// How many parts more a decision would have answered with success and held.
  func partCountToHold(_ resolution: SubmissionResolution) -> Int {
    guard case .asking(let parts) = state else { return 0 }
    return switch resolution {
    case .hold, .succeed: min(parts.count, total - 1)
    case .forward, .fail: 0
    }
  }

  /// - Parameter reference: gives the message reference of each part that is held.
  mutating func decide(_ resolution: SubmissionResolution, reference: () -> UInt16) -> Decision {
    switch (state, resolution) {
    case (.holding, _), (.carrying, _), (.settled, _):
      return .none

    case (.asking(let parts), .hold), (.asking(let parts), .succeed):
      // The one that completes the message is answered with the outcome of all.
      let isComplete = parts.count == total
      let answered = isComplete ? Array(parts.dropLast()) : parts
      let held = answered.map { HeldPart(part: $0, reference: reference()) }
      guard isComplete, let last = parts.last else {
        state = .holding(held)
        return .hold(held)
      }
      state = .deciding(held: held, last: last)
      return .holdAndAsk(held)

    case (.asking(let parts), .forward):
      return .carry(carryDirectly(parts))

    case (.asking(let parts), .fail(let failure)):
      state = .settled
      return .fail(parts, failure)

    case (.deciding(let held, let last), .forward), (.deciding(let held, let last), .hold):
      return .carry(carry(held, last))

    case (.deciding(let held, let last), .succeed(let messageReference)):
      state = .settled
      return .succeed(held: held.map(\.part), last: last, messageReference: messageReference)

    case (.deciding(let held, let last), .fail(let failure)):
      // Nobody is there to hear that parts called sent have failed: they go by carrier.
      if isOrphan, !held.isEmpty { return .carry(carry(held, last)) }
      state = .settled
      return .fail([last], failure)
    }
  }

  /// Nothing is left to decide: what has come goes by carrier.
  ///
  /// - Returns: what to give to the modem; nil when the message is on its way already.
  mutating func release() -> [CarrierTransfer.Item]? {
    switch state {
    case .asking(let parts):
      return carryDirectly(parts)
    case .holding(let held):
      state = .carrying(CarrierTransfer(total: total))
      return held.map(\.part).sorted { $0.number < $1.number }.map { CarrierTransfer.Item($0, .answered) }
    case .deciding(let held, let last):
      return carry(held, last)
    case .carrying, .settled:
      return nil
    }
  }

  /// None has been answered: the modem answers each, what came twice, too.
  private mutating func carryDirectly(_ parts: [MessagePart]) -> [CarrierTransfer.Item] {
    state = .carrying(CarrierTransfer(total: total))
    defer { repeats = [] }
    return (parts + repeats).map { CarrierTransfer.Item($0, .direct) }
  }

  private mutating func carry(_ held: [HeldPart], _ last: MessagePart) -> [CarrierTransfer.Item] {
    state = .carrying(CarrierTransfer(total: total))
    let answered: CarrierTransfer.Reply = origin == .local ? .local : .answered
    let final: CarrierTransfer.Reply = held.isEmpty || isOrphan ? .direct : .final
    let items = held.map { CarrierTransfer.Item($0.part, answered) } + [CarrierTransfer.Item(last, final)]
    return items.sorted { $0.part.number < $1.part.number }
  }

  /// The client has disconnected.
  mutating func orphan() {
    isOrphan = true
    repeats = []
    withTransfer { $0?.orphan() }
  }

  // MARK: Transfer

  /// The way to the modem, nil before that has been decided.
  var transfer: CarrierTransfer? {
    if case .carrying(let transfer) = state { transfer } else { nil }
  }

  mutating func withTransfer<Value>(_ body: (inout CarrierTransfer?) -> Value) -> Value {
    guard case .carrying(let transfer) = state else {
      var none: CarrierTransfer?
      return body(&none)
    }
    var optional: CarrierTransfer? = transfer
    defer { if let optional { state = .carrying(optional) } }
    return body(&optional)
  }
}
