internal import Metrics
internal import RelayProtocol

/// The hub's counts for whatever metrics system the program set up. None of them tells who did what.
struct RelayMeters {
  private static let counters: [(name: String, value: any KeyPath<RelayStatistics, UInt64> & Sendable)] = [
    ("connections_accepted", \.connectionsAccepted), ("connections_refused", \.connectionsRefused),
    ("sessions_opened", \.sessionsOpened), ("sessions_replaced", \.sessionsReplaced),
    ("sessions_timed_out", \.sessionsTimedOut), ("sessions_cut_off", \.sessionsCutOff),
    ("authentications_failed", \.authenticationsFailed), ("protocol_errors", \.protocolErrors),
    ("codes_sent", \.codesSent), ("codes_wrong", \.wrongCodes), ("registrations_made", \.registrationsMade),
    ("registrations_removed", \.registrationsRemoved), ("registrations_moved", \.registrationsMoved),
    ("elements_evaluated", \.elementsEvaluated),
    ("tokens_looked_up", \.tokensLookedUp), ("messages_accepted", \.messagesAccepted),
    ("messages_acknowledged", \.messagesAcknowledged), ("messages_refused", \.messagesRefused),
    ("messages_revoked", \.messagesRevoked), ("messages_lapsed", \.messagesLapsed),
    ("messages_recipient_gone", \.messagesRecipientGone), ("requests_limited", \.requestsLimited),
  ]

  private let meters: [(counter: Counter, value: any KeyPath<RelayStatistics, UInt64> & Sendable)]
  private let connections: Gauge
  private let online: Gauge
  private let pending: Gauge
  private var told = RelayStatistics()

  init(factory: any MetricsFactory) {
    meters = Self.counters.map { (Counter(label: "shunt_relay_\($0.name)", factory: factory), $0.value) }
    connections = Gauge(label: "shunt_relay_connections", factory: factory)
    online = Gauge(label: "shunt_relay_devices_online", factory: factory)
    pending = Gauge(label: "shunt_relay_messages_pending", factory: factory)
  }

  /// Adds what came since the last call.
  mutating func update(_ hub: RelayHub) {
    let statistics = hub.statistics
    for (counter, value) in meters {
      let more = statistics[keyPath: value] &- told[keyPath: value]
      if more > 0 { counter.increment(by: Int64(clamping: more)) }
    }
    told = statistics
    connections.record(hub.connectionCount)
    online.record(hub.onlineCount)
    pending.record(hub.pendingMessageCount)
  }
}
