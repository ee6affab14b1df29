/// A seeded world of whole handsets, a relay and a carrier, in which everything breaks by turns, and which is then asked
/// whether each text had one fate.
///
/// What is real: the handset machine with proxy, decisions, sealing and spool; the relay's hub with its keys; what passes
/// between them, to the octet. What stands for something: the virtual modem and carrier, the messaging program, sockets,
/// disks and clocks.
///
/// **Chance.** Everything that is left to chance comes from the seed, each kind from a stream of its own; nothing depends on
/// keys (which are new in each process), on the order of a dictionary, or on the machine's time. The same plan gives the same
/// trace everywhere.
///
/// **What can break where.** A Unix socket and the modem's device keep order and lose nothing: they end, with the process or
/// the modem at either end. A TLS connection keeps order, too: it is slow, stalls, hangs for ever, is reset, or is gone at
/// one end only (``FaultKind``). Messages are lost, doubled or late only where that can be: in the modem, at the carrier. A
/// process dies before any of its actions; of what it wrote, sockets and the modem keep what was written, disks what a write
/// had returned for, and a write that was under way, of one file or several, wholly or not at all.
///
/// **What is promised**, and checked after each run, when faults are over and there was time to settle:
///
/// * A client that was told that its message went out: the recipient's app has it, or the carrier took it and its record
///   shows that it lost it.
/// * A client that was told that it failed: the recipient does not have it; or, when it arrived by IP after all, the log has
///   an attempt by IP for it; or the carrier took it, and its answer was lost or late.
/// * A client that got no answer, because the daemon, the modem or the client itself died: the recipient has it or not, at
///   most once. No more can be promised to somebody who is not there any more. When a person sends it again, that is another
///   message.
/// * No message is shown more often than once, or than the carrier brought it. When the carrier's copy comes beside one by
///   IP, the edges at which nobody could know are in ``DuplicateExcuse``.
/// * One record a message. One whose parts come more than a minute apart is more than one; a stored one whose client left
///   before it could be read has none. A daemon that dies may leave without one: what it had not answered, and the message of
///   which it had just passed the modem's answer on.
/// * Nothing is held longer than its limit, no queue is longer than its bound, and at rest all are empty; each client id is
///   in use or given back (but for one that the modem was about to give when the daemon died).
public enum Simulation {
  /// What came of one plan.
  public struct Outcome: Sendable {
    public let figures: SimulationFigures
    public let violations: [Violation]
    /// Of everything that happened, in order.
    public let traceHash: UInt64
    /// What happened; empty unless it was asked for.
    public let trace: [String]
  }

  /// Does all of a plan.
  ///
  /// - Parameter laboratory: with at least as many handsets as the plan has.
  public static func run(_ plan: SimulationPlan, in laboratory: Laboratory, keepsTrace: Bool = false) -> Outcome {
    let world = World(plan, laboratory: laboratory, keepsTrace: keepsTrace)
    world.run()
    let outcome = Outcome(
      figures: world.figures, violations: world.violations, traceHash: world.trace.hash.value, trace: world.trace.lines)
    world.tearDown()
    return outcome
  }

  /// Leaves out what a failing plan does not need to fail in the same way: faults first, then messages, in halves, quarters
  /// and so on.
  ///
  /// - Parameter limit: how many runs it may take.
  /// - Returns: a plan that still fails.
  public static func shrink(
    _ plan: SimulationPlan, in laboratory: Laboratory, limit: Int = 400
  ) -> SimulationPlan {
    guard let kind = run(plan, in: laboratory).violations.first?.kind else { return plan }
    var runs = 0
    func fails(_ candidate: SimulationPlan) -> Bool {
      runs += 1
      return run(candidate, in: laboratory).violations.contains { $0.kind == kind }
    }
    func reduced(_ indexes: [Int], _ keep: (Set<Int>) -> SimulationPlan) -> Set<Int> {
      var kept = indexes
      var size = max(1, kept.count / 2)
      while !kept.isEmpty, runs < limit {
        var start = 0
        while start < kept.count, runs < limit {
          var candidate = kept
          candidate.removeSubrange(start..<min(start + size, kept.count))
          if fails(keep(Set(candidate))) { kept = candidate } else { start += size }
        }
        if size == 1 { break }
        size /= 2
      }
      return Set(kept)
    }
    var small = plan
    let faults = reduced(small.faults.map(\.index)) { small.keeping(faults: $0) }
    small = small.keeping(faults: faults)
    let messages = reduced(small.messages.map(\.index)) { small.keeping(messages: $0) }
    small = small.keeping(messages: messages)
    // Fewer messages may need fewer faults.
    let rest = reduced(small.faults.map(\.index)) { small.keeping(faults: $0) }
    return small.keeping(faults: rest)
  }
}
