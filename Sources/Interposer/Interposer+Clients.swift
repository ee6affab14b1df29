import QMI

extension Interposer {
  /// A client connected. Its uid has been checked by the shell.
  public mutating func clientConnected(_ connection: ClientConnection, now: Duration) {
    advance(to: now)
    guard !clients.contains(connection) else { return }
    guard phase != .releasing else {
      actions.append(.closeClient(connection, .shuttingDown))
      return
    }
    guard clients.count < configuration.limits.clients else {
      actions.append(.closeClient(connection, .tooManyClients))
      return
    }
    clients.insert(connection)
  }

  /// A client sent octets, in whatever pieces. Nothing of a client that was closed is looked at.
  public mutating func clientSent(_ octets: UnsafeRawBufferPointer, from connection: ClientConnection, now: Duration) {
    advance(to: now)
    guard let index = clients.index(of: connection) else { return }
    clients[index].decoder.append(octets)
    // No request adds or removes a client, so the index stays valid.
    while true {
      do {
        guard let frame = try clients[index].decoder.next() else { return }
        handle(frame, from: index)
      } catch {
        // One bad frame is dropped, as libqmi drops it; a stream without framing is of no use.
        guard error.endsStream else { continue }
        close(connection, .malformedStream)
        return
      }
    }
  }

  /// A client disconnected.
  public mutating func clientClosed(_ connection: ClientConnection, now: Duration) {
    advance(to: now)
    forget(connection)
    advanceShutdown()
  }

  /// How many octets wait in the shell because the client's socket does not take them. A client with too many is closed.
  public mutating func clientBacklog(_ connection: ClientConnection, octetCount: Int, now: Duration) {
    advance(to: now)
    guard octetCount > configuration.limits.backlogOctets, clients.contains(connection) else { return }
    close(connection, .stoppedReading)
  }

  mutating func close(_ connection: ClientConnection, _ reason: CloseReason) {
    actions.append(.closeClient(connection, reason))
    forget(connection)
  }

  private mutating func forget(_ connection: ClientConnection) {
    guard let session = clients.remove(connection) else { return }
    timers.cancel(.proxyOpen(connection))
    for id in session.ids { disown(id) }
    submitterDisconnected(connection)
  }

  // MARK: Requests

  private mutating func handle(_ frame: QMUXFrame, from index: Int) {
    // Responses and indications are not a client's to send; the stock proxy drops them too.
    guard frame.kind == .request else { return }
    guard !frame.isControl else {
      handleControl(frame, from: index)
      return
    }
    guard clients[index].isOpen else {
      answer(frame, clients[index].connection, .deviceNotReady)
      return
    }
    let id = ServiceClientID(frame.service, frame.clientID)
    if !clients[index].holds(id) { adopt(id, by: index) }
    switch frame.service {
    case .wms:
      handleMessaging(frame, from: index)
    case .wds where frame.messageID == WDS.ID.startNetwork:
      forward(frame, from: index, .startNetwork)
    case .wds where frame.messageID == WDS.ID.stopNetwork:
      forward(frame, from: index, .stopNetwork)
    default:
      forward(frame, from: index, .plain)
    }
  }

  /// Passes a client's request to the modem, unless it has too many there.
  mutating func forward(_ frame: QMUXFrame, from index: Int, _ purpose: PendingRequest.Purpose) {
    guard clients[index].requestCount < configuration.limits.requests else {
      answer(frame, clients[index].connection, .insufficientResources)
      return
    }
    forwardUnchecked(frame, from: index, purpose)
  }

  mutating func forwardUnchecked(_ frame: QMUXFrame, from index: Int, _ purpose: PendingRequest.Purpose) {
    clients[index].requestCount += 1
    let id = requests.insert(PendingRequest(frame, client: clients[index].connection, purpose: purpose))
    var request = frame
    if request.isControl { request.transaction = 0 }
    actions.append(.sendToModem(id, request, timeout: configuration.timing.request))
  }

  /// Answers a request with a failure.
  mutating func answer(_ request: QMUXFrame, _ connection: ClientConnection, _ error: QMIError) {
    actions.append(.sendToClient(connection, request.response(error).octets))
  }

  // MARK: Control

  private mutating func handleControl(_ frame: QMUXFrame, from index: Int) {
    let connection = clients[index].connection
    switch frame.messageID {
    case CTL.ID.proxyOpen:
      handleProxyOpen(frame, from: index)
    case let message where message.rawValue >= CTL.ID.proxyOpen.rawValue:
      // Between libqmi and its proxies; a modem must not see them.
      answer(frame, connection, .invalidQMICommand)
    case _ where !clients[index].isOpen:
      answer(frame, connection, .deviceNotReady)
    case CTL.ID.sync:
      actions.append(.sendToClient(connection, frame.response(.success).octets))
    case CTL.ID.allocateClientID:
      let service = (try? CTL.AllocateClientIDRequest(decoding: frame))?.service
      forward(frame, from: index, service.map { .allocation($0) } ?? .control)
    case CTL.ID.releaseClientID:
      handleRelease(frame, from: index)
    default:
      forward(frame, from: index, .control)
    }
  }

