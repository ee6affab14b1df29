/// A figure and what it must not exceed.
struct Requirement {
  var name: String
  var value: Double
  var limit: Double
  var unit: String

  var isMet: Bool { value <= limit }

  var line: String {
    "\(isMet ? "met   " : "MISSED") \(name): \(value.text(2))\(unit), limit \(limit.text(2))\(unit)"
  }
}
