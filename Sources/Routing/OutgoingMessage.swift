/// The life of one message that the rules would send by IP, until one route is final.
///
/// Each event returns the one thing to do next. The whole attempt, from the client's request to the
/// recipient's acknowledgement, has one deadline: a person waits for no more than `ip-timeout`.
public struct OutgoingMessage: Sendable, Equatable {
  /// What to do next.
  public enum Step: Sendable, Equatable {
    case nothing
    /// Ask the relay for the recipient's number token.
    case fetchToken
    /// Ask the relay whether the recipient is reachable, and for the key to seal to.
    case lookUp
    /// Seal to the key found and hand the message to the relay.
    case deliver
    /// By carrier. `revoke`: the relay may hold or have passed on a copy; take it back first.
    case useCarrier(Reason, attemptedIP: Bool, revoke: Bool)
    /// Acknowledged end to end.
    case succeed
  }

  /// What the relay said when it would not take or pass on the message.
  public enum Rejection: Sendable, Equatable {
    case unknownRecipient
    case recipientOffline
    /// The key package sealed to is no longer the recipient's.
    case staleKey
    /// A limit or the size.
    case refused
    /// This device is not registered there.
    case notRegistered
    case unreachable
    /// The identity key offered is not the one pinned for the recipient.
    case keyChanged
  }

  private enum State: Sendable, Equatable {
    case fetchingToken
    case lookingUp(isRetry: Bool)
    case delivering(isRetry: Bool)
    case awaitingAcknowledgement(isRetry: Bool)
    case finished
  }

  private var state: State
  /// When the carrier is used at the latest, in the caller's monotonic time.
  public let deadline: Duration

  /// Starts an attempt.
  ///
  /// - Parameters:
  ///   - hasToken: The recipient's token is cached.
  ///   - hasKey: A key package of the recipient is cached; it may turn out to be stale.
  ///   - timeout: `ip-timeout`.
  public static func start(hasToken: Bool, hasKey: Bool, timeout: Duration, now: Duration) -> (OutgoingMessage, Step) {
    let state: State
    let step: Step
    switch (hasToken, hasKey) {
    case (false, _): (state, step) = (.fetchingToken, .fetchToken)
    case (true, false): (state, step) = (.lookingUp(isRetry: false), .lookUp)
    case (true, true): (state, step) = (.delivering(isRetry: false), .deliver)
    }
    return (OutgoingMessage(state: state, deadline: now + timeout), step)
  }

  private init(state: State, deadline: Duration) {
    self.state = state
    self.deadline = deadline
  }

  public var isFinished: Bool { state == .finished }

  /// The token is there.
  public mutating func tokenFetched() -> Step {
    guard case .fetchingToken = state else { return .nothing }
    state = .lookingUp(isRetry: false)
    return .lookUp
  }

  /// The recipient is online and its key package verified.
  public mutating func keyFound() -> Step {
    guard case .lookingUp(let isRetry) = state else { return .nothing }
    state = .delivering(isRetry: isRetry)
    return .deliver
  }

  /// The relay has handed the message to the recipient's session.
  public mutating func accepted() -> Step {
    guard case .delivering(let isRetry) = state else { return .nothing }
    state = .awaitingAcknowledgement(isRetry: isRetry)
    return .nothing
  }

  /// The recipient's acknowledgement came and its MAC holds.
  public mutating func acknowledged() -> Step {
    switch state {
    case .delivering, .awaitingAcknowledgement:
      state = .finished
      return .succeed
    case .fetchingToken, .lookingUp, .finished:
      return .nothing
    }
  }

  /// The relay, or the recipient through it, would not have the message.
  public mutating func rejected(_ rejection: Rejection) -> Step {
    switch (state, rejection) {
    case (.finished, _):
      return .nothing
    case (.delivering(isRetry: false), .staleKey), (.awaitingAcknowledgement(isRetry: false), .staleKey):
      // The recipient has begun a new session since we looked: ask once for its new key.
      state = .lookingUp(isRetry: true)
      return .lookUp
    default:
      return finish(reason(for: rejection), revoke: false)
    }
  }

  /// The recipient's device declined: its storage is full, or it could not open the message.
  public mutating func refusedByRecipient() -> Step {
    state == .finished ? .nothing : finish(.noAcknowledgement, revoke: false)
  }

  /// The message can't be sent by IP at all: it does not fit.
  public mutating func tooLarge() -> Step {
    state == .finished ? .nothing : finish(.relayRejected, revoke: false)
  }

  /// The session with the relay is gone.
  public mutating func relayLost() -> Step {
    switch state {
    case .finished: return .nothing
    case .fetchingToken, .lookingUp: return finish(.relayUnreachable, revoke: false)
    case .delivering, .awaitingAcknowledgement:
      // The recipient may have it; it suppresses the carrier's copy.
      return finish(.noAcknowledgement, revoke: true)
    }
  }

  /// The monotonic clock has reached `now`.
  public mutating func timeReached(_ now: Duration) -> Step {
    guard now >= deadline else { return .nothing }
    switch state {
    case .finished: return .nothing
    case .fetchingToken, .lookingUp: return finish(.relayUnreachable, revoke: false)
    case .delivering, .awaitingAcknowledgement: return finish(.noAcknowledgement, revoke: true)
    }
  }

  private mutating func finish(_ reason: Reason, revoke: Bool) -> Step {
    let attempted =
      switch state {
      case .delivering, .awaitingAcknowledgement: true
      case .lookingUp(let isRetry): isRetry
      case .fetchingToken, .finished: false
      }
    state = .finished
    return .useCarrier(reason, attemptedIP: attempted, revoke: revoke)
  }

  private func reason(for rejection: Rejection) -> Reason {
    switch rejection {
    case .unknownRecipient: .unknownRecipient
    case .recipientOffline, .staleKey: .recipientOffline
    case .refused: .relayRejected
    case .notRegistered: .notRegistered
    case .unreachable: .relayUnreachable
    case .keyChanged: .keyChanged
    }
  }
}