  private mutating func handleRelease(_ frame: QMUXFrame, from index: Int) {
    if let release = try? CTL.ReleaseClientIDRequest(decoding: frame) {
      let id = ServiceClientID(release.allocation)
      guard id != ownClientID else {
        answer(frame, clients[index].connection, .invalidClientID)
        return
      }
      // As in the stock proxy, the answer is not waited for. Should the modem refuse, whoever uses the id next adopts it.
      for other in clients.indices { _ = clients[other].remove(id) }
      ledger.forget(id)
      timers.cancel(.release(id))
      updateOwnReports()
    }
    forward(frame, from: index, .control)
    keepIDs()
  }

  private mutating func handleProxyOpen(_ frame: QMUXFrame, from index: Int) {
    let connection = clients[index].connection
    guard let open = try? CTL.ProxyOpenRequest(decoding: frame) else {
      answer(frame, connection, .malformedMessage)
      return
    }
    guard configuration.accepts(devicePath: open.devicePath) else {
      answer(frame, connection, .invalidArgument)
      return
    }
    guard !link.isOpen else {
      clients[index].open()
      actions.append(.sendToClient(connection, frame.response(.success).octets))
      return
    }
    guard clients[index].isOpening || waitingProxyOpenCount < configuration.limits.proxyOpens else {
      answer(frame, connection, .insufficientResources)
      return
    }
    if let earlier = clients[index].waitForDevice(frame) { answer(earlier, connection, .aborted) }
    timers.schedule(.proxyOpen(connection), at: clock + configuration.timing.proxyOpen)
    wantModem()
  }

  private var waitingProxyOpenCount: Int { clients.sessions.count { $0.isOpening } }

  mutating func proxyOpenTimedOut(_ connection: ClientConnection) {
    guard let index = clients.index(of: connection), let request = clients[index].openFailed() else { return }
    answer(request, connection, .deviceNotReady)
  }

  // MARK: Client ids

  /// A client uses an id that it was not given here: from before this proxy ran, or from a client that has vanished.
  private mutating func adopt(_ id: ServiceClientID, by index: Int) {
    guard id.clientID != .broadcast, id.clientID.rawValue != 0 else { return }
    guard clients[index].ids.count < configuration.limits.clientIDs else { return }
    clients[index].add(id)
    if ledger.adopt(id) { timers.cancel(.release(id)) }
    keepIDs()
  }

  /// The modem gave a client an id.
  mutating func track(_ id: ServiceClientID, for connection: ClientConnection) {
    // The modem gives out what it has free: whatever was known about an earlier use is void.
    ledger.forget(id)
    releaseTries[id] = nil
    timers.cancel(.release(id))
    if let index = clients.index(of: connection) {
      clients[index].add(id)
      keepIDs()
    } else {
      // The client has gone while it waited; nobody knows the id.
      release(id)
    }
  }

  private mutating func disown(_ id: ServiceClientID) {
    guard !isHeldByAnyone(id), id != ownClientID else { return }
    ledger.disown(id)
    if id.service == .wms { updateOwnReports() }
    // A data call ends with its client id, and outlives the client on purpose.
    guard !ledger.hasDataCall(id) else { return }
    timers.schedule(.release(id), at: clock + configuration.timing.releaseGrace)
  }

  func isHeldByAnyone(_ id: ServiceClientID) -> Bool {
    clients.sessions.contains { $0.holds(id) }
  }

  mutating func releaseDisowned(_ id: ServiceClientID) {
    guard ledger.adopt(id) else { return }
    release(id)
  }

  mutating func release(_ id: ServiceClientID) {
    ledger.forget(id)
    guard link.isOpen else { return }
    let frame = CTL.ReleaseClientIDRequest(id.allocation).encoded(transaction: 0)
    sendOwn(frame, .ownRelease(id), timeout: configuration.timing.ownRequest)
    keepIDs()
  }

  /// The modem has no more ids: gives the one back that would be next, and that nobody has asked for since its client vanished.
  ///
  /// - Returns: whether there was one, so that asking again is worth it.
  mutating func makeRoom(for service: QMIService) -> Bool {
    let next = timers.first { timer in
      if case .release(let id) = timer { id.service == service } else { false }
    }
    guard case .release(let id)? = next else { return false }
    timers.cancel(.release(id))
    releaseDisowned(id)
    return true
  }

  /// The modem would not take an id back, or did not hear of it.
  mutating func releaseFailed(_ id: ServiceClientID) {
    guard link.isOpen, !isHeldByAnyone(id), id != ownClientID else { return }
    let tries = (releaseTries[id] ?? 0) + 1
    releaseTries[id] = tries < configuration.limits.sendTries ? tries : nil
    guard releaseTries[id] != nil else { return }
    ledger.disown(id)
    keepIDs()
    if phase == .running { timers.schedule(.release(id), at: clock + configuration.timing.releaseGrace) }
  }
}
