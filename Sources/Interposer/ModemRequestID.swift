/// Names one request from ``Interposer/Action/sendToModem(_:_:timeout:)`` until its response or failure comes back.
public struct ModemRequestID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}
