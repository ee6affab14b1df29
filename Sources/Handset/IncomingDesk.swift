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
  /// Identities that claimed another number than the one vouched for, remembered so that each costs this device one look-up
  /// only.
  static let impostorCapacity = 256

  /// At most one line in the journal about wrong clocks in this time.
  static let clockNoteInterval: Duration = .seconds(86_400)

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

  /// Whom the relay takes a sender for. Not the identity alone: a relay that vouches falsely for somebody once would have
  /// them taken for an impostor ever after.
  private struct Claim: Hashable {
    let key: IdentityPublicKey
    let tokens: [GenerationToken]

    init(_ message: IncomingMessage) { (key, tokens) = (message.senderIdentityKey, message.senderTokens) }
  }

  private(set) var waiting: [Waiting] = []
  var writes: [SpoolWrite: Stored] = [:]
  var recent = RecentMessages()
  var unconcluded = UnconcludedMessages()
  var concluded = ConcludedMessages()
  /// Copies that the modem is asked to delete, and the messages by IP that they were the last expected copy of.
  private(set) var leaving: [(copy: IncomingMessageID, message: [UInt8])] = []
  var carrierMessages = CarrierMessages()
  private var impostors: Set<Claim> = []
  /// When the person was last told of a message that a wrong clock made late or early.
  private var clockNote: Duration?

  /// The sender of the message of that id that waits for its sender's token or for the disk, and will be answered then.
  func sender(underWay id: MessageID) -> IdentityPublicKey? {
    if let waiting = waiting.first(where: { $0.message.messageID == id }) { return waiting.message.senderIdentityKey }
    for case .message(let writing, _) in writes.values where writing.message.messageID == id {
      return writing.message.senderIdentityKey
    }
    return nil
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

  func isImpostor(_ message: IncomingMessage) -> Bool { impostors.contains(Claim(message)) }

  mutating func markImpostor(_ message: IncomingMessage) {
    if impostors.count >= Self.impostorCapacity { impostors.removeFirst() }
    impostors.insert(Claim(message))
  }

  /// A message's time is not to be believed.
  ///
  /// - Returns: whether that is worth a line.
  mutating func isClockNoteDue(now: Duration) -> Bool {
    if let clockNote, now - clockNote < Self.clockNoteInterval { return false }
    clockNote = now
    return true
  }

  /// As many copies as the Interposer holds back at a time; what the modem did not delete is among them, and goes first.
  static let leavingCapacity = 256

  mutating func leaves(_ copy: IncomingMessageID, _ message: [UInt8]) {
    if leaving.count == Self.leavingCapacity { leaving.removeFirst() }
    leaving.append((copy, message))
  }

  /// - Returns: the message by IP of which no copy can come any more.
  mutating func left(_ copy: IncomingMessageID) -> [UInt8]? {
    leaving.firstIndex { $0.copy == copy }.map { leaving.remove(at: $0).message }
  }

  mutating func endSession() {
    waiting = []
  }

  /// The person has opted out: nobody's texts are remembered.
  mutating func forgetPeople() {
    waiting = []
    recent = RecentMessages()
    unconcluded = UnconcludedMessages()
    concluded = ConcludedMessages()
    leaving = []
    impostors = []
  }
}
