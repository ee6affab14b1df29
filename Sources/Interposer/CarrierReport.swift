/// What became of a message that went by carrier. There is exactly one for each submission that did.
public struct CarrierReport: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// The modem took all parts. The reference is that of the part with the highest number, nil when the modem gave none.
    case sent(messageReference: UInt16?)
    /// The modem refused a part, or the request could not be sent to it.
    case failed(SubmissionFailure)
    /// The modem did not answer for a part; it may have gone out.
    case unanswered
    /// The parts that came were sent, but not all came.
    case incomplete
  }

  public let submission: SubmissionID
  /// How many parts the modem took.
  public let sentPartCount: Int
  /// How many parts the message has.
  public let total: Int
  public let outcome: Outcome

  public init(submission: SubmissionID, sentPartCount: Int, total: Int, outcome: Outcome) {
    self.submission = submission
    self.sentPartCount = sentPartCount
    self.total = total
    self.outcome = outcome
  }
}
