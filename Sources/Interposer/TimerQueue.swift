/// What is to happen at which time. There are few, so a sorted array does.
struct TimerQueue: Sendable {
  enum Timer: Hashable, Sendable {
    /// Answer the client's Proxy Open with a failure.
    case proxyOpen(ClientConnection)
    /// Release the id of a vanished client.
    case release(ServiceClientID)
    /// The submission has waited long enough for a decision.
    case decision(SubmissionID)
    /// The submission has waited long enough for its parts.
    case assembly(SubmissionID)
    /// Try the submission's held parts again.
    case retry(SubmissionID)
    /// The stored message of a Send From Memory Storage has not been read.
    case storedSubmission(SubmissionID)
    /// The incoming message has been held back long enough.
    case incoming(IncomingMessageID)
    /// Looking through the modem's storage has taken long enough.
    case vetting
    /// Clients' lists and reads have been held back long enough.
    case heldReads
    /// The Interposer's own client id was not given in time.
    case ownAllocation
    /// The Interposer's own client id has no use.
    case ownClientIdle
    /// Try to get reports of new messages again.
    case ownReports
  }

  private struct Entry: Sendable {
    let deadline: Duration
    let timer: Timer
  }

  /// Latest first, so that the next one is popped from the end.
  private var entries: [Entry] = []

  var nextDeadline: Duration? { entries.last?.deadline }

  /// Sets the timer, in place of an earlier one with the same name.
  mutating func schedule(_ timer: Timer, at deadline: Duration) {
    cancel(timer)
    let index = entries.firstIndex { $0.deadline <= deadline } ?? entries.count
    entries.insert(Entry(deadline: deadline, timer: timer), at: index)
  }

  mutating func cancel(_ timer: Timer) {
    if let index = entries.firstIndex(where: { $0.timer == timer }) { entries.remove(at: index) }
  }

  /// The one that is due first of those that `condition` holds for.
  func first(where condition: (Timer) -> Bool) -> Timer? { entries.last { condition($0.timer) }?.timer }

  mutating func popDue(now: Duration) -> Timer? {
    guard let last = entries.last, last.deadline <= now else { return nil }
    entries.removeLast()
    return last.timer
  }

  mutating func cancelAll(where condition: (Timer) -> Bool) {
    entries.removeAll { condition($0.timer) }
  }
}
