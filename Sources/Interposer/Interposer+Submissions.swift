import QMI
public import Telephony

/// The tap: outgoing messages on their way to a decision.
extension Interposer {
  /// Changes what happens to messages. Parts that are held when the tap closes go by carrier; what is being decided about still waits
  /// for its decision.
  public mutating func setTapMode(_ mode: TapMode, now: Duration) {
    advance(to: now)
    guard mode != tapMode else { return }
    let wasIntercepting = tapMode == .intercept
    tapMode = mode
    if wasIntercepting {
      for id in assemblies.keys.sorted() where assemblies[id]?.isHolding == true { releaseSubmission(id, .tapClosed) }
      for id in incoming.ids where incoming[id]?.phase != .consuming { settleIncoming(id, .announce) }
      timers.cancel(.ownReports)
      updateOwnClientIdle()
    }
    updateOwnReports()
  }

  // MARK: Requests

  mutating func handleRawSend(_ frame: QMUXFrame, from index: Int) {
    guard clients[index].requestCount < configuration.limits.requests else {
      answer(frame, clients[index].connection, .insufficientResources)
      return
    }
    guard let request = try? WMS.RawSendRequest(decoding: frame), request.message.format == .gsmWCDMAPointToPoint,
      let part = try? MessagePart(decoding: request.message.octets, source: .rawSend(frame))
    else {
      forwardUnparsed(frame, from: index, .undecodable)
      return
    }
    receive(part, from: clients[index].connection)
  }

  mutating func handleSendFromMemoryStorage(_ frame: QMUXFrame, from index: Int) {
    let request = try? WMS.SendFromMemoryStorageRequest(decoding: frame)
    if let location = request?.location, location.storage == .nv, StoredMessageID(rawValue: location.index) != nil {
      // Virtual storage holds received messages only.
      answer(frame, clients[index].connection, .noEntry)
      return
    }
    guard tapMode != .off else {
      forward(frame, from: index, .plain)
      return
    }
    guard clients[index].requestCount < configuration.limits.requests else {
      answer(frame, clients[index].connection, .insufficientResources)
      return
    }
    guard tapMode == .intercept else {
      forwardUnparsed(frame, from: index, .unreadable)
      return
    }
    guard let request, request.mode == .gsmWCDMA else {
      forwardUnparsed(frame, from: index, .undecodable)
      return
    }
    guard hasRoomForSubmission() else {
      forwardUnparsed(frame, from: index, .tooMany)
      return
    }
    let id = nextSubmissionID()
    storedSubmissions[id] = StoredSubmission(
      client: clients[index].connection, frame: frame, location: request.location)
    timers.schedule(.storedSubmission(id), at: clock + configuration.timing.ownRequest)
    perform(.readStoredSubmission(id))
  }

  mutating func storedSubmissionRead(_ id: SubmissionID, _ message: WMS.RawMessage?) {
    timers.cancel(.storedSubmission(id))
    guard let stored = storedSubmissions.removeValue(forKey: id) else { return }
    guard let message, message.format == .gsmWCDMAPointToPoint,
      let part = try? MessagePart(decoding: message.octets, source: .stored(stored.frame, stored.location))
    else {
      // Of a client that has gone nothing is left to forward; it has not been told anything either.
      guard let index = clients.index(of: stored.client) else { return }
      forwardUnparsed(stored.frame, from: index, message == nil ? .unreadable : .undecodable)
      return
    }
    receive(part, from: stored.client)
  }

  mutating func storedSubmissionUnreadable(_ id: SubmissionID) {
    storedSubmissionRead(id, nil)
  }

  private mutating func forwardUnparsed(
    _ frame: QMUXFrame, from index: Int, _ reason: UnparsedSubmission.Reason
  ) {
    let id = nextSubmissionID()
    actions.append(
      .unparsed(UnparsedSubmission(id: id, client: clients[index].connection, reason: reason)))
    forwardUnchecked(frame, from: index, .unparsed(id))
  }

