/// Everything that will be done in one run, drawn from a seed beforehand: who there is, what is written, and what breaks. A
/// part of a plan is a plan again, which is how a failing one is made small.
public struct SimulationPlan: Sendable {
  public let seed: UInt64
  public internal(set) var handsets: [PlannedHandset]
  public internal(set) var messages: [PlannedMessage]
  public internal(set) var faults: [PlannedFault]
  /// When the last of them begins.
  public let end: Duration

  /// - Parameters:
  ///   - handsets: 2 or more.
  ///   - kinds: nil: some that the seed chooses.
  ///   - faultCount: nil: as many as the seed says.
  public init(
    seed: UInt64, handsets count: Int, messages messageCount: Int, only kinds: [FaultKind]? = nil, faultCount: Int? = nil
  ) {
    self.seed = seed
    var stream = SeededStream(seed: seed, "plan")
    handsets = Self.handsets(count, &stream)
    let pace = stream.pick([1, 3, 10, 10, 30])
    (messages, end) = Self.messages(messageCount, among: count, pace: pace, seed: seed)
    faults = Self.faults(kinds, faultCount, until: end, handsets: count, messageCount: messageCount, seed: seed)
  }

  /// Handsets that all enable Shunt, and nothing else.
  static func enrolment(handsets count: Int) -> SimulationPlan {
    var plan = SimulationPlan(seed: 0, handsets: count, messages: 0)
    plan.faults = []
    plan.handsets = (0..<count).map { index in
      PlannedHandset(
        enrolment: .at(.seconds(1 + index)), deletesWhatItReads: true, listsFirst: false, storageCapacity: 100)
    }
    return plan
  }

  // MARK: Handsets

  private static func handsets(_ count: Int, _ stream: inout SeededStream) -> [PlannedHandset] {
    // Someone without Shunt in every fifth world; someone who enables it in every fiftieth.
    let stranger = stream.chance(perMille: 200) ? stream.below(count) : nil
    let late = stream.chance(perMille: 20) ? stream.below(count) : nil
    return (0..<count).map { index in
      let enrolment: PlannedHandset.Enrolment =
        index == stranger ? .never : index == late ? .at(stream.time(1_000_000, 60_000_000)) : .before
      return PlannedHandset(
        enrolment: enrolment, deletesWhatItReads: stream.chance(perMille: 700),
        listsFirst: stream.chance(perMille: 500), storageCapacity: stream.pick([30, 60, 250]))
    }
  }

  // MARK: Messages

  private static func messages(
    _ count: Int, among handsets: Int, pace: Int, seed: UInt64
  ) -> ([PlannedMessage], Duration) {
    var stream = SeededStream(seed: seed, "messages")
    var time: Duration = .seconds(5)
    var messages: [PlannedMessage] = []
    for index in 0..<count {
      // Bursts, pauses, and once in a while a night.
      if stream.chance(perMille: 700) { time += stream.span(10_000, pace * 2_000_000) }
      if stream.chance(perMille: 1) { time += stream.time(3_600_000_000, 93_600_000_000) }
      let from = stream.below(handsets)
      let to = (from + 1 + stream.below(handsets - 1)) % handsets
      let way: PlannedMessage.Way =
        switch stream.below(100) {
        case 0..<4: .injected
        case 4..<6: .shortCode
        case 6..<9: .bus
        case 9..<19: .storage
        default: .rawSend
        }
      // Somebody says the same once more, on purpose.
      if stream.chance(perMille: 30), let said = stream.pick(repeatable(messages, before: time)) {
        messages.append(
          PlannedMessage(
            index: index, time: time, from: said.from, to: said.to, way: said.way, parts: 1, isWide: said.isWide,
            wantsReport: said.wantsReport, repeats: said.index))
        continue
      }
      let isShort = stream.chance(perMille: 800) || way == .storage
      let parts = isShort ? 1 : stream.within(stream.chance(perMille: 900) ? 2...4 : 5...12)
      messages.append(
        PlannedMessage(
          index: index, time: time, from: from, to: to, way: way, parts: parts, isWide: stream.chance(perMille: 100),
          wantsReport: stream.chance(perMille: 100)))
    }
    return (messages, time + .seconds(10))
  }

  /// Of the last few messages, those of one part that have not been said twice.
  private static func repeatable(_ messages: [PlannedMessage], before time: Duration) -> [PlannedMessage?] {
    let repeated = Set(messages.compactMap(\.repeats))
    let recent = messages.suffix(6).filter {
      $0.parts == 1 && ($0.way == .rawSend || $0.way == .bus) && $0.repeats == nil && !repeated.contains($0.index)
        && time - $0.time >= .seconds(2)
    }
    return recent.isEmpty ? [nil] : recent
  }

  // MARK: Faults

