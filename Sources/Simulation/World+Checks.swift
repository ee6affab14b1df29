internal import Handset
internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Telephony
internal import VirtualModem

/// What has to be so, at any time and when all is quiet.
extension World {
  /// No queue is longer than its bound.
  func checkQueues() {
    for handset in handsets {
      for queue in handset.daemon?.queues ?? [] where queue.count > queue.bound {
        violated(.queue, "h\(handset.index): \(queue.name) holds \(queue.count) of \(queue.bound)")
      }
    }
    for queue in relay.hub?.queues ?? [] where queue.count > queue.bound {
      violated(.queue, "relay: \(queue.name) holds \(queue.count) of \(queue.bound)")
    }
  }

  /// After everything had time to settle.
  func check() {
    for handset in handsets {
      for shown in handset.messenger.inbox.shown {
        guard let fate = ledger.fates[shown.message] else { continue }
        if fate.message.to != handset.index {
          violated(.lost, "m\(shown.message) was shown at h\(handset.index) instead of h\(fate.message.to)")
        }
        if shown.isByIP {
          ledger.fates[shown.message]?.shownByIP += 1
        } else {
          ledger.fates[shown.message]?.shownByCarrier += 1
        }
      }
    }
    for index in ledger.fates.keys.sorted() { checkFate(index) }
    checkQueues()
    for handset in handsets { checkRest(handset) }
    checkRelay()
  }

  // MARK: Messages

  private func checkFate(_ index: Int) {
    guard let fate = ledger.fates[index], fate.message.repeats == nil else { return }
    let said = ledger.fates(like: index).filter { $0.requested != nil }
    guard !said.isEmpty else { return }
    let shown = fate.shownByIP + fate.shownByCarrier
    let promises = said.count { $0.answer == .succeeded || $0.message.way == .injected && $0.wasTakenByCarrier }
    let losses = said.count == 1 ? (fate.wasLostByCarrier ? 1 : 0) : fate.dropped.values.max() ?? 0
    if shown < promises - losses, fate.message.way != .shortCode, !isTakenForCopy(fate, said) {
      violated(
        .lost,
        "m\(index) from h\(fate.message.from) to h\(fate.message.to), \(fate.message.parts) parts, said \(said.count) times: "
          + "stored by IP \(fate.storedByIP.count) times, \(fate.carrierCopies) copies by carrier")
    }
    if max(fate.storedByIP.count, fate.shownByIP) > said.count {
      violated(
        .duplicated, "m\(index) at h\(fate.message.to): stored by IP \(fate.storedByIP.count) times, shown \(fate.shownByIP) times")
    }
    // Whole copies of the same part cannot always be told apart, so a modem may have more of them than were shown.
    if fate.shownByCarrier > max(fate.carrierCopies, fate.copies.values.map(\.count).max() ?? 0) {
      violated(
        .duplicated,
        "m\(index) at h\(fate.message.to): shown \(fate.shownByCarrier) times by carrier, which brought \(fate.carrierCopies)")
    }
    if fate.shownByIP > 0, fate.shownByCarrier > 0, shown > said.count, excuse(fate) == nil {
      let copies = fate.copies.sorted { $0.key < $1.key }.map { "part \($0.key) at \($0.value.map(\.time))" }
      violated(
        .duplicated,
        "m\(index) from h\(fate.message.from) at h\(fate.message.to): by IP at \(fate.storedByIP), by carrier \(copies)")
    }
  }

  /// Why nobody could know that the carrier's copy of a message is one.
  func excuse(_ fate: Ledger.Fate) -> DuplicateExcuse? {
    let said = ledger.fates(like: fate.message.index).compactMap(\.requested)
    guard let byIP = fate.storedByIP.first, let asked = said.min() else { return nil }
    let copies = fate.copies.values.flatMap(\.self)
    guard let first = copies.map(\.time).min(), let last = copies.map(\.time).max() else { return nil }
    if copies.count > min(fate.message.parts * said.count, fate.submitted.values.reduce(0, +)) { return .carrierBroughtMore }
    if abs(from: byIP, to: last) > RecentMessages.window || abs(from: byIP, to: first) > RecentMessages.window { return .tooLate }
    if let submitted = fate.submittedFirst, submitted - byIP > .seconds(45) { return .senderSlept }
    for copy in copies {
      guard let told = copy.told.time else { continue }
      for watch in handsets[fate.message.to].watches where watch.ended.map({ $0 > told }) ?? true {
        // Watched or found: reading, deciding and deleting may take so long.
        let settled = max(told, watch.start) + .seconds(12)
        if watch.troubles.contains(where: { (copy.time...settled).contains($0) }) { return .modemFailed }
        if abs(from: byIP, to: settled) > RecentMessages.window { return .tooLate }
        if watch.ended.map({ $0 > settled }) ?? true { break }
      }
    }
    let (sender, recipient) = (handsets[fate.message.from], handsets[fate.message.to])
    let end = max(byIP, last)
    if sender.hadWrongClock(from: asked, to: end) || recipient.hadWrongClock(from: asked, to: end) { return .wrongClock }
    if recipient.changedConsent(from: min(byIP, first), to: end) { return .optedOut }
    if first <= byIP, recipient.watches.contains(where: { $0.ended.map { (byIP...byIP + .seconds(1)).contains($0) } ?? false }) {
      return .diedTakingBack
    }
    if said.count == 2, fate.shownByIP + fate.shownByCarrier == 3, fate.carrierCopies == 2 { return .saidTwice }
    return nil
  }

