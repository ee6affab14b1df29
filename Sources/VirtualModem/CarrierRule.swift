public import Telephony

/// What a ``VirtualCarrier`` does to messages other than forwarding them. The first rule that matches wins.
public struct CarrierRule: Hashable, Sendable {
  public enum Match: Hashable, Sendable {
    case any
    /// Messages of this sender: its number in E.164, or the name or code it was injected with.
    case sender(String)
    /// Messages to this recipient: the E.164 number, or what was dialled when that is not a subscriber's number.
    case recipient(String)
  }

  public enum Effect: Hashable, Sendable {
    /// The sender gets an RP-ERROR.
    case reject(RPCause, failureCause: FailureCause?)
    /// The sender gets its answer this much later; until then the message is nowhere.
    case delayAnswer(Duration)
    /// The sender is told at once that the message was taken, the recipient gets it this much later.
    case delay(Duration)
    /// The sender is told that the message was taken. Nobody gets it.
    case drop
    /// The sender never gets an answer, the recipient nothing.
    case silence
    /// The recipient gets the message this many times, at least twice.
    case repeated(Int)
  }

  public var match: Match
  public var effect: Effect
  /// For how many messages the rule lasts; nil for ever.
  public var remainingCount: Int?

  public init(match: Match = .any, effect: Effect, count: Int? = nil) {
    self.match = match
    self.effect = effect
    self.remainingCount = count
  }

  func applies(sender: String, recipient: String) -> Bool {
    guard remainingCount != 0 else { return false }
    return switch match {
    case .any: true
    case .sender(let number): number == sender
    case .recipient(let number): number == recipient
    }
  }
}
