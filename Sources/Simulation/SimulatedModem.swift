internal import Handset
internal import Interposer
internal import QMI
internal import Telephony
internal import VirtualModem

/// The modem at its port, with the character device that the daemon opens, and the radio.
///
/// The device keeps frames in order and loses none; the modem itself may lose a request, or an answer, answer late or with an
/// error, tell of a message twice, fill up, and be unplugged. What it has stored it keeps.
final class SimulatedModem {
  private unowned let handset: SimulatedHandset
  private unowned let world: World
  private(set) var machine: VirtualModem
  private let alarm = Alarm()
  let identity: ModemIdentity
  private var stream: SeededStream
  private var toHost = Lane()
  private var toModem = Lane()
  private var toCarrier = Lane()
  /// Counts up when it is plugged in: what was under way to the device before is gone.
  private(set) var session = 0
  /// Client ids, at most, that it was about to give to a daemon that died.
  var lostIDs = 0
  private var lostAnswers = 0
  private var repeatsIndications = false
  private var isServed = true

  init(_ handset: SimulatedHandset) {
    self.handset = handset
    world = handset.world
    stream = SeededStream(seed: handset.world.plan.seed, "modem", handset.index)
    identity = handset.world.laboratory.identities[handset.index]
    var configuration = VirtualModem.Configuration(identity: identity)
    configuration.deviceCapacity = handset.plan.storageCapacity
    machine = VirtualModem(configuration: configuration, now: world.now, wallTime: world.wall)
    alarm.fire = { [weak self] in self?.timeReached() }
  }

  var isPluggedIn: Bool { machine.isPluggedIn }

  // MARK: Radio

  func connectToCarrier() {
    machine.carrierConnected(now: world.now)
    pump()
  }

  func loseService() {
    guard isServed else { return }
    isServed = false
    handset.trace("no service")
    machine.carrierDisconnected(now: world.now)
    pump()
    world.carrier.disconnect(handset)
  }

  func regainService() {
    guard !isServed, !handset.hasOtherSIM else { return }
    isServed = true
    handset.trace("service")
    world.carrier.connect(handset)
    machine.carrierConnected(now: world.now)
    pump()
  }

  func carrierSent(_ event: CarrierLink.Event) {
    // The radio is gone with its power, and the carrier hears of that.
    guard machine.isPluggedIn, isServed else { return }
    machine.carrierSent(event, now: world.now)
    if case .deliver(let id, let tpdu) = event { deliveries[id] = tpdu }
    pump()
  }

  private var deliveries: [UInt32: [UInt8]] = [:]

  // MARK: Port

  func unplug(isTold: Bool) {
    guard machine.isPluggedIn else { return }
    lostIDs = 0
    handset.trace("unplugged")
    session += 1
    machine.unplug(now: world.now)
    pump(tellsHost: isTold)
  }

  func plugIn() {
    guard !machine.isPluggedIn else { return }
    session += 1
    handset.trace("plugged in")
    machine.plugIn(now: world.now)
    pump()
    handset.whenAwake { [handset] in handset.daemon?.tell { $0.modemAppeared(now: $1) } }
  }

  /// UIM Card Status, to all clients of the service.
  func cardChanged() {
    guard machine.isPluggedIn else { return }
    let builder = QMIMessageBuilder(
      .indication, service: .uim, client: .broadcast, transaction: 0, message: MessageID(rawValue: 0x0032))
    sendToHost(builder.finish())
  }

  func opened() { machine.hostReopened(now: world.now) }

  /// Octets written to the device, as it was opened in a session.
  func send(_ frame: QMUXFrame, in session: Int) {
    world.at(toModem.arrival(world.now, after: stream.span(100, 5_000))) { [unowned self] in
      guard self.session == session else { return }
      machine.hostSent(frame, now: world.now)
      pump()
    }
  }

  private func sendToHost(_ frame: QMUXFrame) {
    let session = session
    world.at(toHost.arrival(world.now, after: stream.span(100, 5_000))) { [unowned self] in
      handset.whenAwake { [unowned self] in
        guard self.session == session else { return }
        handset.daemon?.modemSent(frame)
      }
    }
  }

  // MARK: Faults

  func begin(_ fault: PlannedFault) {
    let kinds: [MessageID?] = [nil, WMS.ID.rawSend, WMS.ID.rawRead, WMS.ID.listMessages, WMS.ID.eventReport, WMS.ID.delete]
    let message = kinds[Int(fault.chance % UInt64(kinds.count))]
    let service: QMIService = fault.chance >> 32 & 7 == 0 ? .control : .wms
    switch fault.kind {
    case .modemSilent: add(service, message, .silence, fault.amount)
    case .answersLate: add(service, message, .delay(.milliseconds(fault.amount)), 3)
    case .modemErrors: add(service, message, .failure(fault.chance >> 40 & 1 == 0 ? .internal : .noEntry), fault.amount)
    case .answersLost: lostAnswers += fault.amount
    case .indicationsRepeated: repeatsIndications = true
    case .noService: loseService()
    default: return
    }
    world.after(fault.duration) { [unowned self] in end(fault.kind) }
  }

  private func add(_ service: QMIService, _ message: MessageID?, _ effect: ModemFault.Effect, _ count: Int) {
    let message = service == .control ? nil : message
    machine.add(ModemFault(service: service, message: message, effect: effect, count: count))
  }

  private func end(_ kind: FaultKind) {
    switch kind {
    case .answersLost: lostAnswers = 0
    case .indicationsRepeated: repeatsIndications = false
    case .noService: regainService()
    default: machine.removeAllFaults()
    }
  }

  func heal() {
    machine.removeAllFaults()
    lostAnswers = 0
    repeatsIndications = false
    regainService()
    if handset.isPowered { plugIn() }
  }

  // MARK: Inside

  private func timeReached() {
    if let deadline = machine.nextDeadline, deadline <= world.now { machine.timeReached(world.now) }
    pump()
  }

  private func pump(tellsHost: Bool = true) {
    while let action = machine.nextAction() {
      switch action {
      case .sendToHost(let frame):
        if frame.kind == .response, frame.service == .wms, lostAnswers > 0 {
          lostAnswers -= 1
          handset.trace("answer lost", Int(frame.messageID.rawValue))
          continue
        }
        sendToHost(frame)
        if frame.kind == .indication, repeatsIndications { sendToHost(frame) }
      case .sendToCarrier(let request):
        if case .deliverResult(let id, let outcome) = request { delivered(id, outcome) }
        guard isServed else { continue }
        let latency = stream.span(2_000, 200_000)
        world.at(toCarrier.arrival(world.now, after: latency)) { [unowned self] in
          world.carrier.received(request, from: handset.link)
        }
      case .unplugged:
        guard tellsHost else { continue }
        handset.whenAwake { [handset, session] in handset.daemon?.modemWent(before: session) }
      }
    }
    world.arm(alarm, at: machine.nextDeadline)
  }

  /// Books a message that the modem has taken.
  private func delivered(_ id: UInt32, _ outcome: CarrierLink.TransferOutcome) {
    guard let tpdu = deliveries.removeValue(forKey: id), outcome == .accepted,
      let deliver = try? SMSDeliver(decoding: tpdu),
      let (message, part) = Ledger.part(deliver.userData, deliver.dataCodingScheme, deliver.concatenation)
    else { return }
    handset.trace("modem took", message, "part \(part)")
    let copy = Ledger.CarrierCopy(time: world.now, told: Ledger.Told())
    world.ledger.fates[message]?.copies[part, default: []].append(copy)
    handset.whenAwake { [world] in copy.told.time = world.now }
  }
}
