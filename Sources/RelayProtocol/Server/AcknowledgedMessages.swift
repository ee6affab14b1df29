/// Acknowledged messages whose sender has not said yet that the acknowledgement has arrived. When there are too many, the one
/// that was acknowledged first is forgotten, and its recipient not told.
struct AcknowledgedMessages: Sendable {
  private var messages: [MessageID: PendingMessage] = [:]
  /// Oldest first from ``start`` on; some of them have been taken.
  private var order: [MessageID] = []
  private var start = 0

  var count: Int { messages.count }

  /// - Returns: the one that is forgotten instead.
  mutating func remember(_ id: MessageID, _ message: PendingMessage, limit: Int) -> MessageID? {
    guard limit > 0 else { return id }
    guard messages.updateValue(message, forKey: id) == nil else { return nil }
    order.append(id)
    // Also those that were taken, so that the order does not outgrow what it is of.
    guard order.count - start > limit else { return nil }
    let first = order[start]
    start += 1
    if start > order.count / 2 {
      order.removeFirst(start)
      start = 0
    }
    return messages.removeValue(forKey: first).map { _ in first }
  }

  mutating func forget(_ id: MessageID) { messages[id] = nil }

  mutating func take(_ id: MessageID, of sender: IdentityPublicKey) -> PendingMessage? {
    guard messages[id]?.sender == sender else { return nil }
    return messages.removeValue(forKey: id)
  }
}
