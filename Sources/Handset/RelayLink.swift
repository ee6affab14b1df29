internal import Interposer
internal import RelayProtocol
internal import Sealing
internal import Telephony

/// What this device has with its relay while a session lasts.
struct RelayLink {
  /// What an answer is for.
  enum Purpose {
    case nothing
    case registration(attempt: Int)
    case confirmation(HandsetCall?)
    case deregistration
    case removalCode(attempt: Int)
    case removalConfirmation(HandsetCall?)
    case move
    case keyPackage
    case tokens(TokenDesk.Batch)
    case contact(SubmissionID)
    case presence(HandsetCall)
    case delivery(SubmissionID, MessageID)
  }

  /// A session key is replaced after a day at the latest.
  static let keyLifetime: Duration = .seconds(86_400)
  /// Senders who looked the old key up before may use it this much longer.
  static let keyOverlap: Duration = .seconds(120)
  /// From a key that the relay did not take until the next try.
  static let keyRetry: Duration = .seconds(60)
  /// A wall clock that was set by more than this makes a key's expiry wrong: some devices start in 1970.
  static let wallTolerance: Duration = .seconds(600)

  private struct HeldKey {
    let key: SessionKey
    var settled = SettledMessages()
  }

  private(set) var isReady = false
  private(set) var generations: [TokenGeneration] = []
  var purposes: [RequestID: Purpose] = [:]
  /// Open what is sealed to this session. Only in memory.
  private var current: HeldKey?
  private var previous: HeldKey?
  private(set) var keyDeadline: Duration?
  /// When the registration's move to the relay's newer number-token key is tried again.
  var moveDeadline: Duration?
  /// The wall clock when the monotonic one was zero, as it seemed when the key was made.
  private var wallOrigin: WallTime?
  /// Why there is no session, for the person.
  var problem: String?

  /// The key that others find.
  var sessionKey: SessionKey? { current?.key }

  mutating func begin(_ session: SessionReady) {
    isReady = true
    generations = session.tokenGenerations
    problem = nil
  }

  mutating func end() {
    isReady = false
    generations = []
    current = nil
    previous = nil
    keyDeadline = nil
    moveDeadline = nil
    wallOrigin = nil
  }

  mutating func use(_ key: SessionKey, now: Duration, wall: WallTime) {
    wallOrigin = wall.adding(.zero - now)
    previous = current
    current = HeldKey(key: key)
    keyDeadline = now + (previous == nil ? Self.keyLifetime : Self.keyOverlap)
  }

  /// The relay did not take the key.
  mutating func publishLater(now: Duration) {
    guard isReady else { return }
    keyDeadline = now + Self.keyRetry
    // The one before is still the one that others look up.
    if let previous { current = previous }
    previous = nil
  }

  /// Whether the wall clock has been set since the key was made.
  func wallHasJumped(now: Duration, wall: WallTime) -> Bool {
    guard let wallOrigin else { return false }
    let origin = wall.adding(.zero - now).millisecondsSince1970
    let (difference, overflow) = origin.subtractingReportingOverflow(wallOrigin.millisecondsSince1970)
    return overflow || difference.magnitude > UInt64(clamping: Self.wallTolerance.wholeMilliseconds)
  }

  /// The deadline has come.
  ///
  /// - Returns: whether a new key is due.
  mutating func keyTimeReached(now: Duration) -> Bool {
    guard let deadline = keyDeadline, deadline <= now else { return false }
    guard previous != nil else { return true }
    previous = nil
    keyDeadline = now + Self.keyLifetime - Self.keyOverlap
    return false
  }

  /// The key a message is sealed to, when it is one of ours and good for more.
  func key(_ id: KeyPackageID) -> SessionKey? {
    guard let held = held(id), !held.settled.isFull else { return nil }
    return held.key
  }

  /// What became of a message that came before.
  func end(of message: IncomingMessage) -> SettledMessages.End? {
    held(message.keyPackageID)?.settled.end(of: message.messageID, from: message.senderIdentityKey)
  }

  /// A message has been dealt with.
  ///
  /// - Returns: whether the key is worn out by it, and a new one due.
  mutating func settle(_ message: IncomingMessage, _ end: SettledMessages.End) -> Bool {
    if current?.key.keyPackage.id == message.keyPackageID {
      let before = current?.settled.count ?? 0
      current?.settled.settle(message.messageID, from: message.senderIdentityKey, end)
      return before < SettledMessages.renewalCount && current?.settled.count == SettledMessages.renewalCount
    }
    if previous?.key.keyPackage.id == message.keyPackageID {
      previous?.settled.settle(message.messageID, from: message.senderIdentityKey, end)
    }
    return false
  }

  private func held(_ id: KeyPackageID) -> HeldKey? {
    if let current, current.key.keyPackage.id == id { return current }
    if let previous, previous.key.keyPackage.id == id { return previous }
    return nil
  }
}
