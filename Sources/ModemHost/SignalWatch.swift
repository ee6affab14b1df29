import CModem
import Glibc

/// Turns a Unix signal into a call from the loop, in place of its default action.
///
/// There can be one watch a signal at a time. When it goes, the signal has its default action again.
public final class SignalWatch {
  /// The signals that daemons listen to.
  public enum Signal: Sendable {
    /// Stop (`SIGTERM`).
    case terminate
    /// Control-C (`SIGINT`).
    case interrupt
    /// Read the settings again (`SIGHUP`).
    case hangUp

    var number: Int32 {
      switch self {
      case .terminate: SIGTERM
      case .interrupt: SIGINT
      case .hangUp: SIGHUP
      }
    }
  }

  private var watch: OpaquePointer?
  private let onSignal: () -> Void

  /// - Precondition: no other watch for this signal lives.
  public init(_ signal: Signal, onSignal: @escaping () -> Void) {
    self.onSignal = onSignal
    watch = cm_signal_watch_new(
      signal.number,
      { Unmanaged<SignalWatch>.fromOpaque($0!).takeUnretainedValue().onSignal() },
      Unmanaged.passUnretained(self).toOpaque())
    precondition(watch != nil, "a signal can be watched once")
  }

  deinit {
    cm_signal_watch_free(watch)
  }
}
