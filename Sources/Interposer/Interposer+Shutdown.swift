import QMI

extension Interposer {
  /// Ends everything in order: whatever is held or undecided goes by carrier; then clients are closed and their ids released, so that
  /// the next proxy finds the modem's ids free. The shell waits for ``isShutDown``, for as long as it can.
  public mutating func beginShutdown(now: Duration) {
    advance(to: now)
    guard phase == .running else { return }
    phase = .draining
    // What clients still send meanwhile is forwarded, and told of.
    if tapMode != .off { tapMode = .observe }
    endVetting()
    for id in incoming.ids { settleIncoming(id, .announce) }
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

extension MessageAssembly {
  /// Whether the modem has a part of it, or is to get one.
  var isWaitingForModem: Bool { transfer.map { !$0.isFinished && !$0.isReportedAndIdle } ?? true }
}
