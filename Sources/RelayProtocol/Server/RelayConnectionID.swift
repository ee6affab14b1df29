/// One accepted connection, for as long as the relay's process lives. Never reused.
public struct RelayConnectionID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Work that the hub asked its shell for and that the shell has yet to answer. Never reused.
public struct RelayJobID: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}
