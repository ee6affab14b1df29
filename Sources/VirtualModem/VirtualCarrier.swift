public import Telephony

/// A mobile network with its service centre, as a machine without I/O: it takes messages from the modems attached, stores them, and
/// forwards them to the subscribers they are for, by number.
///
/// It keeps a record of every TPDU that passed, and does what its rules say to some of them. After each event take ``nextAction()`` until it
/// returns nil, and call ``timeReached(_:)`` when ``nextDeadline`` has come.
public struct VirtualCarrier: Sendable {
  /// One connection: a modem, or a program that injects messages or watches.
  public struct LinkID: RawRepresentable, Hashable, Sendable, Comparable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: LinkID, right: LinkID) -> Bool { left.rawValue < right.rawValue }
  }

  public struct Configuration: Sendable {
    /// How long a modem may take to answer a delivery.
    public var deliveryTimeout: Duration = .seconds(30)
    /// How long a message waits after a delivery that was not answered, or was refused for want of memory.
    public var retryInterval: Duration = .seconds(60)
    /// The zone that timestamps are written in, in quarters of an hour from UTC.
    public var timeZoneQuarters = 0
    /// How many messages wait for one number; more are rejected.
    public var mailboxCapacity = 1000
    /// How many records are kept; the oldest go first.
    public var recordCapacity = 100_000

    public init() {}
  }

  public enum Action: Hashable, Sendable {
    case send(CarrierLink.Event, to: LinkID)
    /// The link's peer is no longer wanted: another modem attached with the same number.
    case close(LinkID)
  }

  public let configuration: Configuration
  var clock: LaboratoryClock
  var actions = ActionQueue<Action>()
  var links: [LinkID: Link] = [:]
  var mailboxes: [String: Mailbox] = [:]
  var rules: [CarrierRule] = []
  var scheduled: [Scheduled] = []
  var nextDeliveryID: UInt32 = 1
  /// Away from where ModemManager starts counting its own: it takes a received part for one of a sent message with the same reference.
  var nextReference: UInt8 = 129
  var nextRecordNumber: UInt64 = 0
  /// What passed, oldest first.
  public internal(set) var records: [CarrierRecord] = []

  /// - Parameters:
  ///   - now: the monotonic time; later events must not lie before it.
  ///   - wallTime: what the clock on the wall says at `now`; timestamps follow from it.
  public init(
    configuration: Configuration = Configuration(), now: Duration = .zero,
    wallTime: WallTime = WallTime(millisecondsSince1970: 0)
  ) {
    self.configuration = configuration
    clock = LaboratoryClock(now: now, wallTime: wallTime)
  }

  // MARK: - Actions and time

  /// What the shell has to do next, nil when there is nothing left.
  public mutating func nextAction() -> Action? {
    actions.popFirst()
  }

  /// When ``timeReached(_:)`` has to be called, nil when nothing waits.
  public var nextDeadline: Duration? {
    (scheduled.map(\.due) + mailboxes.values.compactMap(\.deadline)).min()
  }

  public mutating func timeReached(_ now: Duration) {
    clock.now = now
    runScheduled()
    for number in mailboxes.keys.sorted() { mailboxTimeReached(number) }
  }

  // MARK: - Links

  /// Someone connected.
  public mutating func connected(_ link: LinkID, now: Duration) {
    clock.now = now
    links[link] = Link()
  }

  /// The connection is gone. A delivery under way waits for the next one.
  public mutating func disconnected(_ link: LinkID, now: Duration) {
    clock.now = now
    detach(link)
    links[link] = nil
  }

  /// Takes what came over a link.
  public mutating func received(_ request: CarrierLink.Request, from link: LinkID, now: Duration) {
    clock.now = now
    guard links[link] != nil else { return }
    switch request {
    case .attach(let number): attach(number, link)
    case .detach: detach(link)
    case .submit(let id, let tpdu): submit(tpdu, id: id, from: link)
    case .deliverResult(let id, let outcome): deliveryAnswered(id, outcome, from: link)
    case .memoryAvailable: memoryAvailable(link)
    case .inject(let id, let sender, let recipient, let text):
      inject(text, sender: sender, recipient: recipient, id: id, from: link)
    case .addRule(let rule): add(rule)
    case .removeAllRules: removeAllRules()
    case .records(let first, let follow): sendRecords(from: first, follow: follow, to: link)
    }
  }

  // MARK: - Rules

  public mutating func add(_ rule: CarrierRule) {
    rules.append(rule)
  }

  public mutating func removeAllRules() {
    rules.removeAll()
  }

  /// The numbers of the modems attached now.
  public var attachedNumbers: Set<String> {
    Set(links.values.compactMap { $0.number?.e164 })
  }

  /// How many messages wait for a number, one under way included.
  public func waitingCount(for number: PhoneNumber) -> Int {
    guard let mailbox = mailboxes[number.e164] else { return 0 }
    return mailbox.queue.count + (mailbox.underWay == nil ? 0 : 1)
  }
}
