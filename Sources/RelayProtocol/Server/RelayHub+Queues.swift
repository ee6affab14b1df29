extension RelayHub {
  /// How full each queue is: its bound, and whether it is empty when nothing is under way.
  public var queues: [(name: String, count: Int, bound: Int, restsEmpty: Bool)] {
    [
      ("connections", sessions.count, limits.connections, false),
      ("unauthenticated connections", unauthenticatedCount, limits.unauthenticatedConnections, true),
      ("pending messages", messages.count, limits.pendingMessages, true),
      ("unacknowledged", unacknowledged.values.reduce(0) { $0 + $1.count }, limits.pendingMessages, true),
      ("acknowledged", acknowledged.count, limits.acknowledgedMessages, false),
      ("jobs", jobs.count, limits.connections * (limits.outstandingRequests + 2), true),
      ("addresses", addressAccounts.count, limits.addresses, false),
      ("accounts", accounts.count, limits.accounts, false),
      ("evaluations", evaluationsInProgress, limits.evaluationsInProgress, true),
      ("registrations", registrationsInProgress, limits.registrationsInProgress, true),
      ("codes", pendingCodes.count, limits.pendingCodes, false),
      ("numbers with codes", codeTimes.count, limits.numbersWithCodes, false),
    ]
  }
}