  mutating func reportUnparsed(_ id: SubmissionID, _ outcome: PartOutcome) {
    if case .sent(let reference?) = outcome { references.modemGave(reference) }
    let (sent, reported): (Int, CarrierReport.Outcome) =
      switch outcome {
      case .sent(let reference): (1, .sent(messageReference: reference))
      case .failed(let failure): (0, .failed(failure))
      case .unanswered: (0, .unanswered)
      }
    actions.append(.carried(CarrierReport(submission: id, sentPartCount: sent, total: 1, outcome: reported)))
  }

  mutating func nextSubmissionID() -> SubmissionID {
    lastSubmission += 1
    return SubmissionID(rawValue: lastSubmission)
  }

  /// Makes room, if it has to, by forgetting a message that is remembered only for the sake of parts that may still come.
  private mutating func hasRoomForSubmission() -> Bool {
    guard assemblies.count + storedSubmissions.count >= configuration.limits.submissions else { return true }
    let forgettable = assemblies.values.filter { $0.transfer?.isReportedAndIdle ?? false }.map(\.id).min()
    guard let forgettable else { return false }
    remove(forgettable)
    return true
  }

  // MARK: Parts

  /// A part of a message has come from a client.
  private mutating func receive(_ part: MessagePart, from connection: ClientConnection) {
    guard let key = MessageAssembly.Key(part.submit, client: connection), let id = assemblyIDs[key] else {
      begin(part, from: connection)
      return
    }
    if assemblies[id]?.isHolding == true, heldPartCount >= configuration.limits.heldParts {
      releaseSubmission(id, .tooManyHeldParts)
    }
    let reference = nextMessageReference()
    switch assemblies[id]?.receive(part, reference: reference) {
    case .wait: break
    case .hold: reply(part.success(messageReference: reference), of: id)
    case .repeatAnswer(let earlier): reply(part.success(messageReference: earlier), of: id)
    case .ask: ask(id)
    case .carry: carry([CarrierTransfer.Item(part, .direct)], of: id)
    case .conflict, nil:
      detach(id, key)
      begin(part, from: connection)
    }
  }

  private mutating func begin(_ part: MessagePart, from connection: ClientConnection) {
    guard hasRoomForSubmission() else {
      // Of a client that has gone only a stored message can come here, and nothing has been promised about it.
      guard let frame = part.frame, let index = clients.index(of: connection) else { return }
      forwardUnparsed(frame, from: index, .tooMany)
      return
    }
    let id = nextSubmissionID()
    let key = MessageAssembly.Key(part.submit, client: connection)
    let isOrphan = !clients.contains(connection)
    if let key, !isOrphan { assemblyIDs[key] = id }
    if tapMode == .intercept {
      assemblies[id] = MessageAssembly(asking: id, origin: .client(connection), key: key, first: part)
      if isOrphan { assemblies[id]?.orphan() }
      ask(id)
      if isOrphan { actions.append(.submitterGone(id)) }
    } else {
      let assembly = MessageAssembly(carrying: id, origin: .client(connection), key: key, first: part)
      assemblies[id] = assembly
      if isOrphan { assemblies[id]?.orphan() }
      actions.append(
        .observed(
          Submission(id: id, origin: .client(connection), total: assembly.total, parts: [part.published()])))
      carry([CarrierTransfer.Item(part, .direct)], of: id)
    }
  }

  /// Another message has come under the same key: this one gets no further part.
  private mutating func detach(_ id: SubmissionID, _ key: MessageAssembly.Key) {
    assemblyIDs[key] = nil
    if assemblies[id]?.isHolding == true {
      releaseSubmission(id, .superseded)
    } else {
      assemblies[id]?.withTransfer { $0?.close() }
      settleTransfer(id)
    }
  }

  private mutating func ask(_ id: SubmissionID) {
    guard let submission = assemblies[id]?.submission else { return }
    timers.cancel(.assembly(id))
    timers.schedule(.decision(id), at: clock + configuration.timing.decision)
    actions.append(.submitted(submission))
  }

  func canGrow(_ assembly: MessageAssembly) -> Bool {
    guard let key = assembly.key else { return false }
    return assemblyIDs[key] == assembly.id
  }

  mutating func reply(_ frame: QMUXFrame?, of id: SubmissionID) {
    guard let frame else { return }
    reply(frame, to: assemblies[id]?.client)
  }

