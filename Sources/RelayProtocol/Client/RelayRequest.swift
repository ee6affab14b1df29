/// What became of a request.
public enum RequestOutcome: Hashable, Sendable {
  /// To a number to be registered or deregistered: the code is on its way by SMS.
  case codeSent(lifetimeSeconds: UInt32)
  /// To a confirmation, and to a number whose registration moves to a newer generation.
  case registered(Registration)
  /// To a deregistration, by the device itself or by a confirmed code, a key package, a revocation.
  case done
  /// As many as asked, in the order asked.
  case evaluations([Evaluation])
  /// As many as asked, in the order asked.
  case contacts([Contact])
  /// To a delivery: handed to the recipient's session.
  case accepted
  case failed(RelayFailure)
  /// The relay may still act on the request.
  case timedOut
  /// The relay may have acted on the request.
  case sessionLost
}

/// Why a request was not sent.
public enum RequestError: Error, Hashable, Sendable {
  case noSession
  /// ``RelayClient/Configuration/maximumOutstandingRequests`` wait for an answer.
  case tooManyOutstanding
  /// It breaks a limit of the protocol.
  case invalid(RelayFrameError)
}

/// What the relay says of its own accord about messages.
public enum RelayPush: Hashable, Sendable {
  case incoming(IncomingMessage)
  /// The recipient says that it stored the message; believed only with a valid MAC.
  case acknowledged(MessageID, AcknowledgementMAC)
  case refused(MessageID, RefusalReason)
  /// The sender took the message back.
  case revoked(MessageID)
  /// The sender will not use the carrier; believed only with a valid MAC.
  case concluded(MessageID, AcknowledgementMAC)
}

/// The answer a request waits for.
enum ExpectedAnswer: Equatable, Sendable {
  case codeSent, registered, done, accepted, pong
  /// What a code was for, the relay knows.
  case registeredOrDone
  case evaluations(count: Int)
  case contacts(count: Int)

  init?(to message: ClientMessage) {
    switch message {
    case .register(_, let purpose): self = purpose == .move ? .registered : .codeSent
    case .confirmRegistration: self = .registeredOrDone
    case .deregister, .publishKeyPackage, .revoke, .goingAway: self = .done
    case .evaluateTokens(_, let elements): self = .evaluations(count: elements.count)
    case .lookUp(let tokens, _): self = .contacts(count: tokens.count)
    case .deliver: self = .accepted
    case .ping: self = .pong
    case .authenticate, .acknowledge, .refuse, .conclude, .unrecognized: return nil
    }
  }

  /// Nil when the message is no answer to what was asked.
  func outcome(_ message: ServerMessage) -> RequestOutcome? {
    switch (self, message) {
    case (_, .failure(let failure)): .failed(failure)
    case (.codeSent, .codeSent(let seconds)): .codeSent(lifetimeSeconds: seconds)
    case (.registered, .registered(let registration)), (.registeredOrDone, .registered(let registration)):
      .registered(registration)
    case (.done, .done), (.registeredOrDone, .done), (.pong, .pong): .done
    case (.accepted, .accepted): .accepted
    case (.evaluations(let count), .evaluations(let evaluations)) where evaluations.count == count:
      .evaluations(evaluations)
    case (.contacts(let count), .lookUpResult(let contacts)) where contacts.count == count: .contacts(contacts)
    default: nil
    }
  }
}

/// The requests that wait for an answer: few, so a list.
struct RequestTable: Sendable {
  struct Entry: Sendable {
    var id: RequestID
    var expected: ExpectedAnswer
    var deadline: Duration
  }

  private(set) var entries: [Entry] = []
  private var last: UInt32 = 0

  var nextDeadline: Duration? { entries.lazy.map(\.deadline).min() }

  /// An id that no outstanding request has.
  mutating func newID() -> RequestID {
    while true {
      last &+= 1
      if let id = RequestID(rawValue: last), !entries.contains(where: { $0.id == id }) { return id }
    }
  }

  mutating func add(_ id: RequestID, _ expected: ExpectedAnswer, deadline: Duration) {
    entries.append(Entry(id: id, expected: expected, deadline: deadline))
  }

  mutating func remove(_ id: RequestID) -> Entry? {
    guard let index = entries.firstIndex(where: { $0.id == id }) else { return nil }
    return entries.remove(at: index)
  }

  /// In the order they were made.
  mutating func removeOverdue(now: Duration) -> [Entry] {
    let overdue = entries.filter { $0.deadline <= now }
    entries.removeAll { $0.deadline <= now }
    return overdue
  }

  mutating func removeAll() -> [Entry] {
    defer { entries = [] }
    return entries
  }
}
