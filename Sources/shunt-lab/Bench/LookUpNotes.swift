internal import RelayProtocol

/// What has to be said beside the figures of look-ups.
enum LookUpNotes {
  static func lines(_ contacts: [Int], limits: RelayLimits = RelayLimits()) throws -> [String] {
    var lines = [
      "a call takes at most \(ClientMessage.maximumBatch) numbers; the relay's store is a table in memory",
      "TLS adds: 22 octets (header 5, type 1, tag 16) for each record of at most 16,384, a record or two for each frame; "
        + "TCP and IP come on top",
    ]
    for count in contacts where LookUpBench.needsRaisedLimit(count) {
      let time = try EnumerationAttack(registrations: 1, limits: limits).time(toTest: count)
      let hours = Double(time.components.seconds) / 3600
      lines.append(
        "\(count.grouped) cold ran with a raised limit: the relay's own, \(limits.evaluationBurst) at once and "
          + "\(limits.evaluationsPerHour) more an hour, lets the last of \(count.grouped) new contacts be looked up after "
          + "\(hours.text(1)) hours")
    }
    return lines
  }
}
