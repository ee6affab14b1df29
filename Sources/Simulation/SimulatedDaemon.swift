internal import Handset
internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony
internal import VirtualModem

/// One life of shuntd on a handset: the machine with what its shell does, from its start until its end or its death.
///
/// It may die before any of its actions. What it wrote to sockets and to the modem before that is on its way; what it wrote
/// to disk is there; within a write of several files there may be some of them.
final class SimulatedDaemon {
  enum Death: Equatable {
    case killed
    case powerCut
  }

  unowned let handset: SimulatedHandset
  private unowned let world: World
  let life: Int
  private var machine: Handset
  private(set) var isDead = false
  private(set) var isModemOpen = false
  private var modemSession = 0
  /// Watches the modem while it is open.
  private var modemWatch: Ledger.Watch?
  private var dying: (actions: Int, death: Death, pause: Duration)?
  private var shutdownPause: Duration?
  private let alarm = Alarm()
  private var stream: SeededStream

  private var sockets: [ClientConnection: ClientSocket] = [:]
  private var lastConnection: UInt64 = 0
  private var links: [RelayConnection: RelayPath] = [:]

  private struct PendingKey: Hashable {
    let service: QMIService
    let client: ClientID
    let transaction: UInt16
  }

  private var pending: [PendingKey: ModemRequestID] = [:]
  /// Client ids that were asked for.
  private var allocations: Set<PendingKey> = []
  private var lastTransaction: UInt8 = 0

  // MARK: What is booked

  private(set) var records: [DecisionRecord] = []
  /// Messages that it was given, by index.
  private(set) var given: Set<Int> = []

  init(_ handset: SimulatedHandset, life: Int) {
    self.handset = handset
    self.life = life
    world = handset.world
    stream = SeededStream(seed: handset.world.plan.seed, "daemon", handset.index << 16 | life)
    machine = Handset(
      configuration: HandsetConfiguration(
        interposer: Interposer.Configuration(device: "/dev/cdc-wdm0"), trust: handset.world.laboratory.trust),
      state: handset.disk.state, classifier: NumberRules(),
      generator: SeededStream(seed: handset.world.plan.seed, "ids", handset.index << 16 | life), now: handset.clock,
      wall: handset.wall)
    alarm.fire = { [weak self] in self?.timeReached() }
  }

  func start() { pump() }

  /// Who watches what the modem announces; nil while nobody does.
  var watch: Ledger.Watch? { modemWatch }

  var status: [HandsetField] { machine.status }
  var state: String? {
    for field in machine.status where field.key == "state" { if case .text(let text) = field.value { return text } }
    return nil
  }
  var session: String? {
    for field in machine.status where field.key == "session" { if case .text(let text) = field.value { return text } }
    return nil
  }
  var queues: [(name: String, count: Int, bound: Int, restsEmpty: Bool)] { machine.queues }

  // MARK: Life

  /// Tells the machine what happened, and does what it wants.
  func tell(_ event: (inout Handset, Duration) -> Void) {
    guard !isDead else { return }
    machine.wall = handset.wall
    event(&machine, handset.clock)
    pump()
  }

  private func pump() {
    while !isDead {
      if let dying, dying.actions <= 0 {
        die(dying.death, pause: dying.pause)
        return
      }
      guard let action = machine.nextAction() else { break }
      dying?.actions -= 1
      perform(action)
    }
    guard !isDead else { return }
    armAlarm()
    if shutdownPause != nil, machine.isShutDown { end() }
  }

  func armAlarm() {
    guard !isDead else { return }
    world.arm(alarm, at: Self.nextDeadline(&machine))
  }

  /// Read in place; a getter would copy the whole machine.
  private static func nextDeadline(_ machine: inout Handset) -> Duration? { machine.nextDeadline }

  private func timeReached() {
    guard !isDead, !handset.isAsleep else { return }
    if let deadline = Self.nextDeadline(&machine), deadline <= handset.clock {
      tell { $0.timeReached(now: $1) }
    } else {
      armAlarm()
    }
  }

