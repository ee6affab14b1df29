internal import Glibc
internal import Handset
internal import Interposer
internal import ModemHost
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

/// The shell around the handset machine: carries out its actions and tells it what happened. Decides nothing.
final class Daemon {
  /// How long a shutdown may take before the loop ends anyway.
  static let shutdownLimit: Duration = .seconds(5)
  /// From the last of a burst of rare work (start, registration, look-ups, messages) until its memory is given back.
  static let trimDelay: Duration = .milliseconds(100)
  /// From a decision until the journal and the bus hear of it: what listens there wakes up, and must not do so between the
  /// parts of a message or two messages in a row. The decision log itself is written at once.
  static let announcementDelay: Duration = .milliseconds(50)
  /// Decisions that wait for that; with more they are announced at once.
  static let announcementLimit = 64
  /// From the bus's loss until the next try to get on it.
  static let busRetry: Duration = .seconds(5)
  /// The same of the system's bus, on which logind tells of sleep: seldom, since each try wakes the device.
  static let sleepRetry: Duration = .seconds(60)

  private let settings: Settings
  private let loop = EventLoop()
  private let journal = Journal(identifier: "shuntd")
  private let notifier = ServiceNotifier()
  private let state: StateDirectory
  private let spool: StateDirectory
  /// What is of use until the machine starts anew; nil when there is no place for it.
  private let runtime: StateDirectory?
  private var decisionLog: AppendFile?
  private var handset: Handset

  private var listener: ClientListener?
  private var streams: [ClientConnection: ClientStream] = [:]
  private var lastConnection: UInt64 = 0
  private let modem = Modem()
  private var reader: ModemIdentityReader?
  private var deviceMonitor: DeviceMonitor?
  private var networkMonitor: NetworkMonitor?
  private var sleepMonitor: SleepMonitor?
  private var relayConnections: [RelayConnection: TLSConnection] = [:]
  private let bus: BusService
  private var calls: [HandsetCall: BusCall] = [:]
  private var lastCall: UInt64 = 0

  private var timer: LoopTimer?
  private var armedDeadline: Duration?
  private var busTimer: LoopTimer?
  private var sleepTimer: LoopTimer?
  private var watchdogTimer: LoopTimer?
  private var shutdownTimer: LoopTimer?
  private var trimTimer: LoopTimer?
  private var announcementTimer: LoopTimer?
  private var announcements: [(record: DecisionRecord, line: String)] = []
  private var signals: [SignalWatch] = []
  private var isShuttingDown = false

  init(_ settings: Settings) throws(StartError) {
    self.settings = settings
    (state, spool) = try Self.openState(settings.stateDirectory)
    var notes: [(Journal.Level, String)] = []
    runtime = Self.openRuntime(&notes)
    var persisted = Self.load(state, spool, &notes)
    persisted.clientIDs = (try? runtime?.read(Self.clientIDFile)) ?? []
    persisted.concluded = (try? runtime?.read(Self.concludedFile)) ?? []
    let (trust, relayProblem) = Self.trust(settings.relay, &notes)
    var configuration = HandsetConfiguration(
      interposer: Interposer.Configuration(device: settings.device, alternativeDevices: Self.otherNames(settings)),
      trust: trust, ipTimeout: settings.ipTimeout)
    configuration.relayProblem = relayProblem
    configuration.identityKey = Credential.identityKey(&notes)
    handset = Handset(
      configuration: configuration, state: persisted, classifier: LibPhoneNumber(),
      generator: SystemRandomNumberGenerator(), now: EventLoop.now, wall: EventLoop.wallTime)
    bus = BusService(bus: settings.bus)
    do throws(FileError) {
      decisionLog = try AppendFile(path: settings.decisionLog)
    } catch {
      notes.append((.error, "no decision log: \(error)"))
    }
    for (level, text) in notes { journal.log(level, text) }
    try listen()
    wireModem()
    wireBus()
    wireTimers()
    watchDevice()
    watchSleep()
  }

  /// Runs until SIGTERM or SIGINT.
  func run() {
    bus.start()
    pump()
    notifier.ready()
    // What start-up took goes back before the first client comes.
    ProcessMemory.trim()
    loop.run()
    announceAll()
  }

