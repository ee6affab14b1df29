/// Something that must never be so.
public struct Violation: Sendable, Equatable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    /// The client was told that the message went out; nobody got it, and the carrier did not lose it.
    case lost
    /// The recipient was shown it more often than the carrier brought it, without a reason that nobody can do anything about.
    case duplicated
    /// The client was told that it went out before the recipient's device or the carrier had it.
    case promisedTooEarly = "promised-too-early"
    /// The client was told that it failed though it arrived by IP, and the log does not say that IP was tried.
    case failedSilently = "failed-silently"
    /// It was neither answered nor passed on in time.
    case heldTooLong = "held-too-long"
    /// Not one decision record for a message.
    case record
    /// A reason that can't be true.
    case reason
    /// A queue is longer than its bound.
    case queue
    /// Something is left over when all is quiet.
    case leftOver = "left-over"
    /// A client id that the modem handed out, and that nobody uses, was not given back.
    case clientID = "client-id"
    /// A handset that should be reachable is not.
    case offline
    /// A machine does not come to rest.
    case endless
    /// Files that can't be read, a call that is answered twice, and the like.
    case contract
  }

  public let kind: Kind
  /// What happened, for whoever looks for the cause.
  public let text: String

  public var description: String { "\(kind.rawValue): \(text)" }
}
