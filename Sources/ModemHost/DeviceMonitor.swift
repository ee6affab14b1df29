internal import CModem

/// Tells when a device node, or a link to one, comes and goes.
public final class DeviceMonitor {
  /// The path came into existence or was replaced (true), or ceased to exist. Called from the event loop.
  public var onChange: ((Bool) -> Void)?
  private var handle: OpaquePointer?

  /// - Throws: text that says why the path can't be watched.
  public init(path: String) throws(DeviceMonitorError) {
    var text: UnsafeMutablePointer<CChar>?
    handle = nil
    handle = cm_device_monitor_new(
      path,
      { userData, exists in
        guard let userData else { return }
        Unmanaged<DeviceMonitor>.fromOpaque(userData).takeUnretainedValue().onChange?(exists)
      }, Unmanaged.passUnretained(self).toOpaque(), &text)
    if handle == nil {
      defer { cm_monitor_text_free(text) }
      throw DeviceMonitorError(path: path, text: text.map { String(cString: $0) } ?? "unknown error")
    }
  }

  deinit {
    cm_device_monitor_free(handle)
  }

  /// Whether the path exists now.
  public var exists: Bool { cm_device_monitor_exists(handle) }
}

/// A path that can't be watched.
public struct DeviceMonitorError: Error, Equatable, Sendable, CustomStringConvertible {
  public var path: String
  public var text: String

  public var description: String { "can't watch \(path): \(text)" }
}
