public import QMI

/// The modem keeps the ids that it gave out when a proxy is killed, and has few: each kill would cost some, until nobody gets
/// one any more. So the shell keeps a list for the next run.
extension Interposer {
  /// Ids in ``Action/keepClientIDs(_:)`` at most; more than any modem has.
  static let keptIDLimit = 1_024

  /// What the run before had and did not give back, when it was killed. They are given back after the grace time, as those of
  /// a client that vanished; whoever uses one until then, keeps it.
  public mutating func restoreClientIDs(_ ids: [CTL.ClientIDAllocation]) {
    leftIDs = ids.prefix(Self.keptIDLimit).map { ServiceClientID($0) }
    keptIDs = leftIDs
  }

  /// The device is open for the first time in this run.
  mutating func disownLeftIDs() {
    let ids = leftIDs
    leftIDs = []
    for id in ids where !isHeldByAnyone(id) && id != ownClientID {
      ledger.disown(id)
      timers.schedule(.release(id), at: clock + configuration.timing.releaseGrace)
    }
    keepIDs()
  }

  /// Has the list kept, if it is another one. Before a client hears of a new id, and after the modem was asked to take one back.
  mutating func keepIDs() {
    let ids = takenIDs
    guard ids != keptIDs else { return }
    keptIDs = ids
    actions.append(.keepClientIDs(ids.map(\.allocation)))
  }

  /// Those of clients, those of clients that have vanished, and the Interposer's own; but not those of data calls, which
  /// outlive their client on purpose.
  private var takenIDs: [ServiceClientID] {
    var ids = Set(leftIDs).union(ledger.disowned)
    for session in clients.sessions { ids.formUnion(session.ids) }
    if let ownClientID { ids.insert(ownClientID) }
    return Array(ids.filter { !ledger.hasDataCall($0) }.sorted().prefix(Self.keptIDLimit))
  }
}
