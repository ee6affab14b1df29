public import Telephony

/// An outgoing message, as far as its parts have come.
public struct Submission: Hashable, Sendable {
  /// Who wants it sent.
  public enum Origin: Hashable, Sendable {
    /// A libqmi client, which waits for an answer.
    case client(ClientConnection)
    /// ``Interposer/submitLocally(_:serviceCentre:now:)``.
    case local
  }

  /// One short message of it.
  public struct Part: Hashable, Sendable {
    /// 1…``Submission/total``.
    public let number: Int
    public let serviceCentre: SMSCAddress
    public let submit: SMSSubmit
    /// What its sender was answered; nil while it waits for its answer.
    public let messageReference: UInt16?

    public init(number: Int, serviceCentre: SMSCAddress, submit: SMSSubmit, messageReference: UInt16? = nil) {
      self.number = number
      self.serviceCentre = serviceCentre
      self.submit = submit
      self.messageReference = messageReference
    }
  }

  public let id: SubmissionID
  public let origin: Origin
  /// How many parts the whole message has, 1…255.
  public let total: Int
  /// Those that have come, by rising number. Never empty.
  public let parts: [Part]

  public init(id: SubmissionID, origin: Origin, total: Int, parts: [Part]) {
    self.id = id
    self.origin = origin
    self.total = total
    self.parts = parts
  }

  /// Whether all parts are there.
  public var isComplete: Bool { parts.count == total }
}

extension Submission: CustomStringConvertible {
  public var description: String { "submission \(id.rawValue), \(parts.count) of \(total) parts" }
}