  /// Dies before the action after so many more; or soon, when there are no more.
  func dies(afterActions actions: Int, _ death: Death, pause: Duration) {
    guard dying == nil else { return }
    dying = (actions, death, pause)
    later(.seconds(20)) { daemon in
      if let dying = daemon.dying { daemon.die(dying.death, pause: dying.pause) }
    }
  }

  private func die(_ death: Death, pause: Duration) {
    guard !isDead else { return }
    handset.trace("daemon dies", life, "\(death)")
    isDead = true
    leave(keepsLinks: death == .powerCut)
    handset.daemonEnded(after: pause)
    if death == .powerCut { handset.powerFails(for: pause) }
  }

  /// As systemd stops it.
  func shutDown(pause: Duration) {
    guard shutdownPause == nil else { return }
    handset.trace("daemon stops", life)
    shutdownPause = pause
    world.after(.seconds(5)) { [weak self] in self?.end() }
    tell { $0.beginShutdown(now: $1) }
  }

  private func end() {
    guard !isDead, let pause = shutdownPause else { return }
    handset.trace("daemon ends", life)
    isDead = true
    leave(keepsLinks: false)
    handset.daemonEnded(after: pause)
  }

  /// The kernel closes what it had open.
  private func leave(keepsLinks: Bool) {
    modemWatch?.ended = world.now
    modemWatch = nil
    isModemOpen = false
    // What the modem gives now, nobody is told of.
    handset.modem.lostIDs += allocations.count
    for (_, socket) in sockets.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { closeAtDaemon(socket) }
    sockets = [:]
    for (_, link) in links.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where !keepsLinks { link.closedByDevice() }
    links = [:]
    world.ledger.lifeEnded(self, handset)
  }

  // MARK: Actions

  private func perform(_ action: HandsetAction) {
    switch action {
    case .sendToClient(let connection, let octets):
      guard let socket = sockets[connection] else { return }
      world.at(socket.toProgram.arrival(world.now, after: stream.span(50, 2_000))) { [handset] in
        handset.whenAwake { if socket.isOpenAtProgram { socket.program.received(octets, on: socket) } }
      }
    case .closeClient(let connection, _):
      if let socket = sockets.removeValue(forKey: connection) { closeAtDaemon(socket) }
    case .openModem: openModem()
    case .sendToModem(let request, let frame, let timeout): sendToModem(request, frame, timeout)
    case .readIdentity:
      later(.milliseconds(50)) { daemon in daemon.tell { $0.identityRead(daemon.handset.identity, now: $1) } }
    case .readServingNetwork:
      later(.milliseconds(20)) { daemon in
        daemon.tell { $0.servingNetworkRead(registrationState: "registered", isRoaming: false, country: "404", now: $1) }
      }
    case .connectToRelay(let connection): links[connection] = RelayPath(self, connection)
    case .sendToRelay(let octets, let connection): links[connection]?.send(octets)
    case .closeRelay(let connection): links.removeValue(forKey: connection)?.closedByDevice()
    case .write(let file, let octets):
      if !handset.disk.isFull { handset.disk.files[file] = octets }
    case .remove(let file): handset.disk.files[file] = nil
    case .writeSpool(let write, let messages): writeSpool(write, messages)
    case .removeFromSpool(let id): handset.disk.spool[id] = nil
    case .eraseInSpool(let kept): handset.disk.spool[kept.id] = handset.disk.isFull ? nil : kept
    case .setAsideInSpool(let id):
      handset.disk.spool[id] = nil
      world.violated(.contract, "h\(handset.index): a spool file can't be read")
    case .keepClientIDs(let octets): handset.disk.clientIDs = octets
    case .keepConcluded(let octets):
      handset.disk.concluded = octets
      world.ledger.concluded(octets.suffix(MessageIDKind.octetCount))
    case .letSleep: handset.letSleep()
    case .record(let record): book(record)
    case .note(let level, let text): handset.trace("note", 0, "\(level): \(text)")
    case .reply(let call, let reply): handset.replied(call, reply)
    case .keyChanged, .statusChanged: break
    }
  }

