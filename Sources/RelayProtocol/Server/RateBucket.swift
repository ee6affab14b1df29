/// A token bucket: `burst` at once, `perHour` more an hour.
struct RateBucket: Sendable, Equatable {
  private let burst: Double
  private let perSecond: Double
  private var level: Double
  private var updated: Duration

  init(burst: Int, perHour: Int, now: Duration) {
    self.burst = Double(burst)
    self.perSecond = Double(perHour) / 3600
    self.level = Double(burst)
    self.updated = now
  }

  /// Takes all of `count` or nothing.
  /// - Returns: nil when taken, else the seconds until there would be enough (at least 1).
  mutating func take(_ count: Int, now: Duration) -> UInt32? {
    refill(now: now)
    let wanted = Double(count)
    if wanted <= level {
      level -= wanted
      return nil
    }
    guard perSecond > 0 else { return UInt32.max }
    let seconds = ((min(wanted, burst) - level) / perSecond).rounded(.up)
    return UInt32(max(1, min(seconds, Double(UInt32.max))))
  }

  /// Whether nothing would be lost by forgetting this bucket.
  mutating func isFull(now: Duration) -> Bool {
    refill(now: now)
    return level >= burst
  }

  private mutating func refill(now: Duration) {
    guard now > updated else { return }
    level = min(burst, level + (now - updated).inSeconds * perSecond)
    updated = now
  }
}

extension Duration {
  /// In seconds, for rates; loses precision below a microsecond for long spans.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// Whole seconds, rounded down, never negative.
  var wholeSeconds: UInt64 { UInt64(max(0, components.seconds)) }
}
