public import QMI
public import Telephony

/// A QMI modem with a SIM, as a machine without I/O: octets from its host and messages from its carrier go in, actions and the
/// next deadline come out.
///
/// It answers what ModemManager 1.20 asks on the way to an enabled modem, and the reads of qmicli 1.32; see `ServedMessages`.
/// Everything else gets ``QMIError/invalidQMICommand``, as from a real modem.
///
/// After each event take ``nextAction()`` until it returns nil, and call ``timeReached(_:)`` when ``nextDeadline`` has come.
/// The same events at the same times give the same actions.
public struct VirtualModem: Sendable {
  public struct Configuration: Sendable {
    public var identity: ModemIdentity
    /// The network it is registered in; another one than the SIM's home network means roaming.
    public var servingNetwork: HomeNetwork
    public var servingOperatorName: String
    /// Room for messages on the SIM. Real SIMs have 10 to 50.
    public var simCapacity = 20
    /// Room for messages in the modem.
    public var deviceCapacity = 100
    /// How many client ids a service has at a time. Real modems have about as few.
    public var clientIDsPerService = 10
    /// How long a Raw Send waits for the carrier before it fails.
    public var carrierTimeout: Duration = .seconds(40)
    /// How long an incoming message waits for a Send Ack before the carrier is told that it was not taken.
    public var acknowledgementTimeout: Duration = .seconds(15)

    public init(identity: ModemIdentity) {
      self.identity = identity
      servingNetwork = identity.homeNetwork
      servingOperatorName = identity.operatorName
    }
  }

  public enum Action: Hashable, Sendable {
    /// Write these octets to the host: one whole frame.
    case sendToHost(QMUXFrame)
    case sendToCarrier(CarrierLink.Request)
    /// The device vanishes: close it, and open it again after ``plugIn(now:)``.
    case unplugged
  }

  /// Registration with the network (NAS).
  public enum Registration: Hashable, Sendable {
    case searching
    case registered
    case denied
  }

  public let configuration: Configuration
  var clock: LaboratoryClock
  var actions = ActionQueue<Action>()
  var decoder = QMUXFrameDecoder()
  var clients: [QMIService: [ClientID: Client]] = [:]
  var faults: [ModemFault] = []
  var lateAnswers: [LateAnswer] = []
  var requestCounts: [RequestKey: Int] = [:]

  /// False between ``unplug(now:)`` and ``plugIn(now:)``.
  public internal(set) var isPluggedIn = true
  /// What the network says; the modem's operating mode decides beside it whether there is service.
  public internal(set) var registration = Registration.registered
  /// True between ``carrierConnected(now:)`` and ``carrierDisconnected(now:)``.
  public internal(set) var isCarrierConnected = false
  var operatingMode = OperatingMode.online
  var userData: [UInt8] = []
  var nextClientIDs: [QMIService: UInt8] = [:]
  var dataCalls: [ClientID: UInt32] = [:]
  var preference: SystemSelectionPreference
  var card: VirtualCard

  var sim: MessageStore
  var device: MessageStore
  var routes = MessageRoutes()
  var messageReference: UInt8 = 0
  var nextSubmissionID: UInt32 = 1
  var submissions: [UInt32: PendingSubmission] = [:]
  var nextTransferID: UInt32 = 1
  var transfers: [UInt32: PendingTransfer] = [:]
  /// The carrier was told that there is no room, and wants to hear when there is.
  var owesMemoryAvailable = false

  /// - Parameters:
  ///   - now: the monotonic time; later events must not lie before it.
  ///   - wallTime: what the clock on the wall says at `now`.
  public init(configuration: Configuration, now: Duration = .zero, wallTime: WallTime = WallTime(millisecondsSince1970: 0)) {
    self.configuration = configuration
    clock = LaboratoryClock(now: now, wallTime: wallTime)
    preference = SystemSelectionPreference()
    card = VirtualCard(identity: configuration.identity)
    sim = MessageStore(capacity: configuration.simCapacity)
    device = MessageStore(capacity: configuration.deviceCapacity)
  }

  // MARK: - Actions and time

  /// What the shell has to do next, nil when there is nothing left.
  public mutating func nextAction() -> Action? {
    actions.popFirst()
  }

  /// When ``timeReached(_:)`` has to be called, nil when nothing waits.
  public var nextDeadline: Duration? {
    if lateAnswers.isEmpty, submissions.isEmpty, transfers.isEmpty { return nil }
    let deadlines = lateAnswers.map(\.due) + submissions.values.map(\.deadline) + transfers.values.map(\.deadline)
    return deadlines.min()
  }

  public mutating func timeReached(_ now: Duration) {
    clock.now = now
    sendLateAnswers()
    expireSubmissions()
    expireTransfers()
  }

  // MARK: - The host

  /// Takes octets as they were read from the host, whole frames or not. Octets that are no QMUX frames are skipped, as a modem does.
  public mutating func hostSent(_ octets: some Collection<UInt8>, now: Duration) {
    clock.now = now
    guard isPluggedIn else { return }
    decoder.append(octets)
    while true {
      do {
        guard let frame = try decoder.next() else { return }
        handle(frame)
      } catch where error.endsStream {
        decoder = QMUXFrameDecoder()
        return
      } catch {
        continue
      }
    }
  }

  /// Takes one frame from the host.
  public mutating func hostSent(_ frame: QMUXFrame, now: Duration) {
    clock.now = now
    guard isPluggedIn else { return }
    handle(frame)
  }

  /// The host closed the device or opened it anew: half a frame is forgotten. Client ids stay, as they do in real modems.
  public mutating func hostReopened(now: Duration) {
    clock.now = now
    decoder = QMUXFrameDecoder()
  }

  // MARK: - Faults and inspection

  public mutating func add(_ fault: ModemFault) {
    faults.append(fault)
  }

  public mutating func removeAllFaults() {
    faults.removeAll()
  }

  /// Takes the modem from its port. Client ids, registrations for indications and unanswered requests are gone; messages in storage stay.
  public mutating func unplug(now: Duration) {
    clock.now = now
    guard isPluggedIn else { return }
    isPluggedIn = false
    forgetHost()
    if isCarrierConnected { actions.append(.sendToCarrier(.detach)) }
    actions.append(.unplugged)
  }

  /// Puts the modem back, and attaches it to the carrier again.
  public mutating func plugIn(now: Duration) {
    clock.now = now
    guard !isPluggedIn else { return }
    isPluggedIn = true
    operatingMode = .online
    if isCarrierConnected { attach() }
  }

  /// How many requests of this kind came from the host, answered or not.
  public func requestCount(_ service: QMIService, _ message: MessageID) -> Int {
    requestCounts[RequestKey(service: service, message: message)] ?? 0
  }

  /// The client ids given out and not released.
  public func allocatedClientIDs(of service: QMIService) -> Set<ClientID> {
    Set(clients[service, default: [:]].keys)
  }
}
