public import QMI

extension Interposer {
  /// Asks for the device without a client: to read the identity, or because it has come back.
  public mutating func openModem(now: Duration) {
    advance(to: now)
    guard phase != .releasing else { return }
    wantModem()
  }

  mutating func wantModem() {
    if link.want() { actions.append(.openModem) }
  }

  /// The device is open. Waiting Proxy Opens are answered.
  public mutating func modemOpened(now: Duration) {
    advance(to: now)
    guard !link.isOpen else { return }
    link.opened()
    disownLeftIDs()
    for index in clients.indices {
      guard let request = clients[index].deviceOpened() else { continue }
      timers.cancel(.proxyOpen(clients[index].connection))
      actions.append(.sendToClient(clients[index].connection, request.response(.success).octets))
    }
    updateOwnReports()
    resumeTransfers()
  }

  /// The device could not be opened. Waiting Proxy Opens are answered with a failure; the next one tries again.
  public mutating func modemOpenFailed(now: Duration) {
    advance(to: now)
    guard !link.isOpen else { return }
    link.closed()
    for index in clients.indices {
      guard let request = clients[index].openFailed() else { continue }
      timers.cancel(.proxyOpen(clients[index].connection))
      answer(request, clients[index].connection, .deviceNotReady)
    }
    advanceShutdown()
  }

  /// The device has gone. All clients are closed: libqmi clients know no other way to learn of it. All client ids are void. Parts
  /// that were answered with success wait for the device.
  public mutating func modemRemoved(now: Duration) {
    advance(to: now)
    link.closed()
    let unanswered = requests.removeAll()
    // Whatever waited for the id is forgotten or tried again below.
    _ = ownClient.lost()
    ledger.forgetAll()
    timers.cancelAll { timer in
      switch timer {
      case .release, .ownAllocation, .ownClientIdle, .ownReports: true
      default: false
      }
    }
    forgetIncoming()
    for session in clients.sessions { close(session.connection, .modemRemoved) }
    // Closing a client disowns its ids; there are none any more.
    ledger.forgetAll()
    timers.cancelAll { if case .release = $0 { true } else { false } }
    leftIDs = []
    releaseTries = [:]
    keepIDs()
    submissionsLostModem()
    for pending in unanswered {
      if case .unparsed(let submission) = pending.purpose { reportUnparsed(submission, PartOutcome(.removed)) }
    }
    advanceShutdown()
  }

  /// A response came.
  public mutating func modemResponded(_ request: ModemRequestID, _ frame: QMUXFrame, now: Duration) {
    advance(to: now)
    guard let pending = requests.remove(request) else { return }
    if let connection = pending.client, let index = clients.index(of: connection) {
      clients[index].requestCount -= 1
      if pending.purpose == .plain {
        actions.append(.sendToClient(connection, frame.octets))
      } else {
        var response = frame
        if response.isControl { response.transaction = pending.transaction }
        finish(pending, response, for: connection)
      }
    } else {
      finish(pending, frame, for: nil)
    }
    advanceShutdown()
  }

  /// No response came, or the request could not be sent.
  public mutating func modemFailed(_ request: ModemRequestID, _ failure: ModemFailure, now: Duration) {
    advance(to: now)
    guard let pending = requests.remove(request) else { return }
    var client: ClientConnection?
    if let connection = pending.client, let index = clients.index(of: connection) {
      clients[index].requestCount -= 1
      client = connection
    }
    fail(pending, failure, for: client)
    advanceShutdown()
  }

  // MARK: Outcomes

