public import Telephony

/// What passes between a ``VirtualCarrier`` and those connected to it: modems, and programs that inject messages or watch.
///
/// Stands for the radio and the RP layer (3GPP TS 24.011). On a socket each message is a frame as ``CarrierLinkDecoder`` describes.
public enum CarrierLink {
  /// From a modem or another program to the carrier.
  public enum Request: Hashable, Sendable {
    /// A modem with this subscriber's SIM wants service. Messages that wait for the number follow.
    case attach(PhoneNumber)
    /// The modem leaves; the number's messages wait from now on.
    case detach
    /// RP-DATA towards the network: an SMS-SUBMIT. `id` is the modem's and comes back in ``Event/submitResult(id:outcome:)``.
    case submit(id: UInt32, tpdu: [UInt8])
    /// The answer to ``Event/deliver(id:tpdu:)``.
    case deliverResult(id: UInt32, outcome: TransferOutcome)
    /// RP-SMMA: there is room for messages again.
    case memoryAvailable
    /// A text from the sender named (a number, a short code or a name of up to 11 characters) to a subscriber, split in parts where
    /// needed. Answered by ``Event/injected(id:partCount:)`` or ``Event/refused(id:reason:)``.
    case inject(id: UInt32, sender: String, recipient: PhoneNumber, text: String)
    /// Adds a rule behind those there are.
    case addRule(CarrierRule)
    case removeAllRules
    /// Asks for all records from the one with this number on, then ``Event/recordsEnd(next:)``; with `follow`, those to come as well.
    case records(from: UInt64, follow: Bool)
  }

  /// From the carrier.
  public enum Event: Hashable, Sendable {
    /// The modem has service.
    case attached
    case submitResult(id: UInt32, outcome: TransferOutcome)
    /// RP-DATA towards the modem: an SMS-DELIVER or SMS-STATUS-REPORT.
    case deliver(id: UInt32, tpdu: [UInt8])
    case injected(id: UInt32, partCount: Int)
    case refused(id: UInt32, reason: String)
    case record(CarrierRecord)
    /// All records up to here have been sent; the next will have this number.
    case recordsEnd(next: UInt64)
  }

  /// RP-ACK or RP-ERROR.
  public enum TransferOutcome: Hashable, Sendable {
    case accepted
    /// - Parameter failureCause: TP-FCS, when the other end gave one.
    case refused(RPCause, failureCause: FailureCause?)
  }
}
