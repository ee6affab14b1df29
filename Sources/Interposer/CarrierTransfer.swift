import QMI

/// A message's way to the modem: which parts have gone, which are to go, and who is told what.
///
/// Parts go in one of two ways. *Direct*: in the client's own frame, as they come; the modem's answer goes back. *In sequence*: one
/// after the other, the next when the modem has answered; this is for parts that were held.
struct CarrierTransfer: Sendable {
  enum Reply: Hashable, Sendable {
    /// The client was told success long ago.
    case answered
    /// The modem's answer is the client's.
    case direct
    /// The client's answer tells the outcome of the whole sequence.
    case final
    /// Nobody: the one who submitted it reads the report.
    case local
  }

  struct Item: Sendable {
    let part: MessagePart
    var reply: Reply
    var tries = 0

    init(_ part: MessagePart, _ reply: Reply) {
      self.part = part
      self.reply = reply
    }
  }

  /// What has to be done about the client when a part of a sequence has its outcome.
  enum Effect: Sendable {
    case none
    /// Pass the modem's response on.
    case pass(MessagePart, QMUXFrame)
    case answer(MessagePart, SubmissionFailure)
    /// Go on after a pause.
    case retryLater
  }

  private enum Result: Sendable {
    case failed(SubmissionFailure)
    case unanswered
  }

  /// What a part that comes is to a transfer.
  enum Place: Hashable, Sendable {
    /// It has not come before.
    case new
    /// It went to the modem before, in its client's name.
    case repeated
    /// It was answered with success before.
    case answered
    /// It came before, and its answer is the one for all.
    case awaitingFinal
    /// It has the number of one that was another, or that failed.
    case other
  }

  let total: Int
  /// The parts that have come, by number.
  private var seen: [Int: [UInt8]] = [:]
  /// Numbers of the parts that were answered with success before they went.
  private var answered: Set<Int> = []
  /// How often the modem has each part, by number, in clients' own frames.
  private var direct: [Int: Int] = [:]
  private var queue: [Item] = []
  private var current: Item?
  /// The part that carries the answer for all, and its response when that came before other parts had gone.
  private var final: (part: MessagePart, response: QMUXFrame?)?
  /// Numbers of the parts that the modem has sent.
  private var sent: Set<Int> = []
  private var lastSent: (number: Int, reference: UInt16?)?
  private var firstFailure: Result?
  private var isPaused = false
  private var isClosed = false
  private var isReported = false

  init(total: Int) {
    self.total = total
  }

  func place(of part: MessagePart) -> Place {
    guard let octets = seen[part.number] else { return .new }
    guard octets == part.octets, firstFailure == nil else { return .other }
    if final?.part.number == part.number { return .awaitingFinal }
    return answered.contains(part.number) ? .answered : .repeated
  }

  /// Whether parts go in sequence at the moment, so that a further one has to queue.
  var isSequencing: Bool { current != nil || !queue.isEmpty }

  var currentItem: Item? { current }

  /// Parts that were answered with success and that the modem has not taken.
  var heldParts: [MessagePart] {
    (queue + [current].compactMap(\.self)).filter { $0.reply == .answered }.map(\.part)
  }

  private var isIdle: Bool { direct.isEmpty && !isSequencing }

  /// Whether nothing more will happen.
  var isFinished: Bool { isReported && isIdle && (isClosed || seen.count == total) }

  /// Whether it is only remembered for the sake of parts that may still come.
  var isReportedAndIdle: Bool { isReported && isIdle }

  // MARK: Parts

  mutating func forwardedDirectly(_ number: Int, _ octets: [UInt8]) {
    seen[number] = octets
    direct[number, default: 0] += 1
  }

  mutating func enqueue(_ items: [Item]) {
    for item in items {
      seen[item.part.number] = item.part.octets
      if item.reply == .answered { answered.insert(item.part.number) }
      if item.reply == .final { final = (item.part, nil) }
    }
    queue += items
  }

