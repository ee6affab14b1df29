internal import Telephony
internal import VirtualModem

/// The carrier with its links, and what it does to messages.
///
/// It may refuse a message, answer or deliver it late, take it and lose it, say nothing, or bring it more than once. What it
/// takes and loses is not Shunt's to find; its record shows it.
final class SimulatedCarrier {
  /// A program at the carrier: banks, and the relay's code sender.
  static let program = VirtualCarrier.LinkID(rawValue: 1_000)

  private unowned let world: World
  private(set) var machine: VirtualCarrier
  private let alarm = Alarm()
  private var stream: SeededStream
  private var recordCount = 0

  init(_ world: World) {
    self.world = world
    stream = SeededStream(seed: world.plan.seed, "carrier")
    machine = VirtualCarrier(now: world.now, wallTime: world.wall)
    machine.connected(Self.program, now: world.now)
    alarm.fire = { [weak self] in self?.timeReached() }
  }

  // MARK: Links

  func connect(_ handset: SimulatedHandset) {
    machine.connected(handset.link, now: world.now)
    pump()
  }

  func disconnect(_ handset: SimulatedHandset) {
    machine.disconnected(handset.link, now: world.now)
    pump()
  }

  func received(_ request: CarrierLink.Request, from link: VirtualCarrier.LinkID) {
    machine.received(request, from: link, now: world.now)
    pump()
  }

  func inject(_ message: PlannedMessage, to handset: SimulatedHandset) {
    received(
      .inject(id: 1, sender: "+15550\(100 + message.index)", recipient: handset.number, text: Ledger.text(message)),
      from: Self.program)
  }

  func sendCode(_ code: String, to number: PhoneNumber) {
    received(.inject(id: 2, sender: "+15550099", recipient: number, text: "Shunt code: \(code)"), from: Self.program)
  }

  // MARK: Faults

  func begin(_ fault: PlannedFault, at handset: SimulatedHandset) {
    let number = handset.number.e164
    let match: CarrierRule.Match = fault.chance & 1 == 0 ? .sender(number) : .recipient(number)
    let effect: CarrierRule.Effect
    var count: Int? = 1 + Int(fault.chance >> 1 & 3)
    switch fault.kind {
    case .carrierRejects: effect = .reject(RPCause(rawValue: fault.chance & 2 == 0 ? 21 : 38), failureCause: nil)
    case .carrierAnswersLate: effect = .delayAnswer(.milliseconds(fault.amount))
    case .carrierDeliversLate: effect = .delay(.milliseconds(fault.amount))
    case .carrierLoses: effect = .drop
    case .carrierSilent: effect = .silence
    case .carrierDuplicates: effect = .repeated(fault.amount)
    default: return
    }
    // Verification codes are the relay's affair: they come, or the person asks again.
    if fault.kind == .carrierRejects || fault.kind == .carrierLoses { count = fault.amount }
    machine.add(CarrierRule(match: match, effect: effect, count: count))
    world.after(fault.duration) { [unowned self] in machine.removeAllRules() }
  }

  func heal() { machine.removeAllRules() }

  // MARK: Inside

  private func timeReached() {
    if let deadline = machine.nextDeadline, deadline <= world.now { machine.timeReached(world.now) }
    pump()
  }

  private func pump() {
    while let action = machine.nextAction() {
      guard case .send(let event, let link) = action,
        let handset = world.handsets.first(where: { $0.link == link })
      else { continue }
      let latency = stream.span(2_000, 200_000)
      world.at(handset.fromCarrier.arrival(world.now, after: latency)) { handset.carrierSent(event) }
    }
    readRecords()
    world.arm(alarm, at: machine.nextDeadline)
  }

  /// Books what has passed.
  private func readRecords() {
    while recordCount < machine.records.count {
      let record = machine.records[recordCount]
      recordCount += 1
      world.trace.add(
        world.now, Trace.carrier, "record", Int(record.kind.rawValue),
        "\(record.kind) \(record.outcome) \(record.sender) to \(record.recipient): \(record.text.prefix(8))"
          + (record.part.map { " \($0.number)/\($0.total)" } ?? ""))
      guard record.kind == .submit || record.kind == .inject, let message = Ledger.message(in: record.text) else { continue }
      let part = record.part.map { Int($0.number) } ?? 1
      switch record.outcome {
      case .accepted:
        world.ledger.fates[message]?.submitted[part, default: 0] += 1
        if world.ledger.fates[message]?.submittedFirst == nil { world.ledger.fates[message]?.submittedFirst = world.now }
      case .dropped: world.ledger.fates[message]?.dropped[part, default: 0] += 1
      case .refused, .unanswered: break
      }
    }
  }
}
