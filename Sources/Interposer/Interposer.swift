import QMI

/// What stands in the place of the stock `qmi-proxy`: it forwards everything byte for byte between any number of libqmi clients and one
/// modem, except the few messages of the messaging service that it answers itself.
///
/// It does no I/O. The shell and the one who decides about messages tell it what happened; after each event ``nextAction()`` says, until
/// nil, what has to be done; ``nextDeadline`` says when ``timeReached(now:)`` is due. `now` is time since any fixed origin and does not
/// go back.
///
/// Where it deviates from the stock proxy, on purpose: ids of a vanished client are released after a grace time; CTL Sync is
/// answered and not passed on, since it would void everybody's ids; a request that could not be sent is answered with a failure (one
/// that the modem does not answer is not answered either, as in the stock proxy); a Proxy Open that fails is answered; a
/// broadcast indication goes once to each connection; a stream that lost its framing is closed.
public struct Interposer: Sendable {
  enum Phase: Hashable, Sendable {
    case running
    /// Shutting down: held parts are on their way.
    case draining
    /// Shutting down: clients are closed, ids are being released.
    case releasing
  }

  private(set) var configuration: Configuration
  var phase = Phase.running
  /// The time of the latest event.
  var clock: Duration = .zero

  var actions = ActionQueue()
  var timers = TimerQueue()
  var clients = ClientTable()
  var requests = RequestTable()
  var link = ModemLink()
  var ledger = ClientIDLedger()
  var ownClient = OwnWMSClient()
  /// How often the modem was asked in vain to take an id back.
  var releaseTries: [ServiceClientID: Int] = [:]
  /// Ids that an earlier run had, until the device is open.
  var leftIDs: [ServiceClientID] = []
  /// As the shell has them.
  var keptIDs: [ServiceClientID] = []

  public internal(set) var tapMode = TapMode.off
  var assemblies: [SubmissionID: MessageAssembly] = [:]
  var assemblyIDs: [MessageAssembly.Key: SubmissionID] = [:]
  /// Sends from memory storage whose message is being read.
  var storedSubmissions: [SubmissionID: StoredSubmission] = [:]
  var lastSubmission: UInt64 = 0
  var references = MessageReferences()

  var incoming = IncomingMessages()
  /// Shutting down, and incoming messages are still looked at.
  var looksAtIncoming = false
  /// Nil unless the modem's storage is being looked through.
  var vetting: StorageVetting?
  /// Lists and reads of clients that wait until it is known what is to become of the messages in question.
  var heldReads: [HeldRead] = []
  var storage = VirtualStorage()
  var lastIndicationTransaction: UInt16 = 0

  public init(configuration: Configuration) {
    self.configuration = configuration
  }

  /// The device has other names now: a link leads to another node when the modem has come back.
  public mutating func setAlternativeDevices(_ paths: [String]) {
    configuration.alternativeDevices = paths
  }

  // MARK: Actions and time

  /// What to do next; call until nil after each event.
  public mutating func nextAction() -> Action? {
    actions.popFirst()
  }

  /// When ``timeReached(now:)`` wants to be called next; nil when nothing is waited for.
  public var nextDeadline: Duration? { timers.nextDeadline }

  /// Does what is due.
  public mutating func timeReached(now: Duration) {
    advance(to: now)
    while let timer = timers.popDue(now: clock) { fire(timer) }
    advanceShutdown()
  }

  mutating func advance(to now: Duration) {
    if now > clock { clock = now }
  }

  private mutating func fire(_ timer: TimerQueue.Timer) {
    switch timer {
    case .proxyOpen(let connection): proxyOpenTimedOut(connection)
    case .release(let id): releaseDisowned(id)
    case .decision(let id): releaseSubmission(id, .undecided)
    case .assembly(let id): assemblyTimedOut(id)
    case .retry(let id): retrySubmission(id)
    case .storedSubmission(let id): storedSubmissionUnreadable(id)
    case .incoming(let id): settleIncoming(id, .announce)
    case .vetting: endVetting()
    case .heldReads: releaseHeldReads(all: true)
    case .ownAllocation: ownAllocationFailed()
    case .ownClientIdle: ownClientIdled()
    case .ownReports: updateOwnReports()
    }
  }

  // MARK: Facts

  /// How many clients are connected.
  public var clientCount: Int { clients.count }
  public var isModemOpen: Bool { link.isOpen }
  /// How many requests, the Interposer's own among them, the modem has not answered.
  public var outstandingRequestCount: Int { requests.count }
  /// How many parts have been answered with success and are not yet sent by either way.
  public var heldPartCount: Int { assemblies.values.reduce(0) { $0 + $1.heldPartCount } }
  public var storedMessageCount: Int { storage.count }
}

/// It holds what people write to whom, none of which is ever printed.
extension Interposer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    "interposer, \(clients.count) clients, modem \(link.isOpen ? "open" : "closed"), tap \(tapMode)"
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
