/// Why a recipient was shown both copies of a message, and nobody could have known better. The design bounds how long and by
/// what means copies are recognised; these are its edges, counted apart from faults.
public enum DuplicateExcuse: String, Sendable, CaseIterable {
  /// The carrier itself brought more than one copy.
  case carrierBroughtMore = "carrier-brought-more"
  /// The copies came more than ten minutes apart, or shuntd had the modem again so long after the first.
  case tooLate = "too-late"
  /// The sender's handset fell asleep, without a word to shuntd, before the acknowledgement came, and used the carrier when
  /// it woke up, so late that the same words may be said again.
  case senderSlept = "sender-slept"
  /// The modem would not let shuntd read or delete the copy.
  case modemFailed = "modem-failed"
  /// The carrier's copy was shown while the one by IP was still being written, and the device failed before it could take that back.
  case diedTakingBack = "died-taking-back"
  /// The same words were said twice, and one of them came by IP and by carrier: with the other's copy by carrier, which is whose
  /// nobody can tell.
  case saidTwice = "said-twice"
  /// The sender's or the recipient's wall clock was wrong.
  case wrongClock = "wrong-clock"
  /// The recipient opted out in between, by which everything is forgotten.
  case optedOut = "opted-out"
}

/// What came of the runs, counted.
public struct SimulationFigures: Sendable, Equatable {
  public var seeds = 0
  /// Texts that a client handed over, or a program at the carrier sent.
  public var messages = 0
  // Where they ended; each in one.
  public var shownByIP = 0
  public var shownByCarrier = 0
  public var shownTwice = 0
  /// Not shown, and the client knows.
  public var failed = 0
  /// Not shown, and the client was not told anything: the one who would have told died, or the modem said nothing.
  public var unanswered = 0
  /// Not shown: taken by the carrier, and lost there.
  public var lostByCarrier = 0
  /// Not shown: the same words had come by IP shortly before, and they were taken for the carrier's copy of those.
  public var takenForCopy = 0
  /// For a service number, which has no handset here.
  public var takenByCarrier = 0
  /// None of these: see the violations.
  public var lost = 0

  /// Of those shown twice: why.
  public var excuses: [DuplicateExcuse: Int] = [:]
  public var faults: [FaultKind: Int] = [:]
  public var violations: [Violation.Kind: Int] = [:]
  public var records = 0
  public var events = 0
  public var virtualTime: Duration = .zero

  public init() {}

  public var faultCount: Int { faults.values.reduce(0, +) }
  public var violationCount: Int { violations.values.reduce(0, +) }
  /// Shown twice without an excuse.
  public var duplicated: Int { shownTwice - excuses.values.reduce(0, +) }

  public static func += (left: inout SimulationFigures, right: SimulationFigures) {
    left.seeds += right.seeds
    left.messages += right.messages
    left.shownByIP += right.shownByIP
    left.shownByCarrier += right.shownByCarrier
    left.shownTwice += right.shownTwice
    left.failed += right.failed
    left.unanswered += right.unanswered
    left.lostByCarrier += right.lostByCarrier
    left.takenForCopy += right.takenForCopy
    left.takenByCarrier += right.takenByCarrier
    left.lost += right.lost
    left.excuses.merge(right.excuses, uniquingKeysWith: +)
    left.faults.merge(right.faults, uniquingKeysWith: +)
    left.violations.merge(right.violations, uniquingKeysWith: +)
    left.records += right.records
    left.events += right.events
    left.virtualTime += right.virtualTime
  }
}

extension Ledger {
  func figures(faults: [FaultKind: Int], events: Int, virtualTime: Duration) -> SimulationFigures {
    var figures = SimulationFigures()
    figures.seeds = 1
    figures.faults = faults
    figures.events = events
    figures.virtualTime = virtualTime
    figures.records = recordCount
    for violation in world.violations { figures.violations[violation.kind, default: 0] += 1 }
    for index in fates.keys.sorted() {
      guard let fate = fates[index], fate.message.repeats == nil else { continue }
      let said = fates(like: index).filter { $0.requested != nil }
      figures.messages += said.count
      let tooMany = fate.shownByIP > 0 && fate.shownByCarrier > 0 ? max(0, fate.shownByIP + fate.shownByCarrier - said.count) : 0
      for _ in 0..<min(tooMany, said.count) {
        figures.shownTwice += 1
        if let excuse = world.excuse(fate) { figures.excuses[excuse, default: 0] += 1 }
      }
      let once = max(0, said.count - tooMany)
      let byIP = min(once, fate.shownByIP - min(fate.shownByIP, tooMany))
      let byCarrier = min(once - byIP, fate.shownByCarrier - min(fate.shownByCarrier, tooMany))
      figures.shownByIP += byIP
      figures.shownByCarrier += byCarrier
      // Those who were told least may have been shown least.
      let unshown = said.sorted { ($0.answer == .succeeded ? 1 : 0) < ($1.answer == .succeeded ? 1 : 0) }
        .prefix(once - byIP - byCarrier)
      for one in unshown { count(one, on: fate, said, &figures) }
    }
    return figures
  }

  private func count(_ fate: Fate, on way: Fate, _ said: [Fate], _ figures: inout SimulationFigures) {
    let wasLostByCarrier = said.count == 1 ? way.wasLostByCarrier : fate.answer == .succeeded && !way.dropped.isEmpty
    switch fate.answer {
    case _ where wasLostByCarrier: figures.lostByCarrier += 1
    case .succeeded where world.isTakenForCopy(way, said): figures.takenForCopy += 1
    case .failed: figures.failed += 1
    case .unanswered: figures.unanswered += 1
    case .succeeded where fate.message.way == .shortCode: figures.takenByCarrier += 1
    case .none where fate.message.way == .injected && !fate.wasTakenByCarrier: figures.failed += 1
    case .none, .succeeded: figures.lost += 1
    }
  }
}
