/// Names one outgoing message, all its parts together.
public struct SubmissionID: RawRepresentable, Hashable, Comparable, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  public static func < (lhs: SubmissionID, rhs: SubmissionID) -> Bool { lhs.rawValue < rhs.rawValue }
}
