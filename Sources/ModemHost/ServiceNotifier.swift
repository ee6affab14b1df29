internal import CModem

/// What the daemon tells systemd (sd_notify(3)). Does nothing when not started by it.
public struct ServiceNotifier: Sendable {
  public init() {}

  /// Start-up is finished.
  public func ready(status: String? = nil) {
    _ = cm_system_notify(status.map { "READY=1\nSTATUS=\(Self.line($0))" } ?? "READY=1")
  }

  /// One line for `systemctl status`.
  public func status(_ text: String) {
    _ = cm_system_notify("STATUS=\(Self.line(text))")
  }

  /// The daemon has begun to shut down.
  public func stopping() {
    _ = cm_system_notify("STOPPING=1")
  }

  /// A sign of life; due every ``watchdogInterval``.
  public func watchdog() {
    _ = cm_system_notify("WATCHDOG=1")
  }

  /// How often to call ``watchdog()``: half of what systemd waits for. Nil when it does not watch.
  public var watchdogInterval: Duration? {
    let microseconds = cm_system_watchdog_microseconds()
    return microseconds == 0 ? nil : .microseconds(Int64(clamping: microseconds / 2))
  }

  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }
}
