import CModem
public import Telephony

/// The main loop of the process: everything in this module calls back from it, on the thread that runs it.
///
/// There is one loop (GLib's default context), so all instances are the same loop. It is not `Sendable`: make and use everything of
/// this module on one thread.
public final class EventLoop {
  public init() {}

  /// Runs until `quit()`. Not to be called from inside a callback of the loop.
  public func run() {
    cm_loop_run()
  }

  /// Makes `run()` return after the turn under way; called before `run()`, makes that return at once.
  public func quit() {
    cm_loop_quit()
  }

  /// One turn: waits at most `limit` for something to do (nil: as long as it takes) and does all that is ready.
  ///
  /// For tests and tools; a daemon uses `run()`.
  /// - Returns: whether anything was done.
  @discardableResult
  public func turn(waitingAtMost limit: Duration?) -> Bool {
    cm_loop_turn(limit.map { max(0, $0.boundedNanoseconds) } ?? -1)
  }

  /// Turns until `condition` holds or `limit` is over.
  /// - Returns: whether the condition holds.
  @discardableResult
  public func turn(until condition: () -> Bool, limit: Duration) -> Bool {
    let end = EventLoop.now + limit
    while !condition() {
      let left = end - EventLoop.now
      if left <= .zero { return condition() }
      turn(waitingAtMost: left)
    }
    return true
  }

  /// Time since an arbitrary origin; never set back, and goes on while the machine is suspended (`CLOCK_BOOTTIME`).
  public static var now: Duration {
    .nanoseconds(cm_loop_now())
  }

  /// The time of day.
  public static var wallTime: WallTime {
    WallTime(millisecondsSince1970: cm_loop_wall_time())
  }
}

extension Duration {
  /// Nanoseconds, cut to what `Int64` holds (292 years).
  var boundedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carry ? (seconds < 0 ? .min : .max) : sum
  }
}
