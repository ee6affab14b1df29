/// Why a ``BusClient`` could not do what it was asked.
public enum BusClientError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The message bus can't be reached.
  case busUnreachable(String)
  /// The bus is there, the daemon is not.
  case serviceNotRunning
  /// The bus's policy does not let this user call the daemon.
  case accessDenied(String)
  /// No answer in time.
  case timedOut
  /// The daemon answered with an error of its own.
  case service(ControlError)
  /// Any other D-Bus error: its full name and message.
  case other(name: String, message: String)

  public var description: String {
    switch self {
    case .busUnreachable(let text): "the message bus can't be reached: \(text)"
    case .serviceNotRunning: "shuntd is not running"
    case .accessDenied(let text): "not allowed to talk to shuntd: \(text)"
    case .timedOut: "shuntd did not answer in time"
    case .service(let error): error.message
    case .other(let name, let message): "\(message) (\(name))"
    }
  }
}
