public import QMI
public import Telephony

/// A message from the carrier whose announcement is held back, or that was found in the modem's storage before a client may list it.
public struct IncomingCarrierMessage: Hashable, Sendable {
  /// Where it is.
  public enum Source: Hashable, Sendable {
    case stored(WMS.MessageLocation)
    /// As `stored`, and it came while nobody watched: see ``Interposer/vetStorage(now:)``.
    case found(WMS.MessageLocation)
    /// In the announcement itself (transfer route); the modem did not store it.
    case transferred
  }

  public let id: IncomingMessageID
  public let source: Source
  /// As the modem gave it.
  public let message: WMS.RawMessage
  /// Decoded; nil when it is not an SMS-DELIVER (a status report, another format).
  public let deliver: SMSDeliver?

  public init(id: IncomingMessageID, source: Source, message: WMS.RawMessage, deliver: SMSDeliver?) {
    self.id = id
    self.source = source
    self.message = message
    self.deliver = deliver
  }
}

/// What is to become of an incoming message.
public enum IncomingResolution: Hashable, Sendable {
  /// The clients hear of it, unchanged.
  case announce
  /// It is deleted from the modem (or acknowledged, by transfer route); no client hears of it. Should that fail, it is announced.
  case consume
}
