internal import Routing

/// What one operation takes.
struct OperationFigure {
  var name: String
  var microseconds: Double
  var octets: (count: Int, purpose: String)?

  init(name: String, microseconds: Double, octets: (count: Int, purpose: String)? = nil) {
    self.name = name
    self.microseconds = microseconds
    self.octets = octets
  }

  init(_ operation: TimedOperation, _ latencies: Latencies) {
    self.init(name: operation.name, microseconds: latencies.median, octets: operation.octets)
  }

  var aSecond: Int { Int((1_000_000 / microseconds).rounded()) }

  var row: [String] {
    [
      name, microseconds.text(1), aSecond.grouped, octets.map { "\($0.count.grouped) \($0.purpose)" } ?? "",
    ]
  }

  /// `operation`, `nanoseconds`, `a_second`, `octets` and what becomes of them.
  var json: String {
    var object = JSONObject()
    object.add("operation", name)
    object.add("nanoseconds", Int64((microseconds * 1000).rounded()))
    object.add("a_second", Int64(aSecond))
    object.add("octets", octets.map { Int64($0.count) })
    object.add("octets_are", octets?.purpose)
    return object.line
  }
}
