internal import Interposer
internal import QMI
internal import Routing

/// What is in virtual storage and on disk, what is on disk of messages that were deleted lately, and which storage indexes are free.
struct Spool: Sendable {
  /// Files of deleted messages at most; the one that would go first makes room.
  static let erasedCapacity = RecentMessages.capacity

  private var messages: [StoredMessageID: SpooledMessage] = [:]
  /// Files of deleted messages: until when they are kept, and of which sealed message they are.
  private var erased: [StoredMessageID: (expiry: Duration, message: [UInt8])] = [:]
  private var lastOrdinal: UInt32 = StoredMessageID.count - 1
  private var writeCount: UInt64 = 0
  /// Files whose messages are announced only when they are on disk.
  private var writing: [SpoolWrite: [StoredMessage]] = [:]

  /// Messages that were not deleted.
  var count: Int { messages.count }
  var erasedCount: Int { erased.count }

  mutating func restore(_ message: SpooledMessage) {
    messages[message.id] = message
    reserve(message.id)
  }

  private mutating func reserve(_ id: StoredMessageID) {
    if lastOrdinal == StoredMessageID.count - 1 || id.ordinal > lastOrdinal { lastOrdinal = id.ordinal }
  }

  /// What is kept of a deleted message was found on disk.
  ///
  /// - Returns: whose file is removed instead.
  mutating func restoreErased(_ id: StoredMessageID, of message: [UInt8], until expiry: Duration) -> StoredMessageID? {
    reserve(id)
    return erase(id, of: message, until: expiry)
  }

  /// An index that no message has; the least recently freed comes last.
  mutating func newID() -> StoredMessageID? {
    guard messages.count + erased.count < Int(StoredMessageID.count) else { return nil }
    while true {
      lastOrdinal = (lastOrdinal + 1) % StoredMessageID.count
      if let id = StoredMessageID(ordinal: lastOrdinal), messages[id] == nil, erased[id] == nil { return id }
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

  func file(_ id: StoredMessageID) -> SpooledMessage? { messages[id] }

  mutating func remove(_ id: StoredMessageID) {
    messages[id] = nil
  }

  /// A client has deleted it, and something of it is kept.
  ///
  /// - Returns: whose file is removed instead.
  mutating func erase(_ id: StoredMessageID, of message: [UInt8], until expiry: Duration) -> StoredMessageID? {
    messages[id] = nil
    erased[id] = (expiry, message)
    guard erased.count > Self.erasedCapacity,
      let first = erased.min(by: { ($0.value.expiry, $0.key) < ($1.value.expiry, $1.key) })?.key
    else { return nil }
    erased[first] = nil
    return first
  }

  /// Those that are not kept any longer.
  ///
  /// - Parameter all: whatever time it is.
  mutating func takeExpired(now: Duration, all: Bool = false) -> [StoredMessageID] {
    takeErased { all || $0.expiry <= now }
  }

  /// Those of a message of which no copy can come any more.
  mutating func takeErased(of message: [UInt8]) -> [StoredMessageID] {
    takeErased { $0.message == message }
  }

  private mutating func takeErased(where isMeant: ((expiry: Duration, message: [UInt8])) -> Bool) -> [StoredMessageID] {
    guard !erased.isEmpty else { return [] }
    let taken = erased.filter { isMeant($0.value) }.keys.sorted()
    for id in taken { erased[id] = nil }
    return taken
  }

  /// The message's file with another tag.
  mutating func retag(_ id: StoredMessageID, _ tag: WMS.MessageTag) -> SpooledMessage? {
    guard let file = messages[id]?.retagged(tag) else { return nil }
    messages[id] = file
    return file
  }
}