  // MARK: start

  private static func openState(_ path: String) throws(StartError) -> (StateDirectory, StateDirectory) {
    do throws(FileError) {
      let state = try StateDirectory(path: path)
      try state.lock()
      return (state, try state.subdirectory("spool"))
    } catch {
      let text = error.isHeldByAnother ? "the state directory \(path) is another shuntd's" : "\(error)"
      throw StartError(text: text, status: ExitStatus.state)
    }
  }

  /// Under systemd its runtime directory, which is in memory.
  private static func openRuntime(_ notes: inout [(Journal.Level, String)]) -> StateDirectory? {
    guard let path = getenv("RUNTIME_DIRECTORY").map({ String(cString: $0) }), !path.isEmpty else { return nil }
    do throws(FileError) {
      return try StateDirectory(path: path)
    } catch {
      notes.append((.warning, "\(error)"))
      return nil
    }
  }

  /// In the runtime directory: the modem's client ids that are taken.
  private static let clientIDFile = "client-ids"
  /// In the runtime directory: ids of messages that came by IP lately and have no copy that could still come.
  private static let concludedFile = "concluded"

  private func keepInRuntime(_ octets: [UInt8], _ file: String) {
    do throws(FileError) {
      try runtime?.write(file, octets)
    } catch {
      journal.log(.warning, "\(error)")
    }
  }

  /// What can't be read is reported and left where it is.
  private static func load(
    _ state: StateDirectory, _ spool: StateDirectory, _ notes: inout [(Journal.Level, String)]
  ) -> PersistedState {
    var persisted = PersistedState()
    for file in StateFile.allCases {
      do throws(FileError) {
        persisted.files[file] = try state.read(file.rawValue)
      } catch {
        persisted.unreadable.insert(file)
        notes.append((.error, "\(error)"))
      }
    }
    var names: [String] = []
    do throws(FileError) {
      names = try spool.list()
    } catch {
      notes.append((.error, "\(error)"))
    }
    for name in names {
      guard let id = SpooledMessage.id(ofFile: name) else { continue }
      do throws(FileError) {
        if let octets = try spool.read(name) { persisted.spool.append(SpooledMessage(id: id, octets: octets)) }
      } catch {
        // As one whose contents are damaged: set aside, and the others are served.
        notes.append((.error, "\(error)"))
        persisted.spool.append(SpooledMessage(id: id, octets: []))
      }
    }
    return persisted
  }

  /// A relay file that can't be used is no reason to stop: texts go by the carrier.
  private static func trust(
    _ relay: Settings.Relay?, _ notes: inout [(Journal.Level, String)]
  ) -> (trust: RelayTrust?, problem: String?) {
    guard let relay else { return (nil, nil) }
    do throws(StartError) {
      return (try relay.trust(), nil)
    } catch {
      notes.append((.error, "\(error.text); texts go by the carrier"))
      return (nil, error.text)
    }
  }

  private func listen() throws(StartError) {
    let address: ClientListener.Address =
      ClientListener.passedDescriptorCount > 0 ? .passed() : .abstract(settings.socket)
    do throws(ClientListener.Failure) {
      listener = try ClientListener(
        at: address, allowedUserIDs: [0, getuid()],
        onRefused: { [journal] peer in
          journal.log(.warning, "refused a client of user \(peer.userID) (pid \(peer.processID))")
        },
        onClient: { [unowned self] stream, _ in accept(stream) })
    } catch {
      throw StartError(text: "\(error)", status: ExitStatus.unavailable)
    }
  }

  private func wireModem() {
    reader = ModemIdentityReader(modem: modem)
    modem.onOpened = { [unowned self] in tell { $0.modemOpened(now: $1) } }
    modem.onOpenFailed = { [unowned self] text in tell { $0.modemOpenFailed(reason: text, now: $1) } }
    modem.onRemoved = { [unowned self] text in tell { $0.modemRemoved(reason: text, now: $1) } }
    modem.onResponse = { [unowned self] id, octets in
      tell { handset, now in
        guard let frame = try? QMUXFrame(octets) else {
          handset.modemFailed(ModemRequestID(rawValue: id), .timedOut, now: now)
          return
        }
        handset.modemResponded(ModemRequestID(rawValue: id), frame, now: now)
      }
    }
    modem.onFailure = { [unowned self] id, failure in
      tell { $0.modemFailed(ModemRequestID(rawValue: id), ModemFailure(failure.kind), now: $1) }
    }
    modem.onIndication = { [unowned self] octets in
      guard let frame = try? QMUXFrame(octets) else { return }
      tell { $0.modemIndicated(frame, now: $1) }
    }
  }

