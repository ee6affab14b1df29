internal import Handset
internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Telephony
internal import VirtualModem

/// A phone: modem, disk, clocks and network, the daemon and ModemManager as processes, and a person who opts in and out.
final class SimulatedHandset {
  static let home = try? HomeNetwork(mcc: "404", mnc: "45")

  unowned let world: World
  let index: Int
  let plan: PlannedHandset
  let number: PhoneNumber
  let link: VirtualCarrier.LinkID
  private(set) var modem: SimulatedModem!
  var disk = SimulatedDisk()
  /// Nil while it does not run.
  private(set) var daemon: SimulatedDaemon?
  private(set) var messenger: SimulatedMessenger!
  let network: SimulatedNetwork
  var fromCarrier = Lane()
  var stream: SeededStream

  // MARK: State of the machine

  private(set) var isPowered = true
  private var sleptAt: Duration?
  private var isGoingToSleep = false
  /// What came while it slept.
  private var parked: [() -> Void] = []
  /// How wrong the wall clock is, in milliseconds.
  private(set) var clockOffset: Int64 = 0
  /// When the clock was wrong; without an end: it is.
  private var wrongClocks: [(start: Duration, end: Duration?)] = []
  private(set) var consentChanges: [Duration] = []
  private(set) var lastWake: Duration?
  private(set) var powerCuts: [Duration] = []
  /// Messages that were written to the modem's storage to be sent from there, by index.
  var storedSends: [UInt32: Int] = [:]
  private(set) var lastSIMChange: Duration?
  private(set) var hasOtherSIM = false
  private(set) var isSIMReadable = true
  private(set) var wantsShunt = false
  private(set) var lives = 0
  /// Each time that a daemon had the modem, in order.
  var watches: [Ledger.Watch] = []
  private var lastCall: UInt64 = 0
  private var busMessages: [HandsetCall: Int] = [:]
  private var answered: Set<UInt64> = []

  init(_ world: World, index: Int, plan: PlannedHandset) {
    self.world = world
    self.index = index
    self.plan = plan
    number = world.laboratory.numbers[index]
    link = VirtualCarrier.LinkID(rawValue: UInt64(index + 1))
    stream = SeededStream(seed: world.plan.seed, "handset", index)
    network = SimulatedNetwork(world, index: index)
    modem = SimulatedModem(self)
    messenger = SimulatedMessenger(self)
  }

  /// Switches it on for the first time.
  func boot() {
    world.carrier.connect(self)
    modem.connectToCarrier()
    switch plan.enrolment {
    case .before:
      wantsShunt = true
      disk.files = world.laboratory.files(of: index)
    case .at(let time): world.at(World.start + time) { [unowned self] in setConsent(true) }
    case .never: break
    }
    startDaemon()
    messenger.restart()
  }

  func trace(_ event: StaticString, _ value: Int = 0, _ detail: @autoclosure () -> String = "") {
    world.trace.add(world.now, index, event, value, detail())
  }

  // MARK: Clocks and sleep

  /// The monotonic clock of the machine, which goes on while it sleeps (`CLOCK_BOOTTIME`).
  var clock: Duration { world.now }
  var wall: WallTime { WallTime(millisecondsSince1970: world.wall.millisecondsSince1970 + clockOffset) }
  var isAsleep: Bool { sleptAt != nil }

  /// Does something as soon as the processor runs.
  func whenAwake(_ body: @escaping () -> Void) {
    if isAsleep { parked.append(body) } else { body() }
  }

  /// - Parameter isTold: logind tells shuntd, and waits for it, but no longer than five seconds.
  private func suspend(for pause: Duration, isTold: Bool) {
    guard isPowered, !isAsleep else { return }
    isGoingToSleep = true
    if isTold, let daemon {
      trace("prepares for sleep")
      world.after(.seconds(5)) { [unowned self] in letSleep() }
      daemon.tell { $0.prepareForSleep(now: $1) }
    } else {
      letSleep()
    }
    world.after(.seconds(5) + pause) { [unowned self] in wake() }
  }

  func letSleep() {
    guard isGoingToSleep, isPowered, !isAsleep else { return }
    isGoingToSleep = false
    trace("sleep")
    sleptAt = world.now
  }

