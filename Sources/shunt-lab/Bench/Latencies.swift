/// Durations measured, and their quantiles.
struct Latencies {
  private var nanoseconds: [Int64] = []

  var count: Int { nanoseconds.count }

  mutating func add(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    nanoseconds.append(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  static func + (left: Latencies, right: Latencies) -> Latencies {
    var sum = left
    sum.nanoseconds += right.nanoseconds
    return sum
  }

  /// Microseconds that `parts` of 1,000 durations do not exceed; 0 without durations.
  func quantile(_ parts: Int) -> Double {
    guard !nanoseconds.isEmpty else { return 0 }
    let sorted = nanoseconds.sorted()
    let index = min(sorted.count - 1, sorted.count * parts / 1000)
    return Double(sorted[index]) / 1000
  }

  var median: Double { quantile(500) }
  var p99: Double { quantile(990) }
}

extension Double {
  /// With so many decimals, for tables.
  func text(_ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((abs(self) * scale).rounded())
    let sign = self < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % Int64(scale))
    return sign + "\(scaled / Int64(scale))." + String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
  }
}
