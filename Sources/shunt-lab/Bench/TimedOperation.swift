/// Something short that is done again and again for its time on one core.
struct TimedOperation {
  /// Each operation runs for at least this long in a round.
  private static let turn: Duration = .milliseconds(25)

  var name: String
  /// What it adds or sends, and what becomes of that.
  var octets: (count: Int, purpose: String)?
  var body: () throws -> Void

  init(_ name: String, octets: (count: Int, purpose: String)? = nil, body: @escaping () throws -> Void) {
    self.name = name
    self.octets = octets
    self.body = body
  }

  /// Times operations in turns, so that what slows the machine down for a while slows all of them.
  ///
  /// - Returns: what each took in each round, by operation.
  static func measure(_ operations: [TimedOperation], rounds: Int) throws -> [Latencies] {
    let counts = try operations.map { try $0.warmUp() }
    var latencies = Array(repeating: Latencies(), count: operations.count)
    for _ in 0..<rounds {
      for (index, operation) in operations.enumerated() {
        latencies[index].add(try operation.time(counts[index]) / counts[index])
      }
    }
    return latencies
  }

  private func time(_ count: Int) throws -> Duration {
    let start = ProcessorTime.now
    for _ in 0..<count { try body() }
    return ProcessorTime.now - start
  }

  /// - Returns: how many times fill a turn.
  private func warmUp() throws -> Int {
    var count = 1
    while true {
      let time = try time(count)
      if time >= Self.turn { return count }
      count = time < Self.turn / 16 ? count * 8 : count * 2
    }
  }
}