  private func wake() {
    guard isAsleep else { return }
    sleptAt = nil
    lastWake = world.now
    trace("wake", parked.count)
    let bodies = parked
    parked = []
    for body in bodies { body() }
    daemon?.tell { $0.resumed(now: $1) }
  }

  // MARK: Processes

  func startDaemon() {
    guard isPowered, daemon == nil else { return }
    lives += 1
    trace("daemon starts", lives, "spool \(disk.spool.count)")
    let daemon = SimulatedDaemon(self, life: lives)
    self.daemon = daemon
    daemon.start()
  }

  /// The daemon is no more; another is started after a while.
  func daemonEnded(after pause: Duration) {
    daemon = nil
    for (_, message) in busMessages.sorted(by: { $0.value < $1.value }) { world.ledger.answered(message, .unanswered, self) }
    busMessages = [:]
    world.after(pause) { [unowned self] in whenAwake { [unowned self] in startDaemon() } }
  }

  func powerFails(for pause: Duration) {
    guard isPowered else { return }
    trace("power fails")
    disk.clientIDs = []
    disk.concluded = []
    powerCuts.append(world.now)
    isPowered = false
    isGoingToSleep = false
    sleptAt = nil
    parked = []
    messenger.kill()
    modem.unplug(isTold: false)
    network.powerFailed()
    world.after(pause) { [unowned self] in powerReturns() }
  }

  private func powerReturns() {
    isPowered = true
    trace("power returns")
    modem.plugIn()
    startDaemon()
    messenger.restart()
  }

  // MARK: Carrier

  func carrierSent(_ event: CarrierLink.Event) { modem.carrierSent(event) }

  // MARK: The person

  func ask(_ request: HandsetRequest) -> HandsetCall? {
    guard let daemon, !isAsleep else { return nil }
    lastCall += 1
    let call = HandsetCall(rawValue: lastCall)
    daemon.tell { $0.handle(request, call, now: $1) }
    return call
  }

  func setConsent(_ isGiven: Bool) {
    wantsShunt = isGiven
    consentChanges.append(world.now)
    trace(isGiven ? "enable" : "disable")
    if ask(isGiven ? .enable(number: number.e164) : .disable) == nil {
      // shuntctl says that shuntd is not running.
      world.after(.seconds(3)) { [unowned self] in if wantsShunt == isGiven { setConsent(isGiven) } }
    }
  }

  /// - Returns: false when shuntd does not run.
  func sendOverBus(_ message: PlannedMessage, to number: String) -> Bool {
    guard daemon != nil, !isAsleep else { return false }
    let call = HandsetCall(rawValue: lastCall + 1)
    busMessages[call] = message.index
    world.ledger.asked(message.index, self, isFirst: true)
    daemon?.wasGiven(message.index)
    return ask(.send(number: number, text: Ledger.text(message))) != nil
  }

  func replied(_ call: HandsetCall, _ reply: HandsetReply) {
    if !answered.insert(call.rawValue).inserted { world.violated(.contract, "h\(index): call \(call.rawValue) was answered twice") }
    trace("reply", Int(call.rawValue))
    guard let message = busMessages.removeValue(forKey: call) else { return }
    switch reply {
    case .row(let fields):
      let isSent = fields.contains(HandsetField("outcome", "sent")) || fields.contains(HandsetField("outcome", "delivered"))
      world.ledger.answered(message, isSent ? .succeeded : .failed, self)
    case .rows, .error:
      // Without a decision there is no record either.
      daemon?.wasNotGiven(message)
      world.ledger.answered(message, .failed, self)
    }
  }

  // MARK: Faults

