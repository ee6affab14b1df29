internal import CModem

/// Tells when the network comes, goes or changes, as the kernel's routes and NetworkManager say.
///
/// It opens a netlink socket and may ask NetworkManager over D-Bus; it sends nothing over the network.
public final class NetworkMonitor {
  /// Routes or the metered state changed. Called from the event loop.
  public var onChange: ((_ isAvailable: Bool, _ isMetered: Bool) -> Void)?
  private var handle: OpaquePointer?

  public init() {
    handle = nil
    handle = cm_network_monitor_new(
      { userData, available, metered in
        guard let userData else { return }
        Unmanaged<NetworkMonitor>.fromOpaque(userData).takeUnretainedValue().onChange?(available, metered)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    cm_network_monitor_free(handle)
  }

  /// Whether there is a route that might lead out. A hint: loopback alone does not count, though it may be enough.
  public var isAvailable: Bool { cm_network_monitor_available(handle) }

  /// Whether traffic costs by volume, where NetworkManager knows.
  public var isMetered: Bool { cm_network_monitor_metered(handle) }
}
