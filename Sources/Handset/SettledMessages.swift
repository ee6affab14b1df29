internal import RelayProtocol

/// How each message ended that came sealed to one session key, remembered for as long as that key opens anything: a relay
/// that sends one again has it acknowledged again, or refused again, never shown again.
///
/// A message is told by its id and its sender's identity key together: somebody who learnt of an id beforehand could
/// otherwise use it first, and the message it belongs to would be acknowledged unread.
struct SettledMessages: Sendable {
  /// Messages that one session key is good for; it opens no more then. What is under way meanwhile is remembered beyond it.
  static let capacity = 1_024
  /// With so many the key is replaced, before it comes to that.
  static let renewalCount = 768

  enum End: Sendable {
    /// In the spool, and acknowledged.
    case stored
    /// Its sender uses the carrier.
    case refused
  }

  private var ends: [IdentityPublicKey: [MessageID: End]] = [:]
  private(set) var count = 0

  var isFull: Bool { count >= Self.capacity }

  func end(of id: MessageID, from sender: IdentityPublicKey) -> End? { ends[sender]?[id] }

  /// The first end of a message is its last.
  mutating func settle(_ id: MessageID, from sender: IdentityPublicKey, _ end: End) {
    guard ends[sender]?[id] == nil else { return }
    ends[sender, default: [:]][id] = end
    count += 1
  }
}
