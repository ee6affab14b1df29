internal import Interposer
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

/// Incoming sealed messages on their way to virtual storage.
struct IncomingDesk {
  /// Messages that wait for their sender's token at one time; more are refused for now.
  static let waitingCapacity = 32
  /// Messages that are being written at one time; more are refused for now.
  static let writingCapacity = 64
  /// Message ids remembered, so that a repeated one is acknowledged but not shown again.
  static let seenCapacity = 1_024
  /// Identities that claimed a number that is not theirs, remembered so that each costs this device one look-up only.
  static let impostorCapacity = 256

  struct Waiting {
    let message: IncomingMessage
    let opened: OpenedMessage
    let arrived: Duration
    /// Of the token that it waits for.
    var generation: TokenGeneration?
  }

  /// What is done when files are on disk.
  enum Stored {
    /// With what identifies its parts, should the carrier bring them too.
    case message(Waiting, [ContentIdentity])
    case report
  }

  private(set) var waiting: [Waiting] = []
  var writes: [SpoolWrite: Stored] = [:]
  var recent = RecentMessages()
  var carrierMessages = CarrierMessages()
  private var seen: [MessageID: Void] = [:]
  private var seenOrder: [MessageID] = []
  private var impostors: Set<IdentityPublicKey> = []

  /// Whether it has been stored.
  func hasSeen(_ id: MessageID) -> Bool { seen[id] != nil }

  /// Whether it waits for its sender's token or for the disk, and will be answered then.
  func isUnderWay(_ id: MessageID) -> Bool {
    waiting.contains { $0.message.messageID == id }
      || writes.values.contains { stored in
        if case .message(let waiting, _) = stored { waiting.message.messageID == id } else { false }
      }
  }

  mutating func markSeen(_ id: MessageID) {
    guard seen.updateValue((), forKey: id) == nil else { return }
    seenOrder.append(id)
    if seenOrder.count > Self.seenCapacity { seen[seenOrder.removeFirst()] = nil }
  }

  /// - Returns: false when too many wait.
  mutating func wait(_ message: Waiting) -> Bool {
    guard waiting.count < Self.waitingCapacity else { return false }
    waiting.append(message)
    return true
  }

  mutating func takeWaiting(for number: PhoneNumber, generation: TokenGeneration) -> [Waiting] {
    let isMeant = { (waiting: Waiting) in
      waiting.opened.content.senderNumber == number && waiting.generation == generation
    }
    let taken = waiting.filter(isMeant)
    waiting.removeAll(where: isMeant)
    return taken
  }

  /// The sender took it back.
  ///
  /// - Returns: the message, when it had not been stored yet.
  mutating func revoke(_ id: MessageID) -> Waiting? {
    guard let index = waiting.firstIndex(where: { $0.message.messageID == id }) else { return nil }
    return waiting.remove(at: index)
  }

  func isImpostor(_ key: IdentityPublicKey) -> Bool { impostors.contains(key) }

  mutating func markImpostor(_ key: IdentityPublicKey) {
    if impostors.count >= Self.impostorCapacity { impostors.removeFirst() }
    impostors.insert(key)
  }

  mutating func endSession() {
    waiting = []
  }

  /// The person has opted out: nobody's texts are remembered.
  mutating func forgetPeople() {
    waiting = []
    recent = RecentMessages()
    seen = [:]
    seenOrder = []
    impostors = []
  }
}
