public import Telephony

/// One thing that happened to one TPDU at the carrier. Together the records show whatever passed it, and by their absence what did not.
public struct CarrierRecord: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// A modem handed a message in.
    case submit = 0
    /// A program injected a message.
    case inject = 1
    /// A message went to a modem.
    case deliver = 2
    /// A status report went to a modem.
    case statusReport = 3
  }

  public enum Outcome: Hashable, Sendable {
    /// Taken by the carrier (submit, inject), or by the modem (deliver, statusReport).
    case accepted
    /// By the carrier (submit) or by the modem (deliver, statusReport).
    case refused(RPCause, failureCause: FailureCause?)
    /// A rule made it vanish.
    case dropped
    /// The modem did not answer, or left; the message waits and is sent again.
    case unanswered
  }

  /// Counts from 0 without gaps.
  public var number: UInt64
  public var time: WallTime
  public var kind: Kind
  public var outcome: Outcome
  /// A number in E.164, or the code or name of an injected message.
  public var sender: String
  /// A number in E.164, or what was dialled when it is not a subscriber's.
  public var recipient: String
  /// The part's text as far as its coding is one of text; of an SMS-STATUS-REPORT nothing.
  public var text: String
  /// Reference, total and number of a concatenated message's part.
  public var part: Part?
  public var tpdu: [UInt8]

  public struct Part: Hashable, Sendable {
    public var reference: UInt16
    public var total: UInt8
    public var number: UInt8

    public init(reference: UInt16, total: UInt8, number: UInt8) {
      self.reference = reference
      self.total = total
      self.number = number
    }
  }

  public init(
    number: UInt64, time: WallTime, kind: Kind, outcome: Outcome, sender: String, recipient: String, text: String,
    part: Part?, tpdu: [UInt8]
  ) {
    self.number = number
    self.time = time
    self.kind = kind
    self.outcome = outcome
    self.sender = sender
    self.recipient = recipient
    self.text = text
    self.part = part
    self.tpdu = tpdu
  }
}
