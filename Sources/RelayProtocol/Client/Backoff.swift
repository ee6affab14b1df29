/// How long to wait before the next try: doubling from a second to five minutes, the latter half of it by chance, so
/// that the devices of a relay that went away do not all come back at once.
struct Backoff: Sendable {
  static let shortest: Duration = .seconds(1)
  static let longest: Duration = .seconds(300)
  private(set) var failures = 0
  private var jitter: JitterSource

  init(jitterSeed: UInt64) { jitter = JitterSource(state: jitterSeed) }

  mutating func succeeded() { failures = 0 }

  /// The wait after one more failure.
  mutating func failed() -> Duration {
    failures = min(failures + 1, 16)
    return jittered(min(Self.shortest * (1 << (failures - 1)), Self.longest))
  }

  /// The longest wait, for a failure that a quick retry would only repeat.
  mutating func failedForLong() -> Duration {
    failures = 16
    return jittered(Self.longest)
  }

  private mutating func jittered(_ delay: Duration) -> Duration {
    let share = Int64(jitter.next() >> 54)  // 0…1023
    return delay / 2 + delay * share / 2048
  }
}

/// SplitMix64: spreads one seed over many jitters. Nothing secret depends on it.
struct JitterSource: RandomNumberGenerator, Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
