/// How long the link may lie idle (design, section 8: 2 to 15 minutes). Every idle interval that a ping shows survived
/// makes the next half as long again; one that the link did not survive halves it and is not tried again on this
/// network.
public struct Keepalive: Equatable, Sendable {
  static let shortest: Duration = .seconds(120)
  static let longest: Duration = .seconds(900)
  public private(set) var interval = shortest
  private var ceiling = longest

  public init() {}

  var seconds: UInt32 { UInt32(clamping: interval.components.seconds) }

  /// An interval passed, and the ping behind it was answered.
  public mutating func survived() {
    interval = min(interval * 3 / 2, ceiling)
  }

  mutating func failed() {
    ceiling = max(Self.shortest, interval * 2 / 3)
    interval = max(Self.shortest, interval / 2)
  }

  /// Another network keeps idle connections for another time.
  mutating func networkChanged() {
    self = Keepalive()
  }
}
