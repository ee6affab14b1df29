/// A moment in the world's time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct WallTime: Hashable, Comparable, Sendable {
  /// Negative before 1970.
  public var millisecondsSince1970: Int64

  /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
  public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }

  /// Reads what ``rfc3339`` writes and its relatives: any fraction, `Z` or a numeric offset. Nil for anything else.
  public init?(rfc3339 text: String) {
    guard let time = RFC3339.parse(Array(text.utf8)) else { return nil }
    self = time
  }

  /// RFC 3339 in UTC with milliseconds, such as `2026-11-23T00:15:31.042Z`.
  public var rfc3339: String { RFC3339.format(self) }

  /// Later by `duration`; parts of a millisecond are dropped. Stops at the ends of the range instead of overflowing.
  public func adding(_ duration: Duration) -> WallTime {
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let step = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    let limit = WallTime(millisecondsSince1970: duration < .zero ? .min : .max)
    guard !overflow, !step.overflow else { return limit }
    let sum = millisecondsSince1970.addingReportingOverflow(step.partialValue)
    return sum.overflow ? limit : WallTime(millisecondsSince1970: sum.partialValue)
  }

  /// The time from `earlier` to this moment.
  public func since(_ earlier: WallTime) -> Duration {
    .milliseconds(millisecondsSince1970) - .milliseconds(earlier.millisecondsSince1970)
  }

  public static func < (left: WallTime, right: WallTime) -> Bool {
    left.millisecondsSince1970 < right.millisecondsSince1970
  }
}

extension WallTime: CustomStringConvertible {
  public var description: String { rfc3339 }
}
