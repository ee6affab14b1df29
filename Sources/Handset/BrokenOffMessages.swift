internal import Interposer
internal import Telephony

/// Messages whose first parts went by carrier and whose rest did not come in time: the device slept, say. When it comes after all
/// it goes the same way; held, it would be called sent, and could never become whole.
struct BrokenOffMessages {
  /// Messages at most; the oldest goes first.
  static let capacity = 32
  /// For how long; by then a client may use a reference again.
  static let lifetime: Duration = .seconds(600)

  private struct Key: Hashable {
    let origin: Submission.Origin
    let destination: SMSAddress
    let reference: UInt16
    let isWide: Bool
    let total: UInt8

    init?(_ submission: Submission) {
      guard let submit = submission.parts.first?.submit, let place = submit.concatenation else { return nil }
      (origin, destination) = (submission.origin, submit.destinationAddress)
      (reference, isWide, total) = (place.reference, place.isWide, place.total)
    }
  }

  private var entries: [(key: Key, time: Duration)] = []

  var count: Int { entries.count }

  mutating func remember(_ submission: Submission, now: Duration) {
    guard let key = Key(submission) else { return }
    entries.removeAll { $0.key == key || now - $0.time > Self.lifetime }
    if entries.count == Self.capacity { entries.removeFirst() }
    entries.append((key, now))
  }

  /// Whether these parts are the rest of one of them: what begins with a first part is another message.
  func contains(_ submission: Submission, now: Duration) -> Bool {
    guard !submission.parts.contains(where: { $0.number == 1 }), let key = Key(submission) else { return false }
    return entries.contains { $0.key == key && now - $0.time <= Self.lifetime }
  }
}
