import Interposer
import QMI
import Telephony

/// The input is a program for everything around an Interposer: clients, the modem, the one who decides, the spool, and time. It says
/// which octets come from whom in which order, or has well-formed ones made from a few of its own. What the Interposer wants
/// done is done as the shell does it. In the end all is let come to rest.
///
/// Beside the program, this value keeps what an observer would know, and compares: see ``checkStep()`` and ``checkRest()``.
struct InterposerProgram {
  /// Names a request to the client that made it.
  struct Asked: Hashable {
    let service: QMIService
    let clientID: ClientID
    let transaction: UInt16

    init(_ frame: QMUXFrame) {
      service = frame.service
      // A control message is nobody's in the service.
      clientID = frame.isControl ? .control : frame.clientID
      transaction = frame.transaction
    }
  }

  struct ServiceID: Hashable {
    let service: QMIService
    let clientID: ClientID
  }

  /// What the parts of a message have in common.
  struct MessageKey: Hashable {
    let connection: ClientConnection
    let destination: SMSAddress
    let reference: UInt16
    let total: UInt8
    let isWide: Bool
    /// Of a message of one part.
    let octets: [UInt8]?
  }

  struct Client {
    let connection: ClientConnection
    /// Sees what the Interposer sees.
    var decoder = QMUXFrameDecoder()
    /// How many answers are owed.
    var asked: [Asked: Int] = [:]
    /// The part that was sent with a request, while only one request has that name.
    var parts: [Asked: [UInt8]] = [:]
    /// What it has asked in the name of, or been given.
    var used: Set<ServiceID> = []
    /// The rest of a frame whose beginning has been sent.
    var rest: [UInt8] = []
  }

  enum ModemState { case closed, opening, open }

  struct ModemRequest {
    let id: ModemRequestID
    var frame: QMUXFrame
    let due: Duration
  }

  /// What is known of a submission.
  enum Fate: Hashable {
    /// It waits for a decision.
    case asking
    case held
    /// It goes by carrier; a report has to come.
    case carrying
    case reported
    /// It has arrived otherwise.
    case arrived
    /// Its client was told that it failed. When there was none, what was answered goes by carrier all the same.
    case refused
  }

  static let device = "/dev/cdc-wdm0"
  static let alternativeDevice = "/dev/modem"

  let limits: Interposer.Limits
  var interposer: Interposer
  var input: ProgramReader
  var now = Duration.zero
  var reached: Set<Landmark> = []

  var clients: [Client] = []
  var lastConnection: UInt64 = 0
  var transaction: UInt16 = 0

  var modemState = ModemState.closed
  var modemDecoder = QMUXFrameDecoder()
  var requests: [ModemRequest] = []
  var modemTransaction: UInt8 = 0
  /// Few, so that they come again and come to an end.
  var highestID: UInt8 = 12
  /// Client ids that the modem has given out and not taken back.
  var modemIDs: Set<ServiceID> = []
  /// Of these nobody can say who has to give them back.
  var excusedIDs: Set<ServiceID> = []
  var failedReleases: [ServiceID: Int] = [:]
  /// What the next run would get.
  var keptIDs: [CTL.ClientIDAllocation] = []

  var fates: [SubmissionID: Fate] = [:]
  var decisions: [SubmissionID: Submission] = [:]
  /// Complete submissions, by the octets of their parts.
  var wholes: [SubmissionID: [[UInt8]]] = [:]
  var received: Set<IncomingMessageID> = []
  var incoming: [IncomingMessageID] = []
  var stored: [StoredMessageID: WMS.MessageTag] = [:]
  var isShuttingDown = false

  /// By octets of SMSC address and TPDU: how often clients asked for a part to be sent.
  var wanted: [[UInt8]: Int] = [:]
  /// How often the modem took a part.
  var taken: [[UInt8]: Int] = [:]
  /// The messages that parts belong to, and those of them of which a report says that they were not sent as a whole.
  var messages: [[UInt8]: MessageKey] = [:]
  var messageOf: [SubmissionID: MessageKey] = [:]
  var reportedFailed: Set<MessageKey> = []
  /// Parts whose client was told that they are sent, and those of which it was told that they are not.
  var toldSent: Set<[UInt8]> = []
  var toldFailed: Set<[UInt8]> = []
  /// Parts of messages that have arrived otherwise.
  var arrived: Set<[UInt8]> = []
  var body: UInt32 = 0
  var latestPart: (octets: [UInt8], frame: QMUXFrame)?

  static func run(_ octets: [UInt8]) throws(Finding) {
    _ = try reached(octets)
  }

  /// Runs a program.
  ///
  /// - Returns: what it got to.
  static func reached(_ octets: [UInt8]) throws(Finding) -> Set<Landmark> {
    var program = InterposerProgram(octets)
    try program.begin()
    while !program.input.isAtEnd {
      try program.step()
      try program.checkStep()
    }
    try program.settle()
    try program.checkRest()
    return program.reached
  }

  private init(_ octets: [UInt8]) {
    input = ProgramReader(octets)
    var configuration = Interposer.Configuration(device: Self.device, alternativeDevices: [Self.alternativeDevice])
    // Bounds that a short program can reach, or the real ones.
    if input.octet() & 1 == 0 {
      configuration.limits.clients = 4
      configuration.limits.requests = 8
      configuration.limits.clientIDs = 6
      configuration.limits.backlogOctets = 100
      configuration.limits.proxyOpens = 2
      configuration.limits.submissions = 5
      configuration.limits.heldParts = 6
      configuration.limits.heldIndications = 3
      configuration.limits.vettedMessages = 2
      configuration.limits.heldReads = 2
      configuration.limits.storedMessages = 5
      configuration.limits.sendTries = 2
    }
    limits = configuration.limits
    interposer = Interposer(configuration: configuration)
  }

  /// What came before: as most runs begin, unless the program begins otherwise.
  private mutating func begin() throws(Finding) {
    let choice = input.octet()
    if choice & 0x01 != 0 {
      let left = (1...3).map { CTL.ClientIDAllocation(service: .wms, clientID: ClientID(rawValue: UInt8($0))) }
      for id in left { modemIDs.insert(ServiceID(service: id.service, clientID: id.clientID)) }
      interposer.restoreClientIDs(left)
    }
    if choice & 0x02 != 0 {
      for ordinal in [UInt32(1), 2] { try restore(ordinal) }
    }
    if choice & 0x04 == 0 {
      interposer.setTapMode(choice & 0x08 == 0 ? .intercept : .observe, now: now)
      try drain()
    }
    guard choice & 0x10 == 0 else { return }
    try connect()
    try send(proxyOpen(Self.device), from: 0)
    try modemAnswersOpening(true)
  }
}
