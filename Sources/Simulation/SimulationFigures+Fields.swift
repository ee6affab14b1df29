/// Figures as names and numbers, for other programs.
extension SimulationFigures {
  private static let counts: [(name: String, path: any WritableKeyPath<SimulationFigures, Int> & Sendable)] = [
    ("seeds", \.seeds), ("messages", \.messages), ("shown-by-ip", \.shownByIP), ("shown-by-carrier", \.shownByCarrier),
    ("shown-twice", \.shownTwice), ("failed", \.failed), ("unanswered", \.unanswered),
    ("lost-by-carrier", \.lostByCarrier), ("taken-for-copy", \.takenForCopy),
    ("taken-by-carrier", \.takenByCarrier), ("lost", \.lost),
    ("records", \.records), ("events", \.events),
  ]

  /// In an order that is always the same.
  public var fields: [(name: String, value: Int)] {
    var fields = Self.counts.map { (name: $0.name, value: self[keyPath: $0.path]) }
    fields.append(("duplicated", duplicated))
    fields.append(("virtual-seconds", Int(virtualTime.components.seconds)))
    for excuse in DuplicateExcuse.allCases { fields.append(("twice.\(excuse.rawValue)", excuses[excuse] ?? 0)) }
    for kind in FaultKind.allCases { fields.append(("fault.\(kind.rawValue)", faults[kind] ?? 0)) }
    for kind in Violation.Kind.allCases { fields.append(("violation.\(kind.rawValue)", violations[kind] ?? 0)) }
    return fields
  }

  /// Puts back one of ``fields``; what is computed from others, and what is not known, is left out.
  public mutating func set(_ name: String, _ value: Int) {
    if let count = Self.counts.first(where: { $0.name == name }) {
      self[keyPath: count.path] = value
    } else if name == "virtual-seconds" {
      virtualTime = .seconds(value)
    } else if name.hasPrefix("twice."), let excuse = DuplicateExcuse(rawValue: String(name.dropFirst(6))) {
      excuses[excuse] = value
    } else if name.hasPrefix("fault."), let kind = FaultKind(rawValue: String(name.dropFirst(6))) {
      faults[kind] = value
    } else if name.hasPrefix("violation."), let kind = Violation.Kind(rawValue: String(name.dropFirst(10))) {
      violations[kind] = value
    }
  }
}
