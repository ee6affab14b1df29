internal import RelayProtocol
internal import Routing

/// How many numbers attackers can test.
struct EnumerationReport {
  struct Row: Equatable {
    var registrations: Int
    var inADay: Int
    var inThirtyDays: Int

    /// Of a range of 10⁹ numbers, in 30 days.
    var share: Double { Double(inThirtyDays) / 1e9 }
  }

  private static let day: Duration = .seconds(86_400)

  var rows: [Row] = []
  /// What one registration tests in 30 days by each way to go on after a refusal.
  var ways: [(way: EnumerationAttack.Way, tested: Int)] = []

  /// Lets the attackers run.
  init(registrations: [Int], limits: RelayLimits = RelayLimits()) throws {
    for count in registrations {
      let attack = EnumerationAttack(registrations: count, limits: limits)
      try attack.run(until: Self.day)
      let inADay = attack.tested
      try attack.run(until: Self.day * 30)
      rows.append(Row(registrations: count, inADay: inADay, inThirtyDays: attack.tested))
    }
    for way in EnumerationAttack.Way.allCases {
      let attack = EnumerationAttack(registrations: 1, way: way, limits: limits)
      try attack.run(until: Self.day * 30)
      ways.append((way, attack.tested))
    }
  }

  var lines: [String] {
    var table = Table(["registrations", "numbers in a day", "in 30 days", "of 10⁹ in 30 days"])
    for row in rows {
      table.add([
        row.registrations.grouped, row.inADay.grouped, row.inThirtyDays.grouped, (row.share * 100).text(4) + " %",
      ])
    }
    var lines = [table.text]
    if let (_, waiting) = ways.first {
      for (way, tested) in ways.dropFirst() {
        lines.append("\(way.text) after each refusal, one registration in 30 days: \(Self.gain(tested - waiting))")
      }
    }
    lines.append("each registration is a number of its own, which got a code by SMS")
    return lines
  }

  private static func gain(_ difference: Int) -> String {
    difference == 0 ? "gains nothing" : "\(abs(difference).grouped) numbers \(difference > 0 ? "more" : "fewer")"
  }

  var json: [String] {
    rows.map { row in
      var object = JSONObject()
      object.add("registrations", Int64(row.registrations))
      object.add("numbers_in_a_day", Int64(row.inADay))
      object.add("numbers_in_30_days", Int64(row.inThirtyDays))
      return object.line
    }
      + ways.map { way, tested in
        var object = JSONObject()
        object.add("after_a_refusal", way.text)
        object.add("registrations", Int64(1))
        object.add("numbers_in_30_days", Int64(tested))
        return object.line
      }
  }
}

extension EnumerationAttack.Way {
  var text: String {
    switch self {
    case .wait: "waiting"
    case .newSession: "a new session"
    case .newRegistration: "a new registration of the number"
    }
  }
}
