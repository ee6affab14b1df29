/// The two clocks the hub is told: one that never jumps for deadlines, one that others can read for
/// expiry times that leave the process.
public struct RelayTime: Hashable, Sendable {
  /// Since an arbitrary origin; never goes back.
  public var now: Duration
  /// Seconds since 1970, UTC.
  public var unixSeconds: UInt64

  public init(now: Duration, unixSeconds: UInt64) {
    self.now = now
    self.unixSeconds = unixSeconds
  }
}
