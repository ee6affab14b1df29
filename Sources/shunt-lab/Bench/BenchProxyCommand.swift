internal import ArgumentParser
internal import ModemHost
internal import QMI
internal import Telephony

struct BenchProxyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "The same requests through shuntd and through libqmi's own proxy.",
    discussion: """
      Each proxy has a virtual modem of its own, both alike. Requests alternate between the two, one at a time, all on one processor, so \
      that not the scheduler's choice of processors is compared, and no processor sleeps. How fresh processes happen to lie in the caches moves a round by a tenth \
      either way: the figure is the median of several rounds. Wants root (or user namespaces) for a network namespace of its own.
      """)

  @Option(name: .long, help: "The shuntd to measure.")
  var shuntd = ".build/release/shuntd"

  @Option(name: .long, help: "The proxy to compare it with.")
  var stock = "/usr/libexec/qmi-proxy"

  @Option(name: .long, help: "How many requests each in a round.")
  var requests = 100_000

  @Option(name: .long, help: "How many rounds, each with fresh processes.")
  var rounds = 5

  @Flag(name: .long, help: "Let processors sleep between requests, as an idle device's do.")
  var sleepy = false

  @Flag(name: .long, help: "Exit with 1 when a figure misses its limit.")
  var check = false

  func validate() throws {
    guard requests >= 1000 else { throw ValidationError("--requests wants 1000 or more") }
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds wants 1 to 100") }
  }

  func run() throws {
    try BenchNamespace.enter()
    let spinners = sleepy ? nil : try BenchSpinners()
    defer { withExtendedLifetime(spinners) {} }
    ProcessPlacement.pinToOneProcessor()
    var ratios: [(median: Double, p99: Double)] = []
    var requirements: [Requirement] = []
    for round in 1...rounds {
      let bench = try BenchProxy(shuntd: shuntd, stock: stock)
      try bench.run(requests)
      ratios.append(bench.ratios)
      Output.line(
        "round \(round): ratio of medians \(bench.ratios.median.text(2)), of 99th percentiles \(bench.ratios.p99.text(2))")
      if round == rounds { requirements = bench.report() }
    }
    requirements.insert(
      contentsOf: [
        Requirement(name: "ratio of medians", value: Self.middle(ratios.map(\.median)), limit: 1, unit: ""),
        Requirement(name: "ratio of 99th percentiles", value: Self.middle(ratios.map(\.p99)), limit: 1, unit: ""),
      ], at: 0)
    for requirement in requirements { Output.line(requirement.line) }
    if check, !requirements.allSatisfy(\.isMet) { throw ExitCode(1) }
  }

  /// The median; the mean of the two middle ones of an even number.
  private static func middle(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.last else { return 0 }
    let half = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : half < sorted.count ? sorted[half] : last
  }
}
