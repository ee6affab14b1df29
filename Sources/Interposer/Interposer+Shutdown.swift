import QMI

extension Interposer {
  /// Ends everything in order: whatever is held or undecided goes by carrier; then clients are closed and their ids released, so that
  /// the next proxy finds the modem's ids free. Incoming messages that are undecided then stay in the modem, where clients find them. The shell waits for ``isShutDown``, for as long as it can.
  public mutating func beginShutdown(now: Duration) {
    advance(to: now)
    guard phase == .running else { return }
    phase = .draining
    // What clients still send meanwhile is forwarded, and told of.
    // What the carrier brings is still looked at for as long as clients could read it.
    looksAtIncoming = tapMode == .intercept
    if tapMode != .off { tapMode = .observe }
    for id in assemblies.keys.sorted() {
      releaseSubmission(id, .shuttingDown)
      // What has not come by now is not waited for.
      assemblies[id]?.withTransfer { $0?.close() }
      settleTransfer(id)
    }
    advanceShutdown()
  }

  /// Whether nothing is left to wait for after ``beginShutdown(now:)``.
  public var isShutDown: Bool {
    phase == .releasing && !requests.hasOwnRequest
  }

  mutating func advanceShutdown() {
    guard phase == .draining, assemblies.values.allSatisfy({ !$0.isWaitingForModem || !link.isOpen }) else { return }
    phase = .releasing
    for id in assemblies.keys.sorted() {
      assemblies[id]?.withTransfer { $0?.giveUp() }
      settleTransfer(id)
    }
    looksAtIncoming = false
    leaveIncoming()
    for session in clients.sessions { close(session.connection, .shuttingDown) }
    for id in ledger.disowned.sorted() where !ledger.hasDataCall(id) {
      timers.cancel(.release(id))
      releaseDisowned(id)
    }
    timers.cancel(.ownClientIdle)
    if let id = ownClientID {
      _ = ownClient.lost()
      release(id)
    }
  }
}

extension Interposer {
  /// What the modem has stored is found there by clients later. What it has not stored they have to hear of now.
  private mutating func leaveIncoming() {
    for id in incoming.ids {
      switch incoming[id]?.location {
      case .stored: incoming.settle(id, .consume)
      default: incoming.settle(id, .announce)
      }
    }
    routeReady()
    forgetIncoming()
  }
}

extension MessageAssembly {
  /// Whether the modem has a part of it, or is to get one.
  var isWaitingForModem: Bool { transfer.map { !$0.isFinished && !$0.isReportedAndIdle } ?? true }
}
