internal import RelayProtocol
internal import Routing

/// How often an idle shuntd was woken up.
struct IdleFigure {
  var minutes: Double
  var activity: ProcessActivity
  /// Keepalives that the relay got.
  var keepalives: Int
  /// Those that were due in that time.
  var keepalivesDue: Int
  /// How often the service manager's watchdog had to be fed.
  var feedsDue: Int

  var lines: [String] {
    let seconds = Int((minutes * 60).rounded())
    return [
      "idle for \(seconds) seconds: \(activity.wakeUps) wake-ups, \((Double(activity.wakeUps) / minutes).text(2)) a minute; "
        + "\((Double(activity.processorTime) / 1_000_000).text(1)) ms of processor time",
      "keepalives: \(keepalives), \(keepalivesDue) due; the watchdog was to be fed \(feedsDue) times",
    ]
  }

  var json: String {
    var object = JSONObject()
    object.add("idle_seconds", Int64((minutes * 60).rounded()))
    object.add("wake_ups", Int64(activity.wakeUps))
    object.add("processor_microseconds", Int64(activity.processorTime / 1000))
    object.add("keepalives", Int64(keepalives))
    object.add("keepalives_due", Int64(keepalivesDue))
    object.add("watchdog_feeds_due", Int64(feedsDue))
    return object.line
  }

  /// How many keepalives a link needs from `start` to `end` after its last frame, when nothing else passes it and the network keeps
  /// it open.
  static func keepalives(from start: Duration, to end: Duration) -> Int {
    var keepalive = Keepalive()
    var due = keepalive.interval
    var count = 0
    while due < end {
      if due >= start { count += 1 }
      keepalive.survived()
      due += keepalive.interval
    }
    return count
  }
}