  private static func faults(
    _ chosen: [FaultKind]?, _ count: Int?, until end: Duration, handsets: Int, messageCount: Int, seed: UInt64
  ) -> [PlannedFault] {
    var stream = SeededStream(seed: seed, "swarm")
    // A few kinds at a time, each often: what needs three of one kind would otherwise hardly ever happen.
    let swarm = FaultKind.allCases.filter { kind in
      stream.chance(perMille: kind.isCostly ? 15 : 220)
    }
    let kinds = chosen ?? swarm
    guard !kinds.isEmpty else { return [] }
    let total = count ?? max(1, messageCount * stream.within(5...40) / 100)
    let span = Int(end.components.seconds) * 1_000_000
    var faults: [PlannedFault] = []
    for index in 0..<total {
      let kind = stream.pick(kinds)
      if kind.isCostly, faults.contains(where: { $0.kind == kind }) { continue }
      let shape = kind.shape
      faults.append(
        PlannedFault(
          index: index, kind: kind, time: stream.time(0, span), handset: stream.below(handsets),
          duration: stream.span(shape.shortest, shape.longest), amount: stream.within(shape.amount), chance: stream.next()))
    }
    return faults.sorted { ($0.time, $0.index) < ($1.time, $1.index) }
  }

  // MARK: Parts of a plan

  /// The same with these messages and faults only, by their indexes.
  public func keeping(messages: Set<Int>? = nil, faults: Set<Int>? = nil) -> SimulationPlan {
    var plan = self
    if let messages {
      // What is said again has to have been said before.
      plan.messages.removeAll { !messages.contains($0.index) || $0.repeats.map { !messages.contains($0) } ?? false }
    }
    if let faults { plan.faults.removeAll { !faults.contains($0.index) } }
    return plan
  }
}

/// One phone and the person it belongs to.
public struct PlannedHandset: Sendable {
  enum Enrolment: Sendable, Equatable {
    /// Enabled and registered before the run begins.
    case before
    /// Enabled in the run.
    case at(Duration)
    case never
  }

  let enrolment: Enrolment
  let deletesWhatItReads: Bool
  /// Lists what is stored before asking for reports, as ModemManager 1.20 does, which misses what comes in between until its
  /// next start.
  let listsFirst: Bool
  /// Room for messages in the modem.
  let storageCapacity: Int
}

/// A text that somebody writes. No two texts of a run are equal, so that each copy that turns up somewhere can be told; but some
/// are said twice, by the same person to the same, and those two count together.
public struct PlannedMessage: Sendable {
  enum Way: Sendable, Equatable {
    /// Raw Send, part after part.
    case rawSend
    /// Raw Write, then Send From Memory Storage.
    case storage
    /// `shuntctl send`.
    case bus
    /// Raw Send to a service number, which is no subscriber here.
    case shortCode
    /// From a program at the carrier, such as a bank.
    case injected
  }

  public let index: Int
  let time: Duration
  let from: Int
  let to: Int
  let way: Way
  let parts: Int
  /// Coded in 16 bits.
  let isWide: Bool
  let wantsReport: Bool
  /// The index of the message whose words are said again.
  var repeats: Int?
}

/// Something that will break.
public struct PlannedFault: Sendable {
  public let index: Int
  public let kind: FaultKind
  let time: Duration
  let handset: Int
  let duration: Duration
  /// How much of it; its meaning depends on the kind.
  let amount: Int
  /// For what else is left to chance.
  let chance: UInt64
}

extension FaultKind {
  /// How long it lasts, in microseconds, and how much of it there is.
  var shape: (shortest: Int, longest: Int, amount: ClosedRange<Int>) {
    switch self {
    case .daemonKilled, .powerCut: (1_000_000, 60_000_000, 0...80)
    case .daemonRestarted: (100_000, 20_000_000, 0...0)
    case .messengerKilled: (100_000, 20_000_000, 0...0)
    case .clientVanished: (10_000, 20_000_000, 1...3)
    case .diskFull: (100_000, 60_000_000, 0...0)
    case .diskSlow: (100_000, 60_000_000, 10...9_000)
    case .suspended: (100_000, 1_800_000_000, 0...0)
    case .clockJumped: (1_000_000, 600_000_000, -100_000...100_000)
    case .modemUnplugged: (10_000, 60_000_000, 0...0)
    case .modemSilent, .answersLost, .modemErrors: (1_000_000, 60_000_000, 1...6)
    case .answersLate: (1_000_000, 60_000_000, 10...40_000)
    case .indicationsRepeated: (1_000_000, 120_000_000, 0...0)
    case .storageFull: (1_000_000, 300_000_000, 0...0)
    case .simSwapped: (1_000_000, 120_000_000, 0...0)
    case .carrierRejects, .carrierLoses, .carrierSilent: (1_000_000, 120_000_000, 1...5)
    case .carrierAnswersLate: (1_000_000, 120_000_000, 100...60_000)
    case .carrierDeliversLate: (1_000_000, 120_000_000, 100...900_000)
    case .carrierDuplicates: (1_000_000, 120_000_000, 2...3)
    case .noService: (100_000, 120_000_000, 0...0)
    case .networkLost, .networkChanged, .blackHole: (10_000, 120_000_000, 0...0)
    case .networkSlow: (100_000, 120_000_000, 100...6_000)
    case .connectionCut: (0, 0, 0...0)
    case .relayKilled, .relayPowerCut: (100_000, 30_000_000, 0...80)
    case .relayRestarted: (100_000, 10_000_000, 0...0)
    case .relayStoreFails: (100_000, 30_000_000, 0...0)
    case .consentWithdrawn: (1_000_000, 120_000_000, 0...0)
    }
  }
}
