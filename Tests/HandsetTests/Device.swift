import Interposer
import QMI
import RelayProtocol
import Routing
import Sealing
import Telephony
import VirtualModem

@testable import Handset

/// A phone: a handset machine with the shell that a daemon would be, its disk, its modem and its messaging program.
final class Device {
  unowned let world: World
  let number: PhoneNumber
  let carrierLink: VirtualCarrier.LinkID
  var modem: VirtualModem
  /// What the SIM and the modem say they are.
  var sim: ModemIdentity
  /// Nil while the daemon does not run.
  private(set) var handset: Handset?
  var configuration: HandsetConfiguration

  // MARK: What a person could see

  private(set) var records: [DecisionRecord] = []
  private(set) var notes: [String] = []
  private(set) var replies: [HandsetCall: HandsetReply] = [:]
  private(set) var changedKeys: [PhoneNumber] = []
  private(set) var connectCount = 0
  private(set) var openCount = 0
  private(set) var identityReadCount = 0
  /// When the system was let sleep.
  private(set) var letSleeps: [Duration] = []
  /// Called each time a timer wakes the daemon.
  var onWakeUp: () -> Void = {}

  // MARK: Its disk

  var files: [StateFile: [UInt8]] = [:]
  /// Files that can't be read now.
  var unreadable: Set<StateFile> = []
  var spool: [StoredMessageID: SpooledMessage] = [:]
  private(set) var damagedSpool: [String] = []
  private(set) var clientIDs: [UInt8] = []
  private(set) var concluded: [UInt8] = []
  var diskIsFull = false
  /// True: writes are answered by `finishWrites`.
  var diskIsSlow = false
  private var slowWrites: [(SpoolWrite, [SpooledMessage])] = []

  // MARK: Its faults

  /// Why the modem can't be opened.
  var openFailure: String?
  /// False: no way to the relay, and what is under way is lost.
  private(set) var hasNetwork = true
  /// True: the link looks up, but nothing passes.
  var isBlackHole = false
  /// What becomes of octets from the relay.
  var tamper: (([UInt8]) -> [UInt8])?
  /// How wrong its clock is, in milliseconds.
  var clockOffset: Int64 = 0
  /// False: the SIM can't be read.
  var hasSIM = true

  private var epoch = 0
  private var messengers: [ClientConnection: Messenger] = [:]
  private var lastConnection: UInt64 = 0
  private var lastCall: UInt64 = 0
  private var links: [RelayConnection: RelayConnectionID] = [:]
  private var connecting: Set<RelayConnection> = []
  private var isModemOpen = false
  private var pending: [PendingKey: ModemRequestID] = [:]
  private var lastTransaction: UInt8 = 0

  private struct PendingKey: Hashable {
    let service: QMIService
    let client: ClientID
    let transaction: UInt16
  }

  /// - Parameter knows: numbers whose tokens are cached, which spares the test their making.
  init(_ world: World, _ number: String, isEnrolled: Bool = false, knows: [Device] = []) throws {
    self.world = world
    self.number = try PhoneNumber(e164: number)
    sim = try ModemIdentity(number: self.number, homeNetwork: World.home)
    modem = VirtualModem(configuration: .init(identity: sim), now: world.now, wallTime: world.wall)
    carrierLink = VirtualCarrier.LinkID(rawValue: UInt64(world.devices.count + 1))
    configuration = HandsetConfiguration(
      interposer: Interposer.Configuration(device: "/dev/cdc-wdm0"), trust: TestRelay.trust)
    world.add(self)
    modem.carrierConnected(now: world.now)
    if isEnrolled { try enrol() }
    for other in knows { try learn(other) }
  }

  /// Two enrolled devices that have written to each other before, with their programs running.
  static func pair(_ world: World) throws -> (Device, Device) {
    let alice = try Device(world, "+919876543210", isEnrolled: true)
    let bob = try Device(world, "+919876500000", isEnrolled: true)
    try alice.learn(bob)
    try bob.learn(alice)
    for device in [alice, bob] {
      device.start()
      device.messenger = Messenger(device)
      device.messenger.start()
    }
    world.run(until: { alice.isOnline && bob.isOnline && alice.messenger.isReady && bob.messenger.isReady })
    return (alice, bob)
  }