  /// - Parameter client: who asked, unless it has gone.
  private mutating func finish(_ pending: PendingRequest, _ frame: QMUXFrame, for client: ClientConnection?) {
    let isSuccess = frame.result?.isSuccess ?? false
    switch pending.purpose {
    case .plain, .control: break
    case .allocation(let service):
      if let connection = pending.client,
        let response = try? CTL.AllocateClientIDResponse(decoding: frame), let allocation = response.allocation {
        track(ServiceClientID(allocation), for: connection)
      } else if let client, frame.result?.error == .clientIDsExhausted, makeRoom(for: service) {
        allocateAgain(service, pending, for: client)
        return
      }
    case .startNetwork:
      if isSuccess {
        ledger.setDataCall(pending.clientID, true)
        keepIDs()
      }
    case .stopNetwork: if isSuccess { dataCallStopped(pending.clientID) }
    case .setEventReport(let isReporting):
      if isSuccess {
        ledger.setReporting(pending.clientID, isReporting)
        updateOwnReports()
        reply(frame, to: client)
        if isReporting { announceUnannounced() }
        return
      }
    case .resetWMS:
      if isSuccess {
        ledger.setReporting(pending.clientID, false)
        updateOwnReports()
      }
    case .listMessages(let tag):
      reply(listMessages(pending, frame, tag: tag), to: client)
      return
    case .deleteMessages(let tag):
      reply(deleteMessages(pending, frame, tag: tag), to: client)
      return
    case .part(let submission, let number):
      partFinished(submission, number, PartOutcome(frame), response: frame, for: client)
      return
    case .unparsed(let submission):
      reportUnparsed(submission, PartOutcome(frame))
    case .ownAllocation, .ownReports, .ownPart, .ownList, .ownRead, .ownConsume, .ownStoredSubmissionRead, .ownRelease,
      .ownUnheeded:
      finishOwn(pending, frame)
      return
    }
    reply(frame, to: client)
  }

  /// The modem takes requests one after the other, so that there is room when it takes this one.
  private mutating func allocateAgain(_ service: QMIService, _ pending: PendingRequest, for client: ClientConnection) {
    guard let index = clients.index(of: client) else { return }
    let transaction = ControlTransactionID(rawValue: UInt8(truncatingIfNeeded: pending.transaction))
    let frame = CTL.AllocateClientIDRequest(service: service).encoded(transaction: transaction)
    forwardUnchecked(frame, from: index, pending.purpose)
  }

  private mutating func fail(_ pending: PendingRequest, _ failure: ModemFailure, for client: ClientConnection?) {
    switch pending.purpose {
    case .part(let submission, let number):
      partFinished(
        submission, number, PartOutcome(failure), response: failureResponse(pending, failure), for: client)
      return
    case .unparsed(let submission):
      reportUnparsed(submission, PartOutcome(failure))
    case .ownAllocation, .ownReports, .ownPart, .ownList, .ownRead, .ownConsume, .ownStoredSubmissionRead, .ownRelease,
      .ownUnheeded:
      failOwn(pending, failure)
      return
    default: break
    }
    if let response = failureResponse(pending, failure) { reply(response, to: client) }
  }

  /// What a client is told; nothing when the modem may still have the request, as with the stock proxy.
  private func failureResponse(_ pending: PendingRequest, _ failure: ModemFailure) -> QMUXFrame? {
    switch failure {
    case .timedOut: nil
    case .notSent: pending.response(.failure(.internal))
    case .removed: pending.response(.failure(.deviceNotReady))
    }
  }

  mutating func reply(_ frame: QMUXFrame, to client: ClientConnection?) {
    guard let client, clients.contains(client) else { return }
    actions.append(.sendToClient(client, frame.octets))
  }

  private mutating func dataCallStopped(_ clientID: ClientID) {
    ledger.setDataCall(clientID, false)
    keepIDs()
    let id = ServiceClientID(.wds, clientID)
    // The client may have gone between its request and the answer.
    guard ledger.disowned.contains(id) else { return }
    timers.schedule(.release(id), at: clock + configuration.timing.releaseGrace)
  }

  // MARK: Indications

  /// The modem sent an indication. It goes to each client that uses its client id; one to all, to each that uses its service.
  public mutating func modemIndicated(_ frame: QMUXFrame, now: Duration) {
    advance(to: now)
    guard frame.kind == .indication, !frame.isControl else { return }
    if frame.service == .wms, interceptsIncoming || !incoming.isEmpty {
      handleMessagingIndication(frame)
    } else {
      route(frame)
    }
  }

  mutating func route(_ frame: QMUXFrame) {
    let id = ServiceClientID(frame.service, frame.clientID)
    for index in clients.indices {
      let isAddressed = id.clientID == .broadcast ? clients[index].holds(id.service) : clients[index].holds(id)
      if isAddressed { actions.append(.sendToClient(clients[index].connection, frame.octets)) }
    }
  }
}
