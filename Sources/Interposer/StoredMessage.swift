public import QMI

/// A message in virtual storage.
public struct StoredMessage: Hashable, Sendable {
  public let id: StoredMessageID
  public var tag: WMS.MessageTag
  /// SMSC address and SMS-DELIVER or SMS-STATUS-REPORT.
  public let message: WMS.RawMessage

  public init(id: StoredMessageID, tag: WMS.MessageTag = .receivedUnread, message: WMS.RawMessage) {
    self.id = id
    self.tag = tag
    self.message = message
  }
}

/// Why a message could not be put into virtual storage.
public enum VirtualStorageError: Error, Hashable, Sendable {
  /// ``Interposer/Limits/storedMessages`` are there. Not acknowledging the message lets its sender fall back to the carrier.
  case full
}
