/// Names one carrier message that is held back until ``Interposer/resolveIncoming(_:_:now:)``.
public struct IncomingMessageID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}
