import QMI

/// Announcements of incoming messages that are held back, and what is known about the messages.
///
/// Announcements leave in the order in which they came: one that is not held back waits for those before it.
struct IncomingMessages: Sendable {
  enum Phase: Hashable, Sendable {
    /// The modem has been asked for the message.
    case reading
    case deciding
    /// The modem has been asked to delete or acknowledge it.
    case consuming
  }

  /// What names a message to the modem.
  enum Location: Hashable, Sendable {
    case stored(WMS.MessageLocation)
    case transferred(transactionID: UInt32, needsAck: Bool)
  }

  struct Record: Sendable {
    let id: IncomingMessageID
    let location: Location
    var phase: Phase
  }

  private struct Held: Sendable {
    let frame: QMUXFrame
    /// The message it waits for; nil when it only waits for its turn.
    var message: IncomingMessageID?
  }

  private var queue: [Held] = []
  private var records: [IncomingMessageID: Record] = [:]
  private var lastID: UInt64 = 0

  /// Whether no announcement is held back.
  var isEmpty: Bool { queue.isEmpty }
  var count: Int { queue.count }
  var hasRecords: Bool { !records.isEmpty }

  subscript(id: IncomingMessageID) -> Record? { records[id] }

  /// The message that the first announcement waits for.
  var oldest: IncomingMessageID? { queue.lazy.compactMap(\.message).first }

  var ids: [IncomingMessageID] { records.keys.sorted { $0.rawValue < $1.rawValue } }

  /// Whether the modem has announced it; it has not when the message was found in its storage.
  func isAnnounced(_ id: IncomingMessageID) -> Bool { queue.contains { $0.message == id } }

  /// Whether anything is still to become of a message there.
  ///
  /// - Parameter index: nil for all.
  func concerns(_ storage: WMS.StorageType, index: UInt32?) -> Bool {
    records.values.contains { record in
      guard case .stored(let place) = record.location else { return false }
      return place.storage == storage && (index == nil || place.index == index)
    }
  }

  /// The message that is held already under this name, unless it is about to be deleted.
  func pending(_ location: Location) -> IncomingMessageID? {
    records.values.first { $0.location == location && $0.phase != .consuming }?.id
  }

  /// Messages in a storage that the modem has not been asked to delete.
  ///
  /// - Parameter index: nil for all.
  func pending(in storage: WMS.StorageType, index: UInt32?) -> [IncomingMessageID] {
    ids.filter { id in
      guard let record = records[id], record.phase != .consuming, case .stored(let place) = record.location else { return false }
      return place.storage == storage && (index == nil || place.index == index)
    }
  }

  mutating func begin(_ location: Location, phase: Phase) -> IncomingMessageID {
    lastID += 1
    let id = IncomingMessageID(rawValue: lastID)
    records[id] = Record(id: id, location: location, phase: phase)
    return id
  }

  mutating func setPhase(_ phase: Phase, of id: IncomingMessageID) { records[id]?.phase = phase }

  /// Queues an announcement, behind all others.
  mutating func hold(_ frame: QMUXFrame, for message: IncomingMessageID?) {
    queue.append(Held(frame: frame, message: message))
  }

  /// Forgets the message. Its announcements go out in their turn, or not at all.
  mutating func settle(_ id: IncomingMessageID, _ resolution: IncomingResolution) {
    records[id] = nil
    switch resolution {
    case .announce:
      for index in queue.indices where queue[index].message == id { queue[index].message = nil }
    case .consume:
      queue.removeAll { $0.message == id }
    }
  }

  /// The next announcement that may go out.
  mutating func popReady() -> QMUXFrame? {
    guard let first = queue.first, first.message == nil else { return nil }
    return queue.removeFirst().frame
  }

  /// Forgets everything, for the modem has gone.
  mutating func removeAll() {
    queue = []
    records = [:]
  }
}