  /// What clients may call the device beside its name in the settings: the file that is opened for it, and what links lead to now.
  private static func otherNames(_ settings: Settings) -> [String] {
    [settings.path] + [settings.device, settings.path].compactMap { Modem.realPath(of: $0) }
  }

  private func watchDevice() {
    do throws(DeviceMonitorError) {
      let monitor = try DeviceMonitor(path: settings.path)
      monitor.onChange = { [unowned self] exists in
        if exists { tell { [settings] in $0.modemAppeared(names: Self.otherNames(settings), now: $1) } }
      }
      deviceMonitor = monitor
    } catch {
      journal.log(.warning, "\(error)")
    }
  }

  /// Without the system's bus nobody tells of sleep; it is asked for again now and then.
  private func watchSleep() {
    let monitor = SleepMonitor()
    monitor.onPreparing = { [unowned self] in tell { $0.prepareForSleep(now: $1) } }
    monitor.onResumed = { [unowned self] in tell { $0.resumed(now: $1) } }
    monitor.onLost = { [unowned self] _ in
      tell { $0.resumed(now: $1) }
      sleepTimer?.arm(at: EventLoop.now + Self.sleepRetry)
    }
    sleepMonitor = monitor
  }

  private func wireTimers() {
    timer = LoopTimer { [unowned self] in
      armedDeadline = nil
      tell { $0.timeReached(now: $1) }
    }
    busTimer = LoopTimer { [unowned self] in bus.start() }
    sleepTimer = LoopTimer { [unowned self] in watchSleep() }
    trimTimer = LoopTimer { ProcessMemory.trim() }
    announcementTimer = LoopTimer { [unowned self] in announceNext() }
    trimTimer?.arm(at: EventLoop.now + Self.trimDelay)
    shutdownTimer = LoopTimer { [unowned self] in loop.quit() }
    signals = [SignalWatch.Signal.terminate, .interrupt].map { signal in
      SignalWatch(signal) { [unowned self] in shutDown() }
    }
    guard let interval = notifier.watchdogInterval else { return }
    watchdogTimer = LoopTimer { [unowned self] in
      notifier.watchdog()
      watchdogTimer?.arm(at: EventLoop.now + interval)
    }
    watchdogTimer?.arm(at: EventLoop.now + interval)
  }

  private func shutDown() {
    guard !isShuttingDown else { return loop.quit() }
    isShuttingDown = true
    notifier.stopping()
    listener?.close()
    shutdownTimer?.arm(at: EventLoop.now + Self.shutdownLimit)
    tell { $0.beginShutdown(now: $1) }
  }

  // MARK: clients

  private func accept(_ stream: ClientStream) {
    lastConnection += 1
    let connection = ClientConnection(rawValue: lastConnection)
    streams[connection] = stream
    stream.onBytes = { [unowned self] octets in
      tell { $0.clientSent(octets, from: connection, now: $1) }
    }
    stream.onBacklog = { [unowned self] octetCount in
      tell { $0.clientBacklog(connection, octetCount: octetCount, now: $1) }
    }
    stream.onClosed = { [unowned self] _ in
      streams[connection] = nil
      tell { $0.clientClosed(connection, now: $1) }
    }
    tell { $0.clientConnected(connection, now: $1) }
  }

  // MARK: the machine

  /// Tells the machine what happened, then does what it wants.
  private func tell(_ event: (inout Handset, Duration) -> Void) {
    handset.wall = EventLoop.wallTime
    event(&handset, EventLoop.now)
    pump()
  }

  private func pump() {
    while let action = handset.nextAction() { perform(action) }
    let deadline = Self.nextDeadline(&handset)
    if deadline != armedDeadline {
      armedDeadline = deadline
      timer?.arm(at: deadline)
    }
    if isShuttingDown, handset.isShutDown { loop.quit() }
  }

