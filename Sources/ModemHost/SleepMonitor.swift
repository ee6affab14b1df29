internal import CModem

/// Tells that the system is about to sleep, holds it up until ``letSleep()``, and tells when it is awake again, as logind
/// says it (org.freedesktop.login1.Manager, PrepareForSleep and Inhibit).
public final class SleepMonitor {
  /// The system waits for ``letSleep()``, a few seconds at most.
  public var onPreparing: (() -> Void)?
  public var onResumed: (() -> Void)?
  /// The bus is not there or went away; nothing more will be told. With one line for a person.
  public var onLost: ((String) -> Void)?
  private var handle: OpaquePointer?

  public init(bus: BusAddress = .system) {
    handle = nil
    var callbacks = CmSleepMonitorCallbacks(
      preparing: { SleepMonitor.from($0)?.onPreparing?() },
      resumed: { SleepMonitor.from($0)?.onResumed?() },
      lost: { SleepMonitor.from($0)?.onLost?($1.map { String(cString: $0) } ?? "") })
    handle = cm_sleep_monitor_new(bus.description, &callbacks, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    cm_sleep_monitor_free(handle)
  }

  private static func from(_ userData: UnsafeMutableRawPointer?) -> SleepMonitor? {
    userData.map { Unmanaged<SleepMonitor>.fromOpaque($0).takeUnretainedValue() }
  }

  /// What had to be done before the sleep is done.
  public func letSleep() {
    cm_sleep_monitor_release(handle)
  }

  /// Whether the system's next sleep will wait for ``letSleep()``.
  public var isHolding: Bool { cm_sleep_monitor_is_holding(handle) }
}
