import Interposer
import QMI

/// What has to be so, whatever happened.
extension InterposerProgram {
  /// After each step.
  mutating func checkStep() throws(Finding) {
    for queue in interposer.queues {
      try check(queue.count <= queue.bound, "\(queue.name): \(queue.count) of \(queue.bound)")
    }
    try check(interposer.clientCount == clients.count, "other clients than are connected")
    try check(interposer.isModemOpen == (modemState == .open), "the modem is not as it is")
    try check(interposer.outstandingRequestCount == requests.count, "other requests than the modem has")
    try check(interposer.storedMessageCount == stored.count, "other stored messages than the spool has")
    for (id, tag) in stored { try check(interposer.storedMessage(id)?.tag == tag, "a stored message is another one") }
  }

  // MARK: Rest

  /// A modem that does as it is asked, clients that have left, decisions made, time.
  mutating func settle() throws(Finding) {
    try modemAnswersOpening(true)
    if modemState == .closed {
      interposer.openModem(now: now)
      try drain()
      try modemAnswersOpening(true)
    }
    while !clients.isEmpty { try disconnect(0) }
    // Those that it would not take back are not to keep it from its rest.
    highestID = 254
    var rounds = 0
    while true {
      for id in decisions.keys.sorted() { try decide(id, .forward) }
      for id in incoming { _ = interposer.resolveIncoming(id, .announce, now: now) }
      incoming = []
      try drain()
      while let request = requests.first { try modemResponds(request, success(request.frame)) }
      try modemAnswersOpening(true)
      try checkStep()
      if decisions.isEmpty, incoming.isEmpty, requests.isEmpty {
        guard let deadline = interposer.nextDeadline else { return }
        try pass(to: max(now, deadline))
      }
      rounds += 1
      try check(rounds < 2_000, "it does not come to rest")
    }
  }

  /// When all has come to rest.
  func checkRest() throws(Finding) {
    for queue in interposer.queues where queue.restsEmpty {
      try check(queue.count == 0, "\(queue.name): \(queue.count) are left")
    }
    for fate in fates.values { try check(fate != .asking && fate != .held && fate != .carrying, "a submission is left \(fate)") }
    if isShuttingDown { try check(interposer.isShutDown, "the end does not come") }
    try checkIDs()
    try checkPromises()
  }

  /// Clients have gone: nothing of theirs is left with the modem, and nothing is kept for the next run but what the Interposer has.
  private func checkIDs() throws(Finding) {
    guard modemState == .open else { return }
    let kept = Set(keptIDs.map { ServiceID(service: $0.service, clientID: $0.clientID) })
    // What the modem would not take back at the end, the next run gives back.
    try check(isShuttingDown || kept.count <= 1 && kept.allSatisfy { $0.service == .wms }, "ids of clients that have gone are kept")
    let left = modemIDs.subtracting(kept).subtracting(excusedIDs)
    try check(left.isEmpty, "\(left.count) client ids are left with the modem")
  }

  /// A part that was called sent has been taken by the modem, or its message has arrived otherwise, or its client knows that the
  /// message has failed, or, with nobody left to tell, a report says so.
  private func checkPromises() throws(Finding) {
    guard !isShuttingDown else { return }
    for octets in toldSent where wanted[octets] == 1 && taken[octets] == nil && !arrived.contains(octets) {
      if let message = messages[octets], reportedFailed.contains(message) { continue }
      let message = wholes.values.first { $0.contains(octets) } ?? []
      // An answer that never comes counts as one: the app sees a failure.
      let isKnownToHaveFailed = message.contains { toldFailed.contains($0) || !toldSent.contains($0) }
      try check(isKnownToHaveFailed, "a part that was called sent is lost")
    }
  }
}