  /// Read in place: a getter of a stored value's property would copy the whole machine, at every request.
  private static func nextDeadline(_ handset: inout Handset) -> Duration? { handset.nextDeadline }

  private func perform(_ action: HandsetAction) {
    switch action {
    case .sendToClient(let connection, let octets):
      guard let stream = streams[connection] else { return }
      let backlog = stream.send(octets)
      if backlog > 0 { handset.clientBacklog(connection, octetCount: backlog, now: EventLoop.now) }
    case .sendToModem(let request, let frame, let timeout):
      modem.send(frame.octets, requestID: request.rawValue, timeout: timeout)
    case .closeClient(let connection, let reason):
      streams.removeValue(forKey: connection)?.close()
      if reason != .shuttingDown { journal.log(.notice, "closed a client: \(reason)") }
    case .openModem: modem.open(path: settings.path)
    case .readIdentity:
      reader?.readIdentity { [unowned self] identity in
        tell { $0.identityRead(DeviceIdentity(identity), now: $1) }
      }
    case .readServingNetwork:
      reader?.readServing { [unowned self] serving in
        tell {
          $0.servingNetworkRead(
            registrationState: serving.registration.value?.rawValue, isRoaming: serving.isRoaming,
            country: serving.network.value?.mcc, now: $1)
        }
      }
    case .connectToRelay(let connection): connectToRelay(connection)
    case .sendToRelay(let octets, let connection):
      guard let tls = relayConnections[connection] else { return }
      let backlog = tls.send(octets)
      if backlog > 0 { handset.relayBacklog(backlog, on: connection, now: EventLoop.now) }
    case .closeRelay(let connection): relayConnections.removeValue(forKey: connection)?.close()
    case .write, .remove, .writeSpool, .removeFromSpool, .eraseInSpool, .setAsideInSpool: performFileAction(action)
    case .keepClientIDs(let octets): keepInRuntime(octets, Self.clientIDFile)
    case .keepConcluded(let octets): keepInRuntime(octets, Self.concludedFile)
    case .letSleep: sleepMonitor?.letSleep()
    case .record(let record):
      write(record)
      trimTimer?.arm(at: EventLoop.now + Self.trimDelay)
    case .note(let level, let text): journal.log(Journal.Level(level), text)
    case .reply(let call, let reply):
      calls.removeValue(forKey: call)?.answer(reply)
      trimTimer?.arm(at: EventLoop.now + Self.trimDelay)
    case .keyChanged(let number):
      // As the decision log has it: everybody who may hear of decisions hears this.
      bus.emitKeyChanged(["number": .string(settings.numbers == .clear ? number.e164 : number.masked)])
    case .statusChanged(let fields):
      bus.emitStatusChanged(BusRow(fields))
      trimTimer?.arm(at: EventLoop.now + Self.trimDelay)
    }
  }

  private func performFileAction(_ action: HandsetAction) {
    do throws(FileError) {
      switch action {
      case .write(let file, let octets): try state.write(file.rawValue, octets)
      case .remove(let file): try state.remove(file.rawValue)
      case .removeFromSpool(let id): try spool.remove(SpooledMessage.fileName(of: id))
      case .eraseInSpool(let kept): try erase(kept)
      case .setAsideInSpool(let id):
        try spool.rename(SpooledMessage.fileName(of: id), to: SpooledMessage.damagedFileName(of: id))
      case .writeSpool(let write, let messages): writeSpool(write, messages)
      default: break
      }
    } catch {
      journal.log(.error, "\(error)")
    }
  }

  private func erase(_ kept: SpooledMessage) throws(FileError) {
    do throws(FileError) {
      try spool.write(SpooledMessage.fileName(of: kept.id), kept.octets)
    } catch {
      journal.log(.error, "\(error)")
      try spool.remove(SpooledMessage.fileName(of: kept.id))
    }
  }

  private func writeSpool(_ write: SpoolWrite, _ messages: [SpooledMessage]) {
    var succeeded = true
    do throws(FileError) {
      try spool.write(messages.map { (SpooledMessage.fileName(of: $0.id), $0.octets) })
    } catch {
      journal.log(.error, "\(error)")
      succeeded = false
    }
    handset.spoolWritten(write, succeeded: succeeded, now: EventLoop.now)
  }

