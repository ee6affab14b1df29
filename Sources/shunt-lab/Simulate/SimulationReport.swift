internal import Simulation

/// Figures for people.
enum SimulationReport {
  static func lines(_ figures: SimulationFigures, wallSeconds: Double) -> [String] {
    let days = Double(figures.virtualTime.components.seconds) / 86_400
    var lines = [
      "\(figures.seeds) seeds, \(figures.messages) messages, \(figures.faultCount) faults, \(figures.events) events",
      "\(days.text(1)) days of virtual time in \(wallSeconds.text(1)) seconds",
      "shown once, by IP          \(figures.shownByIP)",
      "shown once, by carrier     \(figures.shownByCarrier)",
      "taken for a service number \(figures.takenByCarrier)",
      "failed, and told so        \(figures.failed)",
      "no answer, not shown       \(figures.unanswered)",
      "lost by the carrier        \(figures.lostByCarrier)",
      "taken for a copy           \(figures.takenForCopy)",
      "shown twice, at the edges  \(figures.excuses.values.reduce(0, +))",
    ]
    for excuse in DuplicateExcuse.allCases where figures.excuses[excuse] ?? 0 > 0 {
      lines.append("  \(excuse.rawValue) \(figures.excuses[excuse] ?? 0)")
    }
    lines.append("lost \(figures.lost), duplicated \(figures.duplicated), promises broken \(figures.violationCount)")
    for kind in Violation.Kind.allCases where figures.violations[kind] ?? 0 > 0 {
      lines.append("  \(kind.rawValue) \(figures.violations[kind] ?? 0)")
    }
    let faults = FaultKind.allCases.filter { figures.faults[$0] ?? 0 > 0 }.map { "\($0.rawValue) \(figures.faults[$0] ?? 0)" }
    lines.append("faults: \(faults.joined(separator: ", "))")
    return lines
  }
}
