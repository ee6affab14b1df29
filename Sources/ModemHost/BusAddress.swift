/// Which D-Bus message bus to use.
public enum BusAddress: Equatable, Sendable, CustomStringConvertible {
  case system
  case session
  /// A D-Bus server address, such as `unix:path=/run/shunt/bus`.
  case address(String)

  /// From a settings value: `system`, `session`, or an address, which has a colon. Nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "system": self = .system
    case "session": self = .session
    case let address where address.contains(":"): self = .address(address)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .system: "system"
    case .session: "session"
    case .address(let address): address
    }
  }
}