  /// Later, unless it has died until then; when the handset sleeps, after that.
  private func later(_ delay: Duration, _ body: @escaping (SimulatedDaemon) -> Void) {
    world.after(delay) { [self] in
      handset.whenAwake { [self] in if !isDead { body(self) } }
    }
  }

  // MARK: Disk

  private func writeSpool(_ write: SpoolWrite, _ messages: [SpooledMessage]) {
    if let delay = handset.disk.delay {
      later(delay) { daemon in
        let new = daemon.new(messages)
        for message in messages where !daemon.handset.disk.isFull { daemon.handset.disk.spool[message.id] = message }
        daemon.finishWrite(write, new, succeeded: !daemon.handset.disk.isFull)
        daemon.pump()
      }
      return
    }
    if handset.disk.isFull {
      finishWrite(write, messages, succeeded: false)
      return
    }
    // It may die before all of them count, or when they do and nobody has been told.
    if let dying, dying.actions < messages.count {
      let isWritten = dying.actions * 2 >= messages.count
      handset.trace("dies writing", messages.count, isWritten ? "all" : "none")
      if isWritten {
        let new = new(messages)
        for message in messages { handset.disk.spool[message.id] = message }
        world.ledger.stored(new, handset)
      }
      die(dying.death, pause: dying.pause)
      return
    }
    dying?.actions -= messages.count
    let new = new(messages)
    for message in messages { handset.disk.spool[message.id] = message }
    finishWrite(write, new, succeeded: true)
  }

  /// Without those that only get another tag.
  private func new(_ messages: [SpooledMessage]) -> [SpooledMessage] {
    messages.filter { handset.disk.spool[$0.id] == nil }
  }

  /// The loop that carries actions out goes on by itself.
  private func finishWrite(_ write: SpoolWrite, _ messages: [SpooledMessage], succeeded: Bool) {
    handset.trace("spool", messages.count, succeeded ? "" : "failed")
    if succeeded { world.ledger.stored(messages, handset) }
    machine.wall = handset.wall
    machine.spoolWritten(write, succeeded: succeeded, now: handset.clock)
  }

  // MARK: Records

  func wasGiven(_ message: Int) { given.insert(message) }
  func wasNotGiven(_ message: Int) { given.remove(message) }

  private func book(_ record: DecisionRecord) {
    records.append(record)
    handset.trace(
      "record", record.parts,
      "\(record.direction) \(record.route.rawValue) \(record.reason?.rawValue ?? "-") \(record.outcome.rawValue)")
    world.ledger.recorded(record, handset)
    handset.check(record)
  }

  // MARK: The modem

  private func openModem() {
    later(stream.time(3_000, 800_000)) { daemon in
      guard daemon.handset.modem.isPluggedIn else {
        daemon.tell { $0.modemOpenFailed(reason: "no such device", now: $1) }
        return
      }
      daemon.isModemOpen = true
      daemon.modemSession = daemon.handset.modem.session
      let watch = Ledger.Watch(start: daemon.world.now)
      daemon.modemWatch = watch
      daemon.handset.watches.append(watch)
      daemon.handset.modem.opened()
      daemon.tell { $0.modemOpened(now: $1) }
    }
  }

