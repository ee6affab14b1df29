/// The index of a message in virtual storage, as clients see it: in device storage (NV), from a range that no modem uses.
public struct StoredMessageID: RawRepresentable, Hashable, Comparable, Sendable {
  /// The first index, 0x5300_0000.
  public static let base: UInt32 = 0x5300_0000
  /// How many indexes there are, 2²⁰.
  public static let count: UInt32 = 1 << 20

  public let rawValue: UInt32

  /// - Returns: nil outside `base ..< base + count`.
  public init?(rawValue: UInt32) {
    guard rawValue >= Self.base, rawValue - Self.base < Self.count else { return nil }
    self.rawValue = rawValue
  }

  /// The index number `ordinal`, counted from the base.
  ///
  /// - Returns: nil when there are not so many.
  public init?(ordinal: UInt32) {
    guard ordinal < Self.count else { return nil }
    rawValue = Self.base + ordinal
  }

  /// Counted from the base, 0 ..< ``count``.
  public var ordinal: UInt32 { rawValue - Self.base }

  public static func < (lhs: StoredMessageID, rhs: StoredMessageID) -> Bool { lhs.rawValue < rhs.rawValue }
}
