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

  private(set) var isReady = false
  private(set) var generations: [TokenGeneration] = []
  var purposes: [RequestID: Purpose] = [:]
  /// Opens what is sealed to this session. Only in memory.
  private(set) var sessionKey: SessionKey?
  private var previousKey: SessionKey?
  private(set) var keyDeadline: Duration?
  /// The wall clock when the monotonic one was zero, as it seemed when the key was made.
  private var wallOrigin: WallTime?
  /// Why there is no session, for the person.
  var problem: String?

  mutating func begin(_ session: SessionReady) {
    isReady = true
    generations = session.tokenGenerations
    problem = nil
  }

  mutating func end() {
    isReady = false
    generations = []
    sessionKey = nil
    previousKey = nil
    keyDeadline = nil
    wallOrigin = nil
  }

  mutating func use(_ key: SessionKey, now: Duration, wall: WallTime) {
    wallOrigin = wall.adding(.zero - now)
    previousKey = sessionKey
    sessionKey = key
    keyDeadline = now + (previousKey == nil ? Self.keyLifetime : Self.keyOverlap)
  }

  /// The relay did not take the key.
  mutating func publishLater(now: Duration) {
    guard isReady else { return }
    keyDeadline = now + Self.keyRetry
    // The one before is still the one that others look up.
    if let previousKey { sessionKey = previousKey }
    previousKey = nil
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
    guard previousKey != nil else { return true }
    previousKey = nil
    keyDeadline = now + Self.keyLifetime - Self.keyOverlap
    return false
  }

  /// The key a message is sealed to, when it is one of ours.
  func key(_ id: KeyPackageID) -> SessionKey? {
    [sessionKey, previousKey].lazy.compactMap { $0 }.first { $0.keyPackage.id == id }
  }
}
