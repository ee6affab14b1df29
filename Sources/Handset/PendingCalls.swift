internal import Interposer
internal import Telephony

/// Requests of people that wait for something, each with the time at which they are told that it did not come.
struct PendingCalls {
  /// Calls that wait at one time; more are answered with `Busy`.
  static let capacity = 64
  /// How long a call waits for the modem, or its SIM.
  static let identityLimit: Duration = .seconds(15)
  /// How long `enable` waits for the relay before it answers that shuntd goes on trying.
  static let enableLimit: Duration = .seconds(12)
  /// How long `disable` waits for the relay.
  static let disableLimit: Duration = .seconds(3)
  /// How long a look-up may take.
  static let lookUpLimit: Duration = .seconds(20)

  enum Waiting {
    case identity
    /// `enable` until the SIM has been read.
    case enableIdentity(number: String, isInstead: Bool)
    /// `enable` until the relay has sent a code, or refused.
    case enableCode
    case confirmation
    case disable
    /// `deregister` until the relay has sent a code, or refused.
    case removalCode
    case lookUp(LookUpJob)
    /// `send` until the modem is open.
    case sendModem(number: String, text: String)
    case send(SubmissionID)
  }

  /// The numbers of one look-up, as asked, and what they are.
  struct LookUpJob {
    let entries: [(dialled: String, number: PhoneNumber?)]
    /// Numbers whose tokens are still being made.
    var missing: Set<PhoneNumber>
  }

  private struct Entry {
    var waiting: Waiting
    let deadline: Duration?
  }

  private var entries: [HandsetCall: Entry] = [:]

  var count: Int { entries.count }
  var isFull: Bool { entries.count >= Self.capacity }
  var nextDeadline: Duration? { entries.values.lazy.compactMap(\.deadline).min() }

  var needsIdentity: Bool {
    entries.values.contains {
      switch $0.waiting {
      case .identity, .enableIdentity: true
      default: false
      }
    }
  }

  subscript(call: HandsetCall) -> Waiting? {
    entries[call]?.waiting
  }

  mutating func wait(_ call: HandsetCall, _ waiting: Waiting, until deadline: Duration?) {
    entries[call] = Entry(waiting: waiting, deadline: deadline)
  }

  mutating func update(_ call: HandsetCall, _ waiting: Waiting) {
    entries[call]?.waiting = waiting
  }

  mutating func remove(_ call: HandsetCall) {
    entries[call] = nil
  }

  /// Takes all calls for which `matching` holds.
  mutating func takeAll(where matching: (Waiting) -> Bool) -> [(HandsetCall, Waiting)] {
    let taken = entries.filter { matching($0.value.waiting) }
    for call in taken.keys { entries[call] = nil }
    return taken.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value.waiting) }
  }

  mutating func takeOverdue(now: Duration) -> [(HandsetCall, Waiting)] {
    let taken = entries.filter { $0.value.deadline.map { $0 <= now } ?? false }
    for call in taken.keys { entries[call] = nil }
    return taken.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value.waiting) }
  }

  /// Calls that are still there, with their look-ups.
  var lookUps: [(HandsetCall, LookUpJob)] {
    entries.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { call, entry in
      if case .lookUp(let job) = entry.waiting { (call, job) } else { nil }
    }
  }

  /// The call that submitted a message, once.
  mutating func takeSend(_ submission: SubmissionID) -> HandsetCall? {
    let found = entries.first { _, entry in
      if case .send(submission) = entry.waiting { true } else { false }
    }
    guard let call = found?.key else { return nil }
    entries[call] = nil
    return call
  }
}