  /// As if the person had enabled it days ago.
  func enrol() throws {
    let key = try IdentityKey()
    let expires = UInt64(world.wall.millisecondsSince1970 / 1000) + 86_400
    let token = TestRelay.token(number)
    var enrolment = Enrolment()
    enrolment.enable(number: number)
    enrolment.register(
      Registration(token: token, expires: expires, generation: TestRelay.generation), identity: deviceIdentity,
      salt: [UInt8](repeating: 7, count: 16))
    files[.identityKey] = key.rawRepresentation
    files[.enrolment] = enrolment.serialized
    world.relay.store[token] = RelayRegistration(
      identity: key.publicKey, token: token, generation: TestRelay.generation, registered: 0, expires: expires)
  }

  /// As if this device had written to the other before.
  func learn(_ other: Device) throws {
    try learn(number: other.number.e164)
  }

  func learn(number: String, generation: TokenGeneration = TestRelay.generation) throws {
    let number = try PhoneNumber(e164: number)
    var cache = files[.tokens].map(TokenCache.init(serialized:)) ?? TokenCache()
    cache.store(
      TestRelay.token(number, generation: generation), for: number, generation: generation, wall: world.wall)
    files[.tokens] = cache.serialized
  }

  lazy var messenger = Messenger(self)

  var identityKey: IdentityPublicKey? {
    files[.identityKey].flatMap { try? IdentityKey(rawRepresentation: $0) }?.publicKey
  }

  var deviceIdentity: DeviceIdentity {
    DeviceIdentity(
      imei: sim.imei, imsi: hasSIM ? sim.imsi : nil, iccid: hasSIM ? sim.iccid : nil, homeNetwork: sim.homeNetwork,
      registrationState: "registered", isRoaming: false, servingCountry: "404")
  }

  // MARK: The daemon's life

  func start() {
    epoch += 1
    handset = Handset(
      configuration: configuration, state: PersistedState(
        files: files.filter { !unreadable.contains($0.key) }, unreadable: unreadable,
        spool: spool.values.sorted { $0.id < $1.id }, clientIDs: clientIDs, concluded: concluded),
      classifier: TestClassifier(), generator: SeededGenerator(seed: world.generator.next()), now: world.now,
      wall: wall)
    pump()
  }

  /// The daemon dies; nothing that it did not write survives.
  func kill() {
    handset = nil
    epoch += 1
    isModemOpen = false
    pending = [:]
    for (connection, messenger) in messengers { messenger.wasClosed(connection) }
    messengers = [:]
    for link in links.values { world.relay.closed(link) }
    links = [:]
    connecting = []
  }

  func tell(_ event: (inout Handset, Duration) -> Void) {
    guard handset != nil else { return }
    handset?.wall = wall
    event(&handset!, world.now)
    pump()
  }

  private var wall: WallTime { WallTime(millisecondsSince1970: world.wall.millisecondsSince1970 + clockOffset) }

  var deadlines: [Duration?] { [handset?.nextDeadline, modem.nextDeadline] }

  func timeReached() {
    if let deadline = handset?.nextDeadline, deadline <= world.now {
      onWakeUp()
      tell { $0.timeReached(now: $1) }
    }
    if let deadline = modem.nextDeadline, deadline <= world.now { modem.timeReached(world.now) }
    pump()
  }

  func pump() {
    while let action = handset?.nextAction() { perform(action) }
    while let action = modem.nextAction() {
      switch action {
      case .sendToHost(let frame): later(.microseconds(500)) { $0.modemSent(frame) }
      case .sendToCarrier(let request): world.send(request, of: self)
      case .unplugged:
        isModemOpen = false
        pending = [:]
        tell { $0.modemRemoved(reason: "unplugged", now: $1) }
      }
    }
  }

  /// Later, unless the daemon has died until then.
  private func later(_ delay: Duration, _ body: @escaping (Device) -> Void) {
    let epoch = epoch
    world.after(delay) { [weak self] in
      guard let self, self.epoch == epoch else { return }
      body(self)
    }
  }

