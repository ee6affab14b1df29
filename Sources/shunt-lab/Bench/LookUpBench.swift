internal import Handset
internal import RelayProtocol
internal import Telephony

/// Measures look-ups.
struct LookUpBench {
  private let pair: LookUpPair
  private let known: PhoneNumber

  init() throws {
    let relay = try LookUpRelay()
    known = try Self.number(0)
    try relay.register(known)
    pair = try LookUpPair(relay)
  }

  /// Whether the relay's limits allow that many in one go.
  static func needsRaisedLimit(_ contacts: Int) -> Bool { contacts > RelayLimits().evaluationBurst }

  private static func limits(_ contacts: Int) -> RelayLimits {
    var limits = RelayLimits()
    limits.evaluationBurst = max(limits.evaluationBurst, contacts)
    // Cold and cached one after the other.
    limits.presenceBurst = max(limits.presenceBurst, 2 * contacts)
    return limits
  }

  private static func number(_ index: Int) throws -> PhoneNumber {
    try PhoneNumber(e164: "+447700\(900_000 + index)")
  }

  /// - Returns: a cold look-up, and the same once more with the tokens that it left.
  func measure(_ contacts: Int, rounds: Int) throws -> [LookUpFigure] {
    let calls = (contacts + ClientMessage.maximumBatch - 1) / ClientMessage.maximumBatch
    var figures = [false, true].map { LookUpFigure(contacts: contacts, isCached: $0, calls: calls) }
    for _ in 0..<rounds {
      try pair.restart(limits: Self.limits(contacts))
      for index in figures.indices { try measure(&figures[index]) }
    }
    return figures
  }

  private func measure(_ figure: inout LookUpFigure) throws {
    let (device, relay) = (pair.deviceSpent, pair.relay.spent)
    let (toRelay, toDevice) = (pair.toRelay, pair.toDevice)
    for first in stride(from: 0, to: figure.contacts, by: ClientMessage.maximumBatch) {
      let numbers = try (first..<min(first + ClientMessage.maximumBatch, figure.contacts)).map { try Self.number($0).e164 }
      try check(try pair.ask(.lookUp(numbers: numbers)), numbers)
    }
    figure.device.add(pair.deviceSpent - device)
    figure.relay.add(pair.relay.spent - relay)
    figure.toRelay = pair.toRelay.since(toRelay)
    figure.toDevice = pair.toDevice.since(toDevice)
  }

  /// What is not right need not be fast.
  private func check(_ reply: HandsetReply, _ numbers: [String]) throws {
    let expected = numbers.map { number in
      [HandsetField("number", number), HandsetField("presence", number == known.e164 ? "offline" : "unknown")]
    }
    guard reply == .rows(expected) else { throw LabError("a look-up gave something else than who is registered") }
  }
}
