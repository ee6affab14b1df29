import QMI

/// Messages on their way to the modem.
extension Interposer {
  /// Gives parts to the modem: in the client's own frames where a client waits, otherwise one after the other in the
  /// Interposer's name.
  mutating func carry(_ items: [CarrierTransfer.Item], of id: SubmissionID) {
    guard let assembly = assemblies[id] else { return }
    for item in items {
      let isSequencing = assemblies[id]?.transfer?.isSequencing ?? false
      if item.reply == .direct, !isSequencing, link.isOpen, let frame = item.part.frame,
        let connection = assembly.client, let index = clients.index(of: connection)
      {
        assemblies[id]?.withTransfer { $0?.forwardedDirectly(item.part.number, item.part.octets) }
        forwardUnchecked(frame, from: index, .part(id, number: item.part.number))
      } else {
        assemblies[id]?.withTransfer { $0?.enqueue([item]) }
      }
    }
    if assembly.isOrphan || !canGrow(assembly) {
      assemblies[id]?.withTransfer { $0?.close() }
    } else {
      // Parts that still come are known to belong to it until then.
      timers.schedule(.assembly(id), at: clock + configuration.timing.assembly)
    }
    pump(id)
  }

  /// What has come of a submission goes by carrier, whether or not it has been decided about.
  mutating func releaseSubmission(_ id: SubmissionID, _ reason: ReleaseReason) {
    guard let items = assemblies[id]?.release() else { return }
    timers.cancel(.decision(id))
    actions.append(.released(id, reason))
    carry(items, of: id)
  }

  mutating func assemblyTimedOut(_ id: SubmissionID) {
    guard let assembly = assemblies[id] else { return }
    if assembly.isHolding {
      releaseSubmission(id, .incomplete)
    } else {
      assemblies[id]?.withTransfer { $0?.close() }
      settleTransfer(id)
    }
  }

  /// Gives the next part of a sequence to the modem, if it is time.
  private mutating func pump(_ id: SubmissionID) {
    if !link.isOpen {
      assemblies[id]?.withTransfer { $0?.modemRemoved() }
      if assemblies[id]?.transfer?.isSequencing == true {
        timers.schedule(.retry(id), at: clock + configuration.timing.retry)
      }
    } else if let item = assemblies[id]?.withTransfer({ $0?.startNext() }) {
      send(item, of: id)
    }
    settleTransfer(id)
  }

  private mutating func send(_ item: CarrierTransfer.Item, of id: SubmissionID) {
    if item.reply == .direct || item.reply == .final, let frame = item.part.frame,
      let connection = assemblies[id]?.client, let index = clients.index(of: connection)
    {
      forwardUnchecked(frame, from: index, .part(id, number: item.part.number))
    } else {
      perform(.send(id, number: item.part.number))
    }
  }

  /// The modem has no client id left. While the client's own has not been given back, it does: the frame as it came.
  mutating func sendWithoutOwnClient(_ id: SubmissionID, _ number: Int) {
    guard let assembly = assemblies[id], let item = assembly.transfer?.currentItem, item.part.number == number else {
      return
    }
    // Without a modem, whoever started this finds out.
    guard link.isOpen else { return }
    if case .rawSend(let frame) = item.part.source,
      assembly.client != nil || ledger.disowned.contains(ServiceClientID(.wms, frame.clientID))
    {
      sendOwn(frame, .ownPart(id, number: number), timeout: configuration.timing.ownSend)
    } else {
      partFinished(id, number, PartOutcome(.notSent), response: nil, for: nil)
    }
  }

  /// One part has its outcome.
  ///
  /// - Parameters:
  ///   - response: for the client, when the part went in its own frame.
  ///   - client: who asked, unless it has gone.
  mutating func partFinished(
    _ id: SubmissionID, _ number: Int, _ outcome: PartOutcome, response: QMUXFrame?, for client: ClientConnection?
  ) {
    if case .sent(let reference?) = outcome { references.modemGave(reference) }
    guard let item = assemblies[id]?.transfer?.currentItem, item.part.number == number else {
      assemblies[id]?.withTransfer { $0?.finishDirect(number, outcome) }
      if let response { reply(response, to: client) }
      settleTransfer(id)
      return
    }
    if response == nil, case .sent = outcome { markSent([item.part]) }
    let tries = configuration.limits.sendTries
    let effect =
      assemblies[id]?.withTransfer { $0?.finishCurrent(outcome, response: response, tries: tries) } ?? .none
    if item.reply == .direct, let response { reply(response, to: client) }
    switch effect {
    case .none: break
    case .pass(let part, let frame):
      reply(frame, of: id)
      replyToRepeats(of: part, PartOutcome(frame), of: id)
    case .answer(let part, let failure):
      reply(part.failure(failure), of: id)
      replyToRepeats(of: part, .failed(failure), of: id)
    case .retryLater: timers.schedule(.retry(id), at: clock + configuration.timing.retry)
    }
    pump(id)
  }

  /// What repeated a part gets the answer that the part has got.
  mutating func replyToRepeats(of part: MessagePart, _ outcome: PartOutcome, of id: SubmissionID) {
    for same in assemblies[id]?.takeRepeats(of: part) ?? [] {
      switch outcome {
      case .sent(let reference): reply(same.success(messageReference: reference ?? 0), of: id)
      case .failed(let failure): reply(same.failure(failure), of: id)
      case .unanswered: break
      }
    }
  }

  mutating func retrySubmission(_ id: SubmissionID) {
    guard assemblies[id] != nil else { return }
    if !link.isOpen { wantModem() }
    assemblies[id]?.withTransfer { $0?.resume() }
    pump(id)
  }

  /// The device is open: what waited for it goes on.
  mutating func resumeTransfers() {
    for id in assemblies.keys.sorted() where assemblies[id]?.transfer?.isSequencing == true {
      timers.cancel(.retry(id))
      assemblies[id]?.withTransfer { $0?.resume() }
      pump(id)
    }
  }

  /// Reports what became of a message when that is known, and forgets it when nothing more can come.
  mutating func settleTransfer(_ id: SubmissionID) {
    if let report = assemblies[id]?.withTransfer({ $0?.takeReport(of: id) }) { actions.append(.carried(report)) }
    if assemblies[id]?.transfer?.isFinished == true { remove(id) }
  }

  mutating func remove(_ id: SubmissionID) {
    guard let assembly = assemblies.removeValue(forKey: id) else { return }
    if let key = assembly.key, assemblyIDs[key] == id { assemblyIDs[key] = nil }
    timers.cancel(.decision(id))
    timers.cancel(.assembly(id))
    timers.cancel(.retry(id))
    updateOwnClientIdle()
  }

  // MARK: Ends

  /// The client of some submissions has disconnected.
  mutating func submitterDisconnected(_ connection: ClientConnection) {
    for id in assemblies.keys.sorted() where assemblies[id]?.client == connection {
      if let key = assemblies[id]?.key, assemblyIDs[key] == id { assemblyIDs[key] = nil }
      assemblies[id]?.orphan()
      if assemblies[id]?.isHolding == true {
        releaseSubmission(id, .clientGone)
      } else if assemblies[id]?.isBeingDecided == true {
        actions.append(.submitterGone(id))
      } else {
        settleTransfer(id)
      }
    }
  }

  /// The modem has gone. What was answered with success waits for it.
  mutating func submissionsLostModem() {
    storedSubmissions = [:]
    timers.cancelAll { if case .storedSubmission = $0 { true } else { false } }
    for id in assemblies.keys.sorted() { pump(id) }
  }
}