  func begin(_ fault: PlannedFault) {
    let pause = fault.duration
    switch fault.kind {
    case .daemonKilled: daemon?.dies(afterActions: fault.amount, .killed, pause: pause)
    case .powerCut:
      if let daemon { daemon.dies(afterActions: fault.amount, .powerCut, pause: pause) } else { powerFails(for: pause) }
    case .daemonRestarted: whenAwake { [unowned self] in daemon?.shutDown(pause: pause) }
    case .messengerKilled:
      messenger.kill()
      world.after(pause) { [unowned self] in messenger.restart() }
    case .clientVanished: if !isAsleep { StrayClient(self, idCount: fault.amount).start(for: pause) }
    case .diskFull:
      disk.isFull = true
      world.after(pause) { [unowned self] in disk.isFull = false }
    case .diskSlow:
      disk.delay = .milliseconds(fault.amount)
      world.after(pause) { [unowned self] in disk.delay = nil }
    case .suspended: suspend(for: pause, isTold: fault.chance & 3 != 0)
    case .clockJumped:
      setClock(Int64(fault.amount) * (fault.chance & 1 == 0 ? 1 : 1_000))
      world.after(pause) { [unowned self] in setClock(0) }
    case .modemUnplugged:
      modem.unplug(isTold: true)
      world.after(pause) { [unowned self] in if isPowered { modem.plugIn() } }
    case .simSwapped: swapSIM(for: pause)
    case .consentWithdrawn:
      guard plan.enrolment != .never else { return }
      setConsent(false)
      world.after(pause) { [unowned self] in setConsent(true) }
    case .storageFull:
      messenger.keepsEverything = true
      world.after(pause) { [unowned self] in messenger.tidyUp() }
    case .modemSilent, .answersLost, .answersLate, .modemErrors, .indicationsRepeated, .noService: modem.begin(fault)
    case .networkLost, .networkChanged, .blackHole, .networkSlow, .connectionCut: network.begin(fault, self)
    default: break
    }
  }

  private func setClock(_ offset: Int64) {
    guard clockOffset != offset else { return }
    clockOffset = offset
    if let last = wrongClocks.indices.last, wrongClocks[last].end == nil { wrongClocks[last].end = world.now }
    if offset != 0 { wrongClocks.append((world.now, nil)) }
    trace("clock", Int(offset))
  }

  /// Whether the wall clock was wrong at any time in between.
  func hadWrongClock(from start: Duration, to end: Duration) -> Bool {
    wrongClocks.contains { $0.start <= end && ($0.end ?? end) >= start }
  }

  /// Whether the person opted in or out in between.
  func changedConsent(from start: Duration, to end: Duration) -> Bool {
    consentChanges.contains { (start...max(start, end)).contains($0) }
  }

  /// The run is over.
  func tearDown() {
    daemon?.tearDown()
    daemon = nil
    messenger.tearDown()
    parked = []
    network.tearDown()
  }

  /// Another SIM, which the carrier does not serve.
  private func swapSIM(for pause: Duration) {
    guard !hasOtherSIM else { return }
    trace("another SIM")
    hasOtherSIM = true
    noteSIMChange()
    isSIMReadable = false
    modem.cardChanged()
    modem.loseService()
    world.after(.seconds(1)) { [unowned self] in
      isSIMReadable = true
      modem.cardChanged()
    }
    world.after(pause) { [unowned self] in
      trace("its SIM again")
      hasOtherSIM = false
      noteSIMChange()
      modem.cardChanged()
      modem.regainService()
    }
  }

  /// A handset that sleeps hears of it when it wakes up.
  private func noteSIMChange() {
    lastSIMChange = world.now
    whenAwake { [unowned self] in lastSIMChange = world.now }
  }

  func heal() {
    isGoingToSleep = false
    if isAsleep { wake() } else { daemon?.tell { $0.resumed(now: $1) } }
    disk.isFull = false
    disk.delay = nil
    setClock(0)
    modem.heal()
    network.heal(self)
    world.after(.seconds(180)) { [unowned self] in reconsider() }
  }

  /// A person who wants Shunt, and finds that it does not work, asks for it again.
  private func reconsider() {
    guard wantsShunt, let daemon else { return }
    if daemon.state != "registered" { setConsent(true) }
  }

  // MARK: Identity

  var identity: DeviceIdentity {
    let own = modem.identity
    let other = world.laboratory.spareIdentity
    let sim = hasOtherSIM ? other : own
    return DeviceIdentity(
      imei: own.imei, imsi: isSIMReadable ? sim.imsi : nil, iccid: isSIMReadable ? sim.iccid : nil,
      homeNetwork: sim.homeNetwork, registrationState: "registered", isRoaming: false, servingCountry: "404")
  }
}
