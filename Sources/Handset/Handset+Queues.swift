internal import Interposer
internal import Routing

extension Handset {
  /// How full each queue is: its bound, and whether it is empty when nothing is under way.
  public var queues: [(name: String, count: Int, bound: Int, restsEmpty: Bool)] {
    let limits = configuration.interposer.limits
    return interposer.queues + [
      // Those that were forwarded because there are too many are only counted on their way.
      ("outgoing", outgoing.count, limits.submissions + limits.clients * limits.requests, true),
      ("broken off", brokenOff.count, BrokenOffMessages.capacity, false),
      ("spool", spool.count, limits.storedMessages, false),
      ("erased messages", spool.erasedCount, Spool.erasedCapacity, false),
      ("waiting for a token", incoming.waiting.count, IncomingDesk.waitingCapacity, true),
      ("being written", incoming.writes.count, IncomingDesk.writingCapacity, true),
      ("recent copies", incoming.recent.count, RecentMessages.capacity, false),
      ("unconcluded messages", incoming.unconcluded.count, UnconcludedMessages.capacity, false),
      ("leaving copies", incoming.leaving.count, IncomingDesk.leavingCapacity, false),
      ("concluded messages", incoming.concluded.count, ConcludedMessages.capacity, false),
      ("incomplete carrier messages", incoming.carrierMessages.count, CarrierMessages.capacity, true),
      ("calls", calls.count, PendingCalls.capacity, true),
      ("tokens under way", tokens.pendingCount, TokenDesk.capacity, true),
      ("pinned keys", pins.count, PinBook.capacity, false),
      ("contacts", contacts.count, ContactCache.capacity, false),
      ("classified numbers", classified.count, Self.classifiedCapacity, false),
    ]
  }
}
