internal import Handset
internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony
internal import VirtualModem

/// Handsets, a relay and a carrier under one clock that only events move. All that passes between them takes time, so that nothing
/// answers in the middle of an event.
final class World {
  static let start: Duration = .seconds(100)
  static let wallStart = WallTime(millisecondsSince1970: 1_790_000_000_000)
  /// From the last message or fault until everything has to have settled: above every limit there is, with a restart of all
  /// clients in it.
  static let settlingTime: Duration = .seconds(2_400)

  let plan: SimulationPlan
  let laboratory: Laboratory
  let trace: Trace
  let ledger: Ledger
  private(set) var now: Duration = start
  private(set) var handsets: [SimulatedHandset] = []
  private(set) var relay: SimulatedRelay!
  private(set) var carrier: SimulatedCarrier!
  /// Faults are over.
  private(set) var isHealing = false
  private(set) var violations: [Violation] = []
  private(set) var faultCounts: [FaultKind: Int] = [:]
  private var queue = EventQueue()
  private let firstWall: WallTime

  /// More than any run has: a machine that wakes itself up for ever is a fault, not a wait.
  private static let eventLimit = 20_000_000

  init(_ plan: SimulationPlan, laboratory: Laboratory, keepsTrace: Bool, wall: WallTime = wallStart) {
    self.plan = plan
    firstWall = wall
    self.laboratory = laboratory
    trace = Trace(keepsLines: keepsTrace)
    ledger = Ledger(plan)
    ledger.world = self
    relay = SimulatedRelay(self)
    carrier = SimulatedCarrier(self)
    handsets = plan.handsets.indices.map { SimulatedHandset(self, index: $0, plan: plan.handsets[$0]) }
    for handset in handsets { handset.boot() }
  }

  var wall: WallTime { firstWall.adding(now - Self.start) }

  // MARK: Time

  func after(_ delay: Duration, _ body: @escaping () -> Void) { queue.add(at: now + max(.zero, delay), body) }

  func at(_ time: Duration, _ body: @escaping () -> Void) { queue.add(at: max(now, time), body) }

  /// Sees to it that an alarm goes off at `due`, or before.
  func arm(_ alarm: Alarm, at due: Duration?) {
    guard let due else { return }
    // A machine that has more to do gets another turn, in which time has passed.
    let time = due <= now ? now + .microseconds(100) : due
    if let armed = alarm.due, armed <= time { return }
    alarm.due = time
    alarm.generation += 1
    let generation = alarm.generation
    queue.add(at: time) {
      guard alarm.generation == generation else { return }
      alarm.due = nil
      alarm.fire()
    }
  }

  /// Does all of the plan, and lets it settle.
  func run() {
    for message in plan.messages { at(Self.start + message.time) { [unowned self] in write(message, tries: 0) } }
    for fault in plan.faults { at(Self.start + fault.time) { [unowned self] in begin(fault) } }
    let end = Self.start + plan.end
    advance(to: end)
    heal()
    advance(to: end + Self.settlingTime / 2)
    // Whatever a client missed, its next start finds.
    for handset in handsets { handset.messenger.restart(tidiesUp: true) }
    advance(to: end + Self.settlingTime)
    check()
  }

  /// What is planned, and who waits for whom, holds on to the world until this.
  func tearDown() {
    queue = EventQueue()
    for handset in handsets { handset.tearDown() }
    relay.tearDown()
  }

  // MARK: Enrolment

  /// Lets all handsets register and look each other up.
  ///
  /// - Returns: what they, and the relay, then have on disk; nil when that did not come about.
  func enrolAll() -> (files: [[StateFile: [UInt8]]], registrations: [NumberToken: RelayRegistration])? {
    advance(to: now + .seconds(120))
    for handset in handsets {
      guard handset.daemon?.session == "online" else { return nil }
      _ = handset.ask(.lookUp(numbers: handsets.map(\.number.e164).filter { $0 != handset.number.e164 }))
    }
    advance(to: now + .seconds(60))
    for handset in handsets { handset.daemon?.shutDown(pause: .seconds(86_400)) }
    advance(to: now + .seconds(10))
    let files = handsets.map(\.disk.files)
    guard files.allSatisfy({ $0.count == StateFile.allCases.count || $0[.tokens] != nil }) else { return nil }
    return (files, relay.store)
  }

  private func advance(to end: Duration) {
    while let due = queue.nextDue, due <= end, let event = queue.removeFirst() {
      now = max(now, event.due)
      event.body()
      guard trace.count < Self.eventLimit else {
        violated(.endless, "more than \(Self.eventLimit) events")
        return
      }
    }
    now = max(now, end)
  }

  // MARK: Messages

  private func write(_ message: PlannedMessage, tries: Int) {
    let handset = handsets[message.from]
    let isWritten: Bool
    switch message.way {
    // A person sees the first one gone, or failed, before saying it again; and the carrier's clock has moved on, so that two are two.
    case _ where message.repeats.map { !ledger.wasAnswered($0, before: now - .seconds(2)) } ?? false: isWritten = false
    case .injected:
      ledger.fates[message.index]?.requested = now
      carrier.inject(message, to: handsets[message.to])
      isWritten = true
    case .bus: isWritten = handset.sendOverBus(message, to: handsets[message.to].number.e164)
    case .shortCode: isWritten = handset.messenger.send(message, to: "1909")
    case .rawSend, .storage: isWritten = handset.messenger.send(message, to: handsets[message.to].number.e164)
    }
    // An app without a modem has the person wait.
    if !isWritten, tries < 30 { after(.seconds(2)) { [unowned self] in write(message, tries: tries + 1) } }
  }

  // MARK: Faults

  private func begin(_ fault: PlannedFault) {
    faultCounts[fault.kind, default: 0] += 1
    trace.add(now, Trace.world, "fault", fault.index, "\(fault.kind.rawValue) at h\(fault.handset) for \(fault.duration)")
    let handset = handsets[fault.handset]
    switch fault.kind {
    case .relayKilled, .relayPowerCut, .relayRestarted, .relayStoreFails: relay.begin(fault)
    case .carrierRejects, .carrierAnswersLate, .carrierDeliversLate, .carrierLoses, .carrierSilent, .carrierDuplicates:
      carrier.begin(fault, at: handset)
    default: handset.begin(fault)
    }
    checkQueues()
  }

  private func heal() {
    isHealing = true
    trace.add(now, Trace.world, "heal")
    relay.heal()
    carrier.heal()
    for handset in handsets { handset.heal() }
  }

  var figures: SimulationFigures {
    ledger.figures(faults: faultCounts, events: trace.count, virtualTime: now - Self.start)
  }

  func violated(_ kind: Violation.Kind, _ text: @autoclosure () -> String) {
    guard violations.count < 20 else { return }
    let violation = Violation(kind: kind, text: text())
    guard !violations.contains(violation) else { return }
    violations.append(violation)
    trace.add(now, Trace.world, "VIOLATION", violations.count, violation.description)
  }
}

/// A timer of one machine.
final class Alarm {
  var due: Duration?
  var generation = 0
  var fire: () -> Void = {}
}

/// Octets or frames on their way, in order: what is sent later arrives no sooner.
struct Lane {
  private var last: Duration = .zero

  mutating func arrival(_ now: Duration, after latency: Duration) -> Duration {
    last = max(last, now + latency)
    return last
  }
}
