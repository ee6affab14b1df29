internal import RelayProtocol
internal import Routing

/// Messages that came by IP lately and have no copy that could still come: their senders know that they arrived, or the copy was
/// here. The spool does not say so, for that would take a write more for each message.
struct ConcludedMessages {
  /// Messages at most; the oldest goes first. As many as have copies that are remembered.
  static let capacity = RecentMessages.capacity

  /// Message ids.
  private var ids: [[UInt8]] = []

  init() {}

  init(serialized octets: [UInt8]) {
    let width = MessageIDKind.octetCount
    for start in stride(from: 0, to: octets.count - octets.count % width, by: width) {
      ids.append(Array(octets[start..<start + width]))
    }
    ids = ids.suffix(Self.capacity)
  }

  var count: Int { ids.count }
  var serialized: [UInt8] { ids.flatMap(\.self) }

  func contains(_ id: [UInt8]) -> Bool { ids.contains(id) }

  mutating func add(_ id: [UInt8]) {
    if ids.count == Self.capacity { ids.removeFirst() }
    ids.append(id)
  }
}