  // MARK: Decisions

  /// What is to become of a message from ``Action/submitted(_:)``.
  ///
  /// - Returns: false when there is nothing to decide (any more); see ``Action/released(_:_:)``.
  @discardableResult
  public mutating func resolve(_ id: SubmissionID, _ resolution: SubmissionResolution, now: Duration) -> Bool {
    advance(to: now)
    guard var assembly = assemblies[id], assembly.isBeingDecided else { return false }
    // Beyond the bound nothing more is answered that is not sent.
    guard heldPartCount + assembly.partCountToHold(resolution) <= configuration.limits.heldParts else {
      releaseSubmission(id, .tooManyHeldParts)
      advanceShutdown()
      return true
    }
    timers.cancel(.decision(id))
    var references = self.references
    let decision = assembly.decide(resolution) { references.next() }
    self.references = references
    assemblies[id] = assembly
    switch decision {
    case .none: break
    case .hold(let held):
      answer(held, of: id)
      afterHold(id)
    case .holdAndAsk(let held):
      answer(held, of: id)
      ask(id)
    case .carry(let items):
      carry(items, of: id)
    case .succeed(let held, let last, let messageReference):
      reply(last.success(messageReference: messageReference), of: id)
      replyToRepeats(of: last, .sent(messageReference: messageReference), of: id)
      markSent(held + [last])
      remove(id)
    case .fail(let parts, let failure):
      for part in parts {
        reply(part.failure(failure), of: id)
        replyToRepeats(of: part, .failed(failure), of: id)
      }
      remove(id)
    }
    advanceShutdown()
    return true
  }

  private mutating func answer(_ held: [MessageAssembly.HeldPart], of id: SubmissionID) {
    for held in held {
      reply(held.part.success(messageReference: held.reference), of: id)
      replyToRepeats(of: held.part, .sent(messageReference: held.reference), of: id)
    }
  }

  /// Held parts wait for the rest, if there can be a rest.
  private mutating func afterHold(_ id: SubmissionID) {
    guard let assembly = assemblies[id] else { return }
    if assembly.isOrphan {
      releaseSubmission(id, .clientGone)
    } else if !canGrow(assembly) {
      releaseSubmission(id, .superseded)
    } else if tapMode != .intercept {
      releaseSubmission(id, .tapClosed)
    } else {
      timers.schedule(.assembly(id), at: clock + configuration.timing.assembly)
    }
  }

  /// Stored messages that went another way than the modem was asked for are tagged as sent, as the modem would have done.
  mutating func markSent(_ parts: [MessagePart]) {
    for part in parts { if case .stored(_, let location) = part.source { perform(.markSent(location)) } }
  }

  // MARK: Local

  /// A message of this machine's own. It is reported by ``Action/submitted(_:)``, complete, in every tap mode, and goes the same way as any
  /// client's.
  ///
  /// - Parameter submits: all parts in their order, 1…255.
  /// - Returns: the id in the actions that follow.
  public mutating func submitLocally(
    _ submits: [SMSSubmit], serviceCentre: SMSCAddress = .default, now: Duration
  ) throws(LocalSubmissionError) -> SubmissionID {
    advance(to: now)
    guard (1...255).contains(submits.count) else { throw .partCount }
    guard phase == .running, hasRoomForSubmission() else { throw .tooMany }
    var parts = submits.enumerated().map { index, submit in
      MessagePart(
        number: index + 1, octets: RawPDU(serviceCentre: serviceCentre, tpdu: submit.encoded()).encoded(),
        serviceCentre: serviceCentre, submit: submit, source: .local)
    }
    let last = parts.removeLast()
    let id = nextSubmissionID()
    assemblies[id] = MessageAssembly(local: id, parts: parts, last: last)
    ask(id)
    return id
  }
}

/// Why ``Interposer/submitLocally(_:serviceCentre:now:)`` takes no message.
public enum LocalSubmissionError: Error, Hashable, Sendable {
  /// There is no part, or there are more than 255.
  case partCount
  /// ``Interposer/Limits/submissions`` are known already.
  case tooMany
}
