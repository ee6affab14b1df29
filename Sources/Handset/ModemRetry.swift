/// When a modem that is gone, or would not open, is tried again: its file may have been there before its
/// permissions, and nobody reports a modem that was busy and no longer is.
struct ModemRetry: Sendable {
  static let shortest: Duration = .seconds(2)
  static let longest: Duration = .seconds(60)

  private(set) var deadline: Duration?
  private var failures = 0
  /// The reason told last, so that a modem that stays away is told of once.
  private var lastReason: String?

  /// - Returns: whether the reason is news.
  mutating func failed(_ reason: String, now: Duration) -> Bool {
    deadline = now + min(Self.shortest * (1 << failures), Self.longest)
    failures = min(failures + 1, 5)
    defer { lastReason = reason }
    return reason != lastReason
  }

  /// The deadline has come, or there is another cause to try.
  mutating func begin() {
    deadline = nil
  }

  /// It is open, or not wanted any more.
  mutating func end() {
    self = ModemRetry()
  }
}
