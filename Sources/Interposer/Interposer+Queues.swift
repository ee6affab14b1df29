extension Interposer {
  /// How full each queue is: its bound, and whether it is empty when nothing is under way.
  public var queues: [(name: String, count: Int, bound: Int, restsEmpty: Bool)] {
    let limits = configuration.limits
    // The Interposer's own requests beside those of clients: a read or deletion for each announcement, a part for each message.
    let own = limits.heldIndications + 1 + 2 * limits.submissions + limits.clients * limits.clientIDs
    return [
      ("clients", clients.count, limits.clients, false),
      ("requests", requests.count, limits.clients * limits.requests + own, true),
      ("proxy opens", clients.sessions.count { $0.isOpening }, limits.proxyOpens, true),
      ("submissions", assemblies.count + storedSubmissions.count, limits.submissions, true),
      ("held parts", heldPartCount, limits.heldParts, true),
      ("held indications", incoming.count, limits.heldIndications, true),
      ("held reads", heldReads.count, limits.heldReads, true),
      ("vetted messages", vetting?.count ?? 0, limits.vettedMessages, true),
      ("stored messages", storage.count, limits.storedMessages, false),
    ]
  }
}
