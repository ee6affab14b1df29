internal import Routing
internal import Telephony

/// Incoming carrier messages whose parts are still coming, so that one message makes one record.
struct CarrierMessages {
  /// Messages with missing parts at one time; the oldest is recorded as it is to make room.
  static let capacity = 32
  /// How long the rest of a message may take until it is recorded as it is.
  static let patience: Duration = .seconds(300)

  /// A message for the record.
  struct Finished: Equatable {
    /// The originator as it came.
    let sender: String
    /// How many parts the message has.
    let parts: Int
    /// `duplicate` when each part that came was one.
    let outcome: Outcome
  }

  private struct Key: Hashable {
    let sender: String
    let reference: UInt16
    let isWide: Bool
    let total: UInt8
  }

  private struct Entry {
    let key: Key
    let deadline: Duration
    var numbers: Set<UInt8>
    var outcome: Outcome

    var finished: Finished { Finished(sender: key.sender, parts: Int(key.total), outcome: outcome) }
  }

  /// Oldest first.
  private var entries: [Entry] = []

  var nextDeadline: Duration? { entries.first?.deadline }
  var count: Int { entries.count }

  /// A part has come, and been announced or suppressed.
  ///
  /// - Returns: what there is to record.
  mutating func received(_ part: Concatenation?, from sender: String, _ outcome: Outcome, now: Duration) -> [Finished] {
    guard let part, part.total > 1 else { return [Finished(sender: sender, parts: 1, outcome: outcome)] }
    let key = Key(sender: sender, reference: part.reference, isWide: part.isWide, total: part.total)
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].numbers.insert(part.number)
      if outcome != .duplicate { entries[index].outcome = outcome }
      return entries[index].numbers.count == Int(part.total) ? [entries.remove(at: index).finished] : []
    }
    var finished: [Finished] = []
    if entries.count >= Self.capacity { finished.append(entries.removeFirst().finished) }
    entries.append(Entry(key: key, deadline: now + Self.patience, numbers: [part.number], outcome: outcome))
    return finished
  }

  /// Messages whose rest has not come in time.
  mutating func takeOverdue(now: Duration) -> [Finished] {
    let overdue = entries.prefix { $0.deadline <= now }
    entries.removeFirst(overdue.count)
    return overdue.map(\.finished)
  }
}
