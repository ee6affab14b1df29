import QMI

/// Messages that clients find in device storage though the modem never had them.
struct VirtualStorage: Sendable {
  private var messages: [StoredMessageID: StoredMessage] = [:]
  /// Delivered while no client wanted to be told.
  private(set) var unannounced: Set<StoredMessageID> = []

  var count: Int { messages.count }

  subscript(id: StoredMessageID) -> StoredMessage? { messages[id] }

  mutating func insert(_ message: StoredMessage) { messages[message.id] = message }

  mutating func remove(_ id: StoredMessageID) -> Bool {
    unannounced.remove(id)
    return messages.removeValue(forKey: id) != nil
  }

  mutating func setAnnounced(_ id: StoredMessageID, _ isAnnounced: Bool) {
    if isAnnounced { unannounced.remove(id) } else { unannounced.insert(id) }
  }

  mutating func setTag(_ tag: WMS.MessageTag, of id: StoredMessageID) -> Bool {
    guard messages[id] != nil else { return false }
    messages[id]?.tag = tag
    return true
  }

  /// By rising index.
  ///
  /// - Parameter tag: nil for all.
  func ids(tag: WMS.MessageTag?) -> [StoredMessageID] {
    guard let tag else { return messages.keys.sorted() }
    return messages.values.lazy.filter { $0.tag == tag }.map(\.id).sorted()
  }

  func contains(tag: WMS.MessageTag?) -> Bool {
    guard let tag else { return !messages.isEmpty }
    return messages.values.contains { $0.tag == tag }
  }

  func entries(tag: WMS.MessageTag?) -> [WMS.ListMessagesResponse.Entry] {
    ids(tag: tag).compactMap { id in
      messages[id].map { WMS.ListMessagesResponse.Entry(index: id.rawValue, tag: $0.tag) }
    }
  }
}
