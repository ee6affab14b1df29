/// Acknowledged messages whose sender has not said yet that the acknowledgement has arrived. When there are too many, the one
/// that was acknowledged first is forgotten, and its recipient not told.
struct AcknowledgedMessages: Sendable {
  private var messages: [MessageID: PendingMessage] = [:]
  /// Oldest first from ``start`` on; some of them have been taken.
  private var order: [MessageID] = []
  private var start = 0

  var count: Int { messages.count }

  mutating func remember(_ id: MessageID, _ message: PendingMessage, limit: Int) {
    guard limit > 0, messages.updateValue(message, forKey: id) == nil else { return }
    order.append(id)
    // Also those that were taken, so that the order does not outgrow what it is of.
    while order.count - start > limit {
      messages[order[start]] = nil
      start += 1
    }
    guard start > order.count / 2 else { return }
    order.removeFirst(start)
    start = 0
  }

  mutating func take(_ id: MessageID, of sender: IdentityPublicKey) -> PendingMessage? {
    guard messages[id]?.sender == sender else { return nil }
    return messages.removeValue(forKey: id)
  }
}
