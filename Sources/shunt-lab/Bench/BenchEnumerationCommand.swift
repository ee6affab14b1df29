internal import ArgumentParser
internal import RelayProtocol

struct BenchEnumerationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enumeration",
    abstract: "How many numbers can be tested for being registered, and at what cost.",
    discussion: """
      By subscribers: the relay's own machine in virtual time, asked as fast as its limits let each registration. By whoever has the \
      relay's keys: what a token costs on one core of this machine, for whole numbering ranges.
      """)

  private static let rounds = 15

  @Option(name: .long, parsing: .upToNextOption, help: "With how many registrations to try.")
  var registrations = [1, 10, 100, 1000]

  @Flag(name: .long, help: "Print one line of JSON for each figure.")
  var json = false

  func validate() throws {
    guard !registrations.isEmpty, registrations.allSatisfy({ (1...10_000).contains($0) }) else {
      throw ValidationError("--registrations wants numbers from 1 to 10000")
    }
  }

  func run() throws {
    BuildKind.warnUnlessOptimized()
    let limits = RelayLimits()
    let report = try EnumerationReport(registrations: registrations, limits: limits)
    let (withScrypt, without) = try OfflineSearch.measure(rounds: Self.rounds)
    let offline = OfflineReport(withScrypt: withScrypt, without: without)
    if json {
      for line in report.json + offline.json { Output.line(line) }
      return
    }
    Output.line(
      "A registration may have \(limits.evaluationBurst) numbers evaluated at once and \(limits.evaluationsPerHour) more an hour. "
        + "The relay, asked as fast as it lets:")
    for line in report.lines + offline.lines { Output.line(line) }
  }
}
