internal import RelayProtocol
internal import Routing
internal import Sealing

/// Messages that came by IP lately, whose senders have not said yet that they know.
struct UnconcludedMessages {
  /// Messages at most; the oldest goes first. As many as have copies that are remembered.
  static let capacity = RecentMessages.capacity

  private var keys: [(id: MessageID, key: AcknowledgementKey)] = []

  var count: Int { keys.count }

  mutating func remember(_ id: MessageID, _ key: AcknowledgementKey) {
    if keys.count == Self.capacity { keys.removeFirst() }
    keys.append((id, key))
  }

  /// - Returns: whether its sender has said so, once; a relay can't.
  mutating func take(_ id: MessageID, _ mac: AcknowledgementMAC) -> Bool {
    guard let index = keys.firstIndex(where: { $0.id == id && $0.key.isValid(conclusion: mac, of: id) }) else { return false }
    keys.remove(at: index)
    return true
  }
}