  private func perform(_ action: HandsetAction) {
    switch action {
    case .sendToClient(let connection, let octets):
      later(.microseconds(100)) { $0.messengers[connection]?.received(octets) }
    case .closeClient(let connection, _): later(.microseconds(100)) { $0.messengers.removeValue(forKey: connection)?.wasClosed(connection) }
    case .openModem: openModem()
    case .sendToModem(let request, let frame, let timeout): sendToModem(request, frame, timeout)
    case .readIdentity:
      identityReadCount += 1
      later(.milliseconds(50)) { device in device.tell { $0.identityRead(device.deviceIdentity, now: $1) } }
    case .readServingNetwork:
      later(.milliseconds(20)) { device in
        device.tell {
          $0.servingNetworkRead(registrationState: "registered", isRoaming: false, country: "404", now: $1)
        }
      }
    case .connectToRelay(let connection): connect(connection)
    case .sendToRelay(let octets, let connection):
      guard let link = links[connection], !isBlackHole else { return }
      later(.milliseconds(20)) { $0.world.relay.received(octets, on: link) }
    case .closeRelay(let connection):
      connecting.remove(connection)
      guard let link = links.removeValue(forKey: connection) else { return }
      later(.milliseconds(20)) { $0.world.relay.closed(link) }
    case .write(let file, let octets): files[file] = octets
    case .remove(let file): files[file] = nil
    case .writeSpool(let write, let messages):
      guard !diskIsSlow else {
        slowWrites.append((write, messages))
        return
      }
      if !diskIsFull { for message in messages { spool[message.id] = message } }
      handset?.spoolWritten(write, succeeded: !diskIsFull, now: world.now)
    case .removeFromSpool(let id): spool[id] = nil
    case .eraseInSpool(let kept): spool[kept.id] = diskIsFull ? nil : kept
    case .setAsideInSpool(let id): damagedSpool.append(SpooledMessage.damagedFileName(of: id)); spool[id] = nil
    case .record(let record): records.append(record)
    case .note(_, let text): notes.append(text)
    case .reply(let call, let reply):
      precondition(replies[call] == nil, "answered twice")
      replies[call] = reply
    case .keepClientIDs(let octets): clientIDs = octets
    case .keepConcluded(let octets): concluded = octets
    case .letSleep: letSleeps.append(world.now)
    case .keyChanged(let number): changedKeys.append(number)
    case .statusChanged: break
    }
  }

  func finishWrites() {
    let writes = slowWrites
    slowWrites = []
    for (write, messages) in writes {
      for message in messages { spool[message.id] = message }
      tell { $0.spoolWritten(write, succeeded: true, now: $1) }
    }
  }

  // MARK: The modem

  private func openModem() {
    openCount += 1
    later(.milliseconds(5)) { device in
      if let failure = device.openFailure ?? (device.modem.isPluggedIn ? nil : "no such device") {
        device.tell { $0.modemOpenFailed(reason: failure, now: $1) }
      } else {
        device.isModemOpen = true
        device.modem.hostReopened(now: device.world.now)
        device.tell { $0.modemOpened(now: $1) }
      }
    }
  }

