internal import Interposer
internal import QMI

/// What is in virtual storage and on disk, and which storage indexes are free.
struct Spool: Sendable {
  private var messages: [StoredMessageID: SpooledMessage] = [:]
  private var lastOrdinal: UInt32 = StoredMessageID.count - 1
  private var writeCount: UInt64 = 0
  /// Files whose messages are announced only when they are on disk.
  private var writing: [SpoolWrite: [StoredMessage]] = [:]

  var count: Int { messages.count }

  mutating func restore(_ message: SpooledMessage) {
    messages[message.id] = message
    if lastOrdinal == StoredMessageID.count - 1 || message.id.ordinal > lastOrdinal { lastOrdinal = message.id.ordinal }
  }

  /// An index that no message has; the least recently freed comes last.
  mutating func newID() -> StoredMessageID? {
    guard messages.count < Int(StoredMessageID.count) else { return nil }
    while true {
      lastOrdinal = (lastOrdinal + 1) % StoredMessageID.count
      if let id = StoredMessageID(ordinal: lastOrdinal), messages[id] == nil { return id }
    }
  }

  mutating func newWrite() -> SpoolWrite {
    writeCount += 1
    return SpoolWrite(number: writeCount)
  }

  /// Reserves the messages' indexes until the write has succeeded or failed.
  mutating func beginWrite(_ write: SpoolWrite, _ files: [SpooledMessage], _ stored: [StoredMessage]) {
    for file in files { messages[file.id] = file }
    writing[write] = stored
  }

  /// - Returns: the messages that were being written; nil for a write that nobody waits for.
  mutating func endWrite(_ write: SpoolWrite, succeeded: Bool) -> [StoredMessage]? {
    guard let stored = writing.removeValue(forKey: write) else { return nil }
    if !succeeded { for message in stored { messages[message.id] = nil } }
    return stored
  }

  mutating func remove(_ id: StoredMessageID) {
    messages[id] = nil
  }

  /// The message's file with another tag.
  mutating func retag(_ id: StoredMessageID, _ tag: WMS.MessageTag) -> SpooledMessage? {
    guard let file = messages[id]?.retagged(tag) else { return nil }
    messages[id] = file
    return file
  }
}