  /// Whether the second of two equal texts may have been taken for the copy of the first: that came by IP, and the second by the
  /// carrier so soon after that it might be, without the recipient having heard that the sender knows.
  func isTakenForCopy(_ fate: Ledger.Fate, _ said: [Ledger.Fate]) -> Bool {
    guard said.count == 2, let copies = fate.copies[1], let submitted = fate.submittedFirst else { return false }
    return copies.contains { copy in
      guard let stored = fate.storedByIP.first(where: { abs(from: $0, to: submitted) < .seconds(80) }) else { return false }
      let known = fate.concluded.count { $0 < copy.time }
      return known < fate.storedByIP.count { $0 < copy.time }
        || handsets[fate.message.to].powerCuts.contains { (stored...stored + RecentMessages.window).contains($0) }
    }
  }

  private func abs(from one: Duration, to other: Duration) -> Duration { one < other ? other - one : one - other }

  // MARK: Rest

  private func checkRest(_ handset: SimulatedHandset) {
    let place = "h\(handset.index)"
    guard let daemon = handset.daemon else {
      violated(.leftOver, "\(place): shuntd does not run")
      return
    }
    let missing = ledger.checkRecords(daemon, handset)
    if missing > 0 { violated(.record, "\(place), life \(daemon.life): \(missing) records are missing") }
    for queue in daemon.queues where queue.restsEmpty && queue.count > 0 {
      violated(.leftOver, "\(place): \(queue.name) holds \(queue.count)")
    }
    let failed = ledger.fates.values.reduce(0) { count, fate in
      guard fate.message.from == handset.index, fate.message.repeats == nil else { return count }
      let said = ledger.fates(like: fate.message.index)
      let known = said.count { $0.answer == .succeeded || $0.answer == .unanswered }
      return count + min(said.count { $0.answer == .failed }, max(0, fate.storedByIP.count - known))
    }
    if failed > ledger.failedAfterIP[handset.index] ?? 0 {
      violated(
        .failedSilently,
        "\(place): \(failed) messages failed and arrived by IP, \(ledger.failedAfterIP[handset.index] ?? 0) are logged so")
    }
    checkClientIDs(handset, place)
    if !handset.messenger.isReady { violated(.leftOver, "\(place): the messenger is not ready") }
    if carrier.machine.waitingCount(for: handset.number) > 0 {
      violated(.leftOver, "\(place): messages wait at the carrier")
    }
    if handset.plan.enrolment == .before, handset.wantsShunt, handset.consentChanges.isEmpty, daemon.session != "online" {
      violated(.offline, "\(place): \(daemon.status)")
    }
  }

  private func checkClientIDs(_ handset: SimulatedHandset, _ place: String) {
    var lost = handset.modem.lostIDs
    for service in [QMIService.dms, .nas, .wms] {
      let count = handset.modem.machine.allocatedClientIDs(of: service).count
      // ModemManager's, and the daemon's own.
      let used = 1 + (service == .wms ? 1 : 0)
      let excess = max(0, count - used)
      let excused = min(lost, excess)
      lost -= excused
      if excess > excused { violated(.clientID, "\(place): \(count) ids of \(service) are taken, \(used) are used") }
    }
  }

  private func checkRelay() {
    guard let hub = relay.hub else {
      violated(.leftOver, "the relay does not run")
      return
    }
    for queue in hub.queues where queue.restsEmpty && queue.count > 0 {
      violated(.leftOver, "relay: \(queue.name) holds \(queue.count)")
    }
    let online = handsets.count { $0.daemon?.session == "online" }
    if hub.connectionCount != online {
      violated(.leftOver, "the relay has \(hub.connectionCount) connections, \(online) handsets are online")
    }
  }
}

extension SimulatedHandset {
  /// A reason has to be plausible.
  func check(_ record: DecisionRecord) {
    guard record.direction == .outgoing, let reason = record.reason else { return }
    // From a decision to its record the modem may take that long.
    let since = world.now - .seconds(400)
    switch reason {
    case .disabled:
      if wantsShunt, plan.enrolment == .before, !changedConsent(from: since, to: world.now) {
        world.violated(.reason, "h\(index): disabled, but it is enabled")
      }
    case .simChanged:
      if !hasOtherSIM, (lastSIMChange ?? .zero) < since { world.violated(.reason, "h\(index): the SIM is its own") }
    case .emergency, .specialMessage: world.violated(.reason, "h\(index): \(reason.rawValue) for an ordinary text")
    case .shortCode:
      if record.number != "1909" { world.violated(.reason, "h\(index): a subscriber is taken for a service") }
    default: break
    }
  }
}
