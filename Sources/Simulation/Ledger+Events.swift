internal import Handset
internal import Interposer
internal import QMI
internal import Routing
internal import Telephony

/// What happens to messages, as it happens.
extension Ledger {
  /// A client asks for a part to be sent.
  func asked(_ message: Int, _ handset: SimulatedHandset, isFirst: Bool) {
    guard fates[message] != nil else { return }
    if isFirst {
      fates[message]?.requested = world.now
    } else if let last = fates[message]?.lastRequest, world.now - last > .seconds(55) {
      fates[message]?.splitCount += 1
    }
    fates[message]?.lastRequest = world.now
    fates[message]?.watch = handset.daemon?.watch
  }

  /// The client has its answer, or has given up.
  func answered(_ message: Int, _ answer: Answer, _ handset: SimulatedHandset) {
    guard let fate = fates[message], fate.answer == .none else { return }
    handset.trace("answer", message, "\(answer)")
    fates[message]?.answer = answer
    fates[message]?.answered = world.now
    if answer != .unanswered { leftDaemon(message, handset) }
    guard answer == .succeeded else { return }
    let promises = fates(like: message).count { $0.answer == .succeeded }
    if let way = way(of: message), way.storedByIP.count + way.takenByCarrier < promises {
      world.violated(.promisedTooEarly, "m\(message): the client of h\(handset.index) was told success at \(world.now)")
    }
  }

  /// The daemon passes a request of the messaging service on.
  func givenToModem(_ frame: QMUXFrame, _ handset: SimulatedHandset) {
    if frame.messageID == WMS.ID.sendFromMemoryStorage,
      let index = try? WMS.SendFromMemoryStorageRequest(decoding: frame).location.index,
      let message = handset.storedSends[index]
    {
      leftDaemon(message, handset)
    }
    guard frame.messageID == WMS.ID.rawSend, let request = try? WMS.RawSendRequest(decoding: frame),
      let pdu = try? RawPDU(decoding: request.message.octets),
      let submit = try? SMSSubmit(decoding: pdu.tpdu),
      let (message, part) = Self.part(submit.userData, submit.dataCodingScheme, submit.concatenation)
    else { return }
    handset.trace("to the modem", message, "part \(part)")
    let said = fates(like: message)
    if said.count == 1 {
      leftDaemon(message, handset)
    } else {
      // Which of the two it is, nobody can tell.
      for one in said where one.requested != nil { fates[one.message.index]?.hasLeftDaemon = true }
    }
  }

  /// Nothing is held longer than its limit: a message that could be decided about no longer than the attempt by IP may take, and
  /// the parts of an incomplete one no longer than the rest may take to come.
  private func leftDaemon(_ message: Int, _ handset: SimulatedHandset) {
    guard let fate = fates[message], !fate.hasLeftDaemon, let asked = fate.lastRequest else { return }
    fates[message]?.hasLeftDaemon = true
    guard let watch = fate.watch, watch.ended == nil, (handset.lastWake ?? .zero) < asked else { return }
    let limit: Duration =
      switch fate.message.way {
      case _ where fate.message.parts > 1: .seconds(67)
      // The stored message is read first.
      case .storage: .milliseconds(9_600)
      default: .milliseconds(6_600)
      }
    let held = world.now - asked
    if held > limit { world.violated(.heldTooLong, "m\(message) at h\(handset.index): \(held), limit \(limit)") }
  }

  /// Spool files that were not there before are on disk.
  func stored(_ files: [SpooledMessage], _ handset: SimulatedHandset) {
    for file in files {
      if let message = Self.messages(in: [file]).first, let id = file.messageID { sealed(message, as: id) }
    }
    for message in Self.messages(in: files).sorted() {
      handset.trace("stored", message)
      guard let fate = fates[message] else { continue }
      if fate.storedByIP.count < fates(like: message).count { storedCounts[fate.message.from, default: 0] += 1 }
      fates[message]?.storedByIP.append(world.now)
      if fate.message.to != handset.index {
        world.violated(.lost, "m\(message) came to h\(handset.index) instead of h\(fate.message.to)")
      }
    }
  }

  static func messages(in files: [SpooledMessage]) -> Set<Int> {
    var messages: Set<Int> = []
    for file in files {
      guard let octets = file.pdu, let pdu = try? RawPDU(decoding: octets), let deliver = try? SMSDeliver(decoding: pdu.tpdu),
        let (message, _) = part(deliver.userData, deliver.dataCodingScheme, deliver.concatenation)
      else { continue }
      messages.insert(message)
    }
    return messages
  }

  /// A line of the decision log.
  func recorded(_ record: DecisionRecord, _ handset: SimulatedHandset) {
    guard record.direction == .outgoing else { return }
    recordCount += 1
    if record.outcome == .failed, record.attemptedIP { failedAfterIP[handset.index, default: 0] += 1 }
    guard record.route == .ip else { return }
    deliveredCounts[handset.index, default: 0] += 1
    if record.outcome != .delivered || record.reason != .recipientOnline {
      world.violated(.reason, "h\(handset.index): by IP, but \(record.reason?.rawValue ?? "-"), \(record.outcome.rawValue)")
    }
    if deliveredCounts[handset.index] ?? 0 > storedCounts[handset.index] ?? 0 {
      world.violated(.reason, "h\(handset.index): logged as delivered before any device had it on disk")
    }
  }

  /// A life of the daemon is over.
  ///
  /// One record a message, and an answer by IP only after its record. A daemon that dies may leave without a record: messages
  /// that it had not answered, and the one whose answer from the modem it had just passed on.
  func lifeEnded(_ daemon: SimulatedDaemon, _ handset: SimulatedHandset) {
    let missing = checkRecords(daemon, handset)
    let unfinished = daemon.given.count { message in
      switch fates[message]?.answer {
      case .succeeded, .failed: false
      default: true
      }
    }
    if missing > unfinished + 1 {
      world.violated(
        .record,
        "h\(handset.index), life \(daemon.life): \(missing) records are missing, \(unfinished) messages were unfinished")
    }
  }

  /// - Returns: how many records are missing.
  @discardableResult
  func checkRecords(_ daemon: SimulatedDaemon, _ handset: SimulatedHandset) -> Int {
    let outgoing = daemon.records.filter { $0.direction == .outgoing }
    if Set(daemon.records.map(\.id)).count != daemon.records.count {
      world.violated(.record, "h\(handset.index), life \(daemon.life): two records have one id")
    }
    let splits = daemon.given.reduce(0) { $0 + (fates[$1]?.splitCount ?? 0) }
    if outgoing.count > daemon.given.count + splits {
      world.violated(
        .record, "h\(handset.index), life \(daemon.life): \(outgoing.count) records of \(daemon.given.count) messages")
    }
    // A stored message whose client left before it could be read has not been sent, and nothing is known of it.
    let unread = daemon.given.count { fates[$0]?.message.way == .storage && fates[$0]?.answer == .unanswered }
    return max(0, daemon.given.count - outgoing.count - unread)
  }
}
