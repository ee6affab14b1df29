/// An outgoing message that was forwarded untouched because nothing can be decided about it. Its ``CarrierReport`` follows.
public struct UnparsedSubmission: Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// Not an SMS-SUBMIT that is understood, or of another format (3GPP2).
    case undecodable
    /// The stored message that the client wants sent could not be read.
    case unreadable
    /// ``Interposer/Limits/submissions`` wait for decisions already.
    case tooMany
  }

  public let id: SubmissionID
  public let client: ClientConnection
  public let reason: Reason

  public init(id: SubmissionID, client: ClientConnection, reason: Reason) {
    self.id = id
    self.client = client
    self.reason = reason
  }
}
