import QMI

/// What is known about client ids beside who uses them.
struct ClientIDLedger: Sendable {
  /// WMS ids that enabled reports of new messages.
  private(set) var reporting: Set<ClientID> = []
  /// WDS ids that have started a data call and not stopped it.
  private(set) var dataCalls: Set<ClientID> = []
  /// Ids whose client has vanished. The modem still has them.
  private(set) var disowned: Set<ServiceClientID> = []

  mutating func setReporting(_ clientID: ClientID, _ isReporting: Bool) {
    if isReporting { reporting.insert(clientID) } else { reporting.remove(clientID) }
  }

  mutating func setDataCall(_ clientID: ClientID, _ isStarted: Bool) {
    if isStarted { dataCalls.insert(clientID) } else { dataCalls.remove(clientID) }
  }

  func hasDataCall(_ id: ServiceClientID) -> Bool {
    id.service == .wds && dataCalls.contains(id.clientID)
  }

  mutating func disown(_ id: ServiceClientID) { disowned.insert(id) }

  /// - Returns: whether it was disowned.
  mutating func adopt(_ id: ServiceClientID) -> Bool { disowned.remove(id) != nil }

  /// The modem does not have the id any more.
  mutating func forget(_ id: ServiceClientID) {
    disowned.remove(id)
    if id.service == .wms { reporting.remove(id.clientID) }
    if id.service == .wds { dataCalls.remove(id.clientID) }
  }

  mutating func forgetAll() { self = ClientIDLedger() }
}