  // MARK: relay

  private func connectToRelay(_ connection: RelayConnection) {
    guard let relay = settings.relay else { return }
    if networkMonitor == nil {
      let monitor = NetworkMonitor()
      monitor.onChange = { [unowned self] isAvailable, _ in
        tell { $0.networkChanged(isAvailable: isAvailable, now: $1) }
      }
      networkMonitor = monitor
    }
    let tls = TLSConnection(host: relay.host, port: relay.port, certificateAuthorityFile: relay.trustFile)
    tls.onReady = { [unowned self] hash in
      tell { handset, now in
        guard let hash = try? CertificateKeyHash(hash) else { return }
        handset.relayConnected(connection, certificateKeyHash: hash, now: now)
      }
    }
    tls.onBytes = { [unowned self] octets in tell { $0.relayReceived(octets, on: connection, now: $1) } }
    tls.onClosed = { [unowned self] reason in
      relayConnections[connection] = nil
      tell { $0.relayClosed(connection, reason: reason.text, now: $1) }
    }
    relayConnections[connection] = tls
    tls.start()
  }

  // MARK: log

  private func write(_ record: DecisionRecord) {
    let line = record.jsonLine(numbers: settings.numbers)
    do throws(FileError) {
      if decisionLog == nil { decisionLog = try AppendFile(path: settings.decisionLog) }
      try decisionLog?.append(line)
    } catch {
      journal.log(.error, "a decision could not be logged: \(error)")
    }
    announcements.append((record, line))
    if announcements.count >= Self.announcementLimit {
      announceAll()
    } else if announcements.count == 1 {
      announcementTimer?.arm(at: EventLoop.now + Self.announcementDelay)
    }
  }

  /// Tells the journal and the bus of the oldest decision that they have not heard of. One a turn of the loop: a message that comes
  /// meanwhile waits for one of them at most.
  private func announceNext() {
    guard !announcements.isEmpty else { return }
    let (record, line) = announcements.removeFirst()
    announce(record, line)
    if !announcements.isEmpty { announcementTimer?.arm(at: EventLoop.now) }
  }

  /// Tells them of all decisions since the last time.
  private func announceAll() {
    let waiting = announcements
    announcements = []
    for (record, line) in waiting { announce(record, line) }
  }

  private func announce(_ record: DecisionRecord, _ line: String) {
    let fields = record.fields(numbers: settings.numbers).compactMap { field -> (String, String)? in
      let name = "SHUNT_" + field.key.uppercased()
      switch field.value {
      case .text(let text): return text.map { (name, $0) }
      case .number(let number): return number.map { (name, String($0)) }
      case .flag(let flag): return (name, flag ? "true" : "false")
      }
    }
    let reason = record.reason.map { " (\($0.rawValue))" } ?? ""
    journal.log(
      .info, "message \(record.id) \(record.direction.rawValue) by \(record.route.rawValue)\(reason): \(record.outcome.rawValue)",
      fields: fields)
    bus.emitDecision(line)
  }

  // MARK: control

  private func wireBus() {
    bus.onReady = { [unowned self] in bus.emitStatusChanged(BusRow(handset.publicStatus)) }
    bus.onLost = { [unowned self] _, text in
      journal.log(.error, "no control by D-Bus: \(text)")
      busTimer?.arm(at: EventLoop.now + Self.busRetry)
    }
    bus.onCall = { [unowned self] call in handle(call) }
  }

  private func handle(_ call: BusCall) {
    guard let request = HandsetRequest(call.request) else {
      if case .log(let count) = call.request { answerLog(call, count) }
      return
    }
    lastCall += 1
    let id = HandsetCall(rawValue: lastCall)
    calls[id] = call
    tell { $0.handle(request, id, now: $1) }
  }

  private func answerLog(_ call: BusCall, _ count: UInt32) {
    do throws(FileError) {
      call.reply(.lines(try decisionLog?.lastLines(Int(min(count, 10_000))) ?? []))
    } catch {
      call.fail(ControlError(name: HandsetError.Name.storage.rawValue, message: "\(error)"))
    }
  }
}
