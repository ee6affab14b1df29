/// Why the Interposer cuts a client off.
public enum CloseReason: Hashable, Sendable {
  /// What it sends is not QMUX.
  case malformedStream
  /// It has left more than ``Interposer/Limits/backlogOctets`` unread.
  case stoppedReading
  /// ``Interposer/Limits/clients`` are connected already.
  case tooManyClients
  /// The device went away; libqmi clients reconnect when it is back.
  case modemRemoved
  /// ``Interposer/beginShutdown(now:)``.
  case shuttingDown
}

extension CloseReason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedStream: "it sends something that is not QMUX"
    case .stoppedReading: "it has stopped reading"
    case .tooManyClients: "too many clients"
    case .modemRemoved: "the modem went away"
    case .shuttingDown: "shutting down"
    }
  }
}
