internal import ArgumentParser
internal import Glibc
internal import ModemHost
internal import Simulation

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Whole handsets, a relay and a carrier in virtual time, while everything breaks.",
    discussion: """
      Each seed is a world of its own, after which it is checked what became of each text. Exits with 1 when a promise was \
      broken; the first seed that broke one is then made as small as it can be and shown, with the command that runs it again \
      exactly.
      """)

  @Option(name: .long, help: "Run this seed only.")
  var seed: UInt64?

  @Option(name: .long, help: "How many seeds.")
  var seeds = 100

  @Option(name: .long, help: "The first of them.")
  var first: UInt64 = 0

  @Option(name: .long, help: "How many handsets a world has.")
  var handsets = 3

  @Option(name: .long, help: "How many messages are written in each.")
  var messages = 100

  @Option(name: .long, help: "How many processes; as many as there are processors when not given.")
  var jobs: Int?

  @Option(name: .long, help: ArgumentHelp("Of a single seed: only these faults.", valueName: "number,…"))
  var onlyFaults: IndexList?

  @Option(name: .long, help: ArgumentHelp("Of a single seed: only these messages.", valueName: "number,…"))
  var onlyMessages: IndexList?

  @Flag(name: .long, help: "Of a single seed: print all that happens.")
  var trace = false

  @Flag(name: .long, help: "Show a seed that fails as it is.")
  var noShrink = false

  @Flag(name: .long, help: "Print the figures as JSON.")
  var json = false

  @Flag(name: .long, help: .hidden)
  var worker = false

  @Option(name: .long, help: .hidden)
  var stride: UInt64 = 1

  func validate() throws {
    guard Laboratory.handsetCounts.contains(handsets) else {
      throw ValidationError("--handsets wants \(Laboratory.handsetCounts.lowerBound) to \(Laboratory.handsetCounts.upperBound)")
    }
    guard (1...10_000).contains(messages) else { throw ValidationError("--messages wants 1 to 10000") }
    guard seeds >= 1, (1...64).contains(jobs ?? 1) else { throw ValidationError("--seeds wants 1 or more, --jobs 1 to 64") }
    guard seed != nil || (onlyFaults == nil && onlyMessages == nil && !trace) else {
      throw ValidationError("--only-faults, --only-messages and --trace are for a single --seed")
    }
  }

  func run() throws {
    if worker { return try work() }
    if let seed { return try runOne(seed) }
    let started = EventLoop.now
    let crew = try SimulationCrew(command: self, jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let result = try crew.run()
    report(result.figures, seconds: EventLoop.now - started)
    for failure in result.failures.prefix(20) { Output.line("seed \(failure.seed): \(failure.text)") }
    guard let failing = result.failures.map(\.seed).min() else { return }
    try show(plan(failing), in: Laboratory(handsets: handsets))
    throw ExitCode(1)
  }

  // MARK: One seed

  private func plan(_ seed: UInt64) -> SimulationPlan {
    SimulationPlan(seed: seed, handsets: handsets, messages: messages)
      .keeping(messages: onlyMessages?.indexes, faults: onlyFaults?.indexes)
  }

  private func runOne(_ seed: UInt64) throws {
    let laboratory = try Laboratory(handsets: handsets)
    let started = EventLoop.now
    let outcome = Simulation.run(plan(seed), in: laboratory, keepsTrace: trace)
    for line in outcome.trace { Output.line(line) }
    report(outcome.figures, seconds: EventLoop.now - started)
    Output.line("trace \(String(outcome.traceHash, radix: 16))")
    guard !outcome.violations.isEmpty else { return }
    for violation in outcome.violations { Output.line("seed \(seed): \(violation)") }
    if !trace { try show(plan(seed), in: laboratory) }
    throw ExitCode(1)
  }

  /// A plan that fails, made small.
  private func show(_ plan: SimulationPlan, in laboratory: Laboratory) throws {
    let small = noShrink ? plan : Simulation.shrink(plan, in: laboratory)
    let outcome = Simulation.run(small, in: laboratory, keepsTrace: true)
    let faults = small.faults.map(\.index).sorted().map(String.init).joined(separator: ",")
    let texts = small.messages.map(\.index).map(String.init).joined(separator: ",")
    Output.line("")
    for line in outcome.trace.suffix(400) { Output.line(line) }
    Output.line("")
    for violation in outcome.violations { Output.line("\(violation)") }
    Output.line(
      "again: shunt-lab simulate --seed \(small.seed) --handsets \(handsets) --messages \(messages)"
        + " --only-faults \(faults.isEmpty ? "none" : faults) --only-messages \(texts)")
  }

  // MARK: Many seeds

  /// Runs every `stride`th seed; says of each that it begins, so that a crash has a name, and of those that fail, why.
  private func work() throws {
    let laboratory = try Laboratory(handsets: handsets)
    var total = SimulationFigures()
    for index in Swift.stride(from: first, to: first + UInt64(seeds), by: Int(stride)) {
      Output.line("seed \(index)")
      let outcome = Simulation.run(plan(index), in: laboratory)
      total += outcome.figures
      for violation in outcome.violations { Output.line("violation \(violation)") }
    }
    for field in total.fields where field.value != 0 { Output.line("figure \(field.name) \(field.value)") }
    Output.line("end")
  }

  private func report(_ figures: SimulationFigures, seconds: Duration) {
    let wall = Double(seconds.components.seconds) + Double(seconds.components.attoseconds) / 1e18
    if json {
      let pairs = figures.fields.map { "\"\($0.name)\":\($0.value)" } + ["\"wall-seconds\":\(wall.text(1))"]
      Output.line("{\(pairs.joined(separator: ","))}")
      return
    }
    for line in SimulationReport.lines(figures, wallSeconds: wall) { Output.line(line) }
  }
}

/// Numbers behind commas; `none` for none.
struct IndexList: ExpressibleByArgument {
  let indexes: Set<Int>

  init?(argument: String) {
    guard argument != "none" else {
      indexes = []
      return
    }
    var indexes: Set<Int> = []
    for piece in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let index = Int(piece), index >= 0 else { return nil }
      indexes.insert(index)
    }
    self.indexes = indexes
  }
}