  /// The next part to give to the modem; nil while one is there, and when there is none.
  mutating func startNext() -> Item? {
    guard current == nil, !isPaused, !queue.isEmpty else { return nil }
    let item = queue.removeFirst()
    current = item
    return item
  }

  mutating func resume() { isPaused = false }

  /// No further part will come.
  mutating func close() { isClosed = true }

  /// The client is gone: nobody is left to answer.
  mutating func orphan() {
    final = nil
    if current?.reply == .final { current?.reply = .direct }
    for index in queue.indices where queue[index].reply == .final { queue[index].reply = .direct }
    close()
  }

  // MARK: Outcomes

  mutating func finishDirect(_ number: Int, _ outcome: PartOutcome) {
    guard let count = direct[number] else { return }
    direct[number] = count > 1 ? count - 1 : nil
    record(number, outcome)
  }

  /// The part in sequence with this number has its outcome.
  ///
  /// - Parameters:
  ///   - response: the modem's, if it gave one.
  ///   - tries: how often a part that nobody waits for is tried.
  mutating func finishCurrent(_ outcome: PartOutcome, response: QMUXFrame?, tries: Int) -> Effect {
    guard var item = current.take() else { return .none }
    if case .sent = outcome {
      record(item.part.number, outcome)
      if item.reply == .final { final?.response = response }
      guard queue.isEmpty, let (part, response) = final, let response else { return .none }
      final = nil
      return .pass(part, response)
    }
    if item.reply == .direct {
      record(item.part.number, outcome)
      return .none
    }
    if let (part, _) = final {
      record(item.part.number, outcome)
      final = nil
      queue = []
      close()
      if item.reply == .final {
        if let response { return .pass(part, response) }
        // A modem that says nothing has nothing said for it, as the stock proxy does.
        if outcome == .unanswered { return .none }
      }
      if case .failed(let failure) = outcome { return .answer(part, failure) }
      return .answer(part, SubmissionFailure(.wmsMessageNotSent))
    }
    item.tries += 1
    if item.tries < tries {
      queue.insert(item, at: 0)
      isPaused = true
      return .retryLater
    }
    record(item.part.number, outcome)
    return .none
  }

  /// The modem has gone. Parts that were answered with success wait for it, all others have failed.
  mutating func modemRemoved() {
    let failure = PartOutcome(.removed)
    for number in direct.keys.sorted() { record(number, failure) }
    direct = [:]
    if let item = current.take() {
      queue.insert(item, at: 0)
    }
    final = nil
    let lost = queue.filter { $0.reply != .answered }
    queue.removeAll { $0.reply != .answered }
    for item in lost { record(item.part.number, failure) }
    isPaused = !queue.isEmpty
  }

  /// Nothing more can be done for the parts that have not gone.
  mutating func giveUp() {
    for item in queue { record(item.part.number, PartOutcome(.removed)) }
    queue = []
    close()
  }

  private mutating func record(_ number: Int, _ outcome: PartOutcome) {
    switch outcome {
    case .sent(let reference):
      sent.insert(number)
      if number >= lastSent?.number ?? 0 { lastSent = (number, reference) }
    case .failed(let failure):
      firstFailure = firstFailure ?? .failed(failure)
    case .unanswered:
      firstFailure = firstFailure ?? .unanswered
    }
  }

  /// The report, once, when it can be given.
  mutating func takeReport(of submission: SubmissionID) -> CarrierReport? {
    guard !isReported, isIdle, isClosed || seen.count == total || firstFailure != nil else { return nil }
    isReported = true
    let outcome: CarrierReport.Outcome =
      switch firstFailure {
      case .failed(let failure): .failed(failure)
      case .unanswered: .unanswered
      case nil: sent.count == total ? .sent(messageReference: lastSent?.reference) : .incomplete
      }
    return CarrierReport(submission: submission, sentPartCount: sent.count, total: total, outcome: outcome)
  }
}