  private func sendToModem(_ request: ModemRequestID, _ frame: QMUXFrame, _ timeout: Duration) {
    guard isModemOpen else {
      later(.microseconds(100)) { daemon in daemon.tell { $0.modemFailed(request, .notSent, now: $1) } }
      return
    }
    if frame.service == .wms { world.ledger.givenToModem(frame, handset) }
    var frame = frame
    if frame.isControl {
      lastTransaction = lastTransaction == .max ? 1 : lastTransaction + 1
      frame.transaction = UInt16(lastTransaction)
    }
    let key = PendingKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)
    pending[key] = request
    if frame.isControl, frame.messageID == CTL.ID.allocateClientID { allocations.insert(key) }
    handset.modem.send(frame, in: modemSession)
    let watch = modemWatch
    // The machine gives up on some requests before the shell does.
    if frame.messageID != WMS.ID.rawSend, frame.messageID != WMS.ID.sendFromMemoryStorage {
      later(.seconds(3)) { daemon in
        if daemon.pending[key] == request { watch?.troubles.append(daemon.world.now) }
      }
    }
    later(timeout) { daemon in
      guard daemon.pending[key] == request else { return }
      daemon.pending[key] = nil
      watch?.troubles.append(daemon.world.now)
      daemon.handset.trace("request timed out", Int(key.transaction))
      daemon.tell { $0.modemFailed(request, .timedOut, now: $1) }
    }
  }

  func modemSent(_ frame: QMUXFrame) {
    guard !isDead, isModemOpen else { return }
    if frame.kind == .indication {
      tell { $0.modemIndicated(frame, now: $1) }
      return
    }
    let key = PendingKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)
    guard let request = pending.removeValue(forKey: key) else { return }
    allocations.remove(key)
    if frame.result?.isSuccess == false { modemWatch?.troubles.append(world.now) }
    tell { $0.modemResponded(request, frame, now: $1) }
  }

  /// - Parameter session: the device opened in an earlier one is gone.
  func modemWent(before session: Int) {
    guard !isDead, isModemOpen, modemSession < session else { return }
    isModemOpen = false
    modemWatch?.ended = world.now
    modemWatch = nil
    pending = [:]
    allocations = []
    tell { $0.modemRemoved(reason: "unplugged", now: $1) }
  }

  // MARK: Clients

  func connect(_ program: any QMIProgram) -> ClientSocket {
    lastConnection += 1
    let connection = ClientConnection(rawValue: lastConnection)
    let socket = ClientSocket(connection, program, self)
    sockets[connection] = socket
    tell { $0.clientConnected(connection, now: $1) }
    return socket
  }

  func receive(_ octets: [UInt8], from socket: ClientSocket, of message: Int?) {
    world.at(socket.toDaemon.arrival(world.now, after: stream.span(50, 2_000))) { [self] in
      handset.whenAwake { [self] in
        guard !isDead, socket.isOpenAtDaemon else { return }
        if let message { wasGiven(message) }
        tell { machine, now in octets.withUnsafeBytes { machine.clientSent($0, from: socket.connection, now: now) } }
      }
    }
  }

  func closedByProgram(_ socket: ClientSocket) {
    world.at(socket.toDaemon.arrival(world.now, after: stream.span(50, 2_000))) { [self] in
      handset.whenAwake { [self] in
        guard !isDead, socket.isOpenAtDaemon else { return }
        socket.isOpenAtDaemon = false
        sockets[socket.connection] = nil
        tell { $0.clientClosed(socket.connection, now: $1) }
      }
    }
  }

  private func closeAtDaemon(_ socket: ClientSocket) {
    socket.isOpenAtDaemon = false
    world.at(socket.toProgram.arrival(world.now, after: stream.span(50, 2_000))) { [handset] in
      handset.whenAwake {
        guard socket.isOpenAtProgram else { return }
        socket.isOpenAtProgram = false
        socket.program.wasClosed(socket)
      }
    }
  }

  // MARK: The relay

  func pathOpened(_ path: RelayPath) {
    guard !isDead, links[path.connection] === path else { return }
    tell { [keyHash = world.laboratory.keyHash] in $0.relayConnected(path.connection, certificateKeyHash: keyHash, now: $1) }
  }

  func pathReceived(_ octets: [UInt8], _ path: RelayPath) {
    guard !isDead, links[path.connection] === path else { return }
    tell { machine, now in octets.withUnsafeBytes { machine.relayReceived($0, on: path.connection, now: now) } }
  }

  func pathClosed(_ path: RelayPath, _ reason: String) {
    guard !isDead, links[path.connection] === path else { return }
    links[path.connection] = nil
    tell { $0.relayClosed(path.connection, reason: reason, now: $1) }
  }

  /// The run is over: what holds on to one another lets go.
  func tearDown() {
    isDead = true
    links = [:]
    sockets = [:]
  }

  func networkChanged(isAvailable: Bool) { tell { $0.networkChanged(isAvailable: isAvailable, now: $1) } }
}