  private func sendToModem(_ request: ModemRequestID, _ frame: QMUXFrame, _ timeout: Duration) {
    var frame = frame
    if frame.isControl {
      lastTransaction = lastTransaction == .max ? 1 : lastTransaction + 1
      frame.transaction = UInt16(lastTransaction)
    }
    let key = PendingKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)
    pending[key] = request
    later(.microseconds(500)) { [frame] device in device.modem.hostSent(frame, now: device.world.now) }
    later(timeout) { device in
      guard device.pending[key] == request else { return }
      device.pending[key] = nil
      device.tell { $0.modemFailed(request, .timedOut, now: $1) }
    }
  }

  private func modemSent(_ frame: QMUXFrame) {
    guard isModemOpen else { return }
    if frame.kind == .indication {
      tell { $0.modemIndicated(frame, now: $1) }
      return
    }
    let key = PendingKey(service: frame.service, client: frame.clientID, transaction: frame.transaction)
    guard let request = pending.removeValue(forKey: key) else { return }
    tell { $0.modemResponded(request, frame, now: $1) }
  }

  func unplug() {
    modem.unplug(now: world.now)
    pump()
  }

  func plugIn() {
    modem.plugIn(now: world.now)
    tell { $0.modemAppeared(now: $1) }
    pump()
  }

  /// The bus loses the modem, which goes on by itself, and has it again.
  func loseNode() {
    openFailure = "no such device"
    isModemOpen = false
    pending = [:]
    tell { $0.modemRemoved(reason: "unplugged", now: $1) }
  }

  func findNode() {
    openFailure = nil
    modem.hostReopened(now: world.now)
    tell { $0.modemAppeared(now: $1) }
  }

  // MARK: Its programs

  func connect(_ messenger: Messenger) -> ClientConnection? {
    guard handset != nil else { return nil }
    lastConnection += 1
    let connection = ClientConnection(rawValue: lastConnection)
    messengers[connection] = messenger
    tell { $0.clientConnected(connection, now: $1) }
    return connection
  }

  func clientSent(_ octets: [UInt8], from connection: ClientConnection) {
    later(.microseconds(100)) { device in
      device.tell { handset, now in
        octets.withUnsafeBytes { handset.clientSent($0, from: connection, now: now) }
      }
    }
  }

  func disconnect(_ connection: ClientConnection) {
    messengers[connection] = nil
    tell { $0.clientClosed(connection, now: $1) }
  }

  // MARK: The relay

  /// Connects to it over a network that may be down.
  private func connect(_ connection: RelayConnection) {
    connectCount += 1
    connecting.insert(connection)
    later(.milliseconds(30)) { device in
      guard device.connecting.remove(connection) != nil else { return }
      guard device.hasNetwork, let link = device.world.relay.connect(device, connection) else {
        device.tell { $0.relayClosed(connection, reason: "connection refused", now: $1) }
        return
      }
      device.links[connection] = link
      device.tell { $0.relayConnected(connection, certificateKeyHash: TestRelay.keyHash, now: $1) }
      device.world.relay.secured(link)
    }
  }

  func relayReceived(_ octets: [UInt8], on connection: RelayConnection) {
    guard links[connection] != nil, !isBlackHole else { return }
    let octets = tamper?(octets) ?? octets
    // In two pieces, as a network may.
    let middle = octets.count / 2
    for piece in [octets[..<middle], octets[middle...]] {
      tell { handset, now in
        piece.withUnsafeBytes { handset.relayReceived($0, on: connection, now: now) }
      }
    }
  }

  func relayClosed(_ connection: RelayConnection, _ reason: String) {
    guard links.removeValue(forKey: connection) != nil else { return }
    tell { $0.relayClosed(connection, reason: reason, now: $1) }
  }

  /// The network goes: both ends see the connection break.
  func cutNetwork() {
    hasNetwork = false
    for (connection, link) in links {
      world.relay.closed(link)
      relayClosed(connection, "network is unreachable")
    }
  }

  func restoreNetwork() {
    hasNetwork = true
    tell { $0.networkChanged(isAvailable: true, now: $1) }
  }

  // MARK: Sleep

  func prepareForSleep() { tell { $0.prepareForSleep(now: $1) } }
  func resume() { tell { $0.resumed(now: $1) } }

  var isOnline: Bool { world.relay.isOnline(number) && handset?.isOnline == true }
  var isConnected: Bool { !links.isEmpty }

  // MARK: The person

  @discardableResult
  func ask(_ request: HandsetRequest) -> HandsetCall {
    lastCall += 1
    let call = HandsetCall(rawValue: lastCall)
    tell { $0.handle(request, call, now: $1) }
    return call
  }

  /// Asks, and lets time pass until the answer is there.
  func answer(to request: HandsetRequest, limit: Duration = .seconds(60)) -> HandsetReply? {
    let call = ask(request)
    world.run(until: { self.replies[call] != nil }, limit: limit)
    return replies[call]
  }

  var state: String? { handset?.status.text("state") }

  /// The last record that went one way.
  func record(_ direction: Direction) -> DecisionRecord? { records.last { $0.direction == direction } }
}

extension [HandsetField] {
  func text(_ key: String) -> String? {
    for field in self where field.key == key {
      if case .text(let text) = field.value { return text }
    }
    return nil
  }
}

extension [HandsetField] {
  func number(_ key: String) -> Int64? {
    for field in self where field.key == key {
      if case .number(let number) = field.value { return number }
    }
    return nil
  }
}

extension HandsetReply {
  var errorName: HandsetError.Name? { if case .error(let error) = self { error.name } else { nil } }
  var row: [HandsetField]? { if case .row(let row) = self { row } else { nil } }
}

extension Handset {
  var isOnline: Bool { relay.status == .ready && link.sessionKey != nil }
}

extension DecisionRecord {
  /// Route, reason and outcome in one word, for comparing.
  var summary: String { "\(route.rawValue) \(reason?.rawValue ?? "-") \(outcome.rawValue)" }
}

/// Numbers by simple rules: India at home.
struct TestClassifier: NumberClassifier {
  func classify(_ dialled: String, home: String?, serving: String?) -> DialledNumber {
    if dialled == "112" || (serving == "IN" || home == "IN") && dialled == "100" { return .emergency }
    if dialled.hasPrefix("+") { return (try? PhoneNumber(e164: dialled)).map { .international($0) } ?? .unroutable }
    if dialled.utf8.count <= 6 { return .short }
    guard home == "IN", dialled.utf8.count == 10, let number = try? PhoneNumber(e164: "+91" + dialled) else {
      return .unroutable
    }
    return .international(number)
  }
}
