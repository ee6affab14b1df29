/// One accepted connection of a libqmi client. The shell chooses the number and never uses it twice, so that an answer that comes
/// late cannot reach another client.
public struct ClientConnection: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}
