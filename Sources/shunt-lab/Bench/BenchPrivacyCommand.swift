internal import ArgumentParser
internal import RelayProtocol
internal import Routing

struct BenchPrivacyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "privacy",
    abstract: "What number tokens and sealed messages cost.",
    discussion: """
      Each operation through the calls that device and relay make, then whole look-ups between a device and a relay in this process, \
      with nothing but their frames between them: cold (the device knows no token) and cached (only presence is asked for). All times \
      are processor time of one core. Takes a minute for each round with 1,024 contacts.
      """)

  private static let operationRounds = 15

  @Option(name: .long, help: "How many rounds of look-ups; an odd number.")
  var rounds = 3

  @Option(name: .long, parsing: .upToNextOption, help: "How many contacts to look up.")
  var contacts = [1, 64, 1024]

  @Flag(name: .long, help: "Print one line of JSON for each figure.")
  var json = false

  func validate() throws {
    guard (1...99).contains(rounds), !rounds.isMultiple(of: 2) else {
      throw ValidationError("--rounds wants an odd number from 1 to 99")
    }
    guard !contacts.isEmpty, contacts.allSatisfy({ (1...5000).contains($0) }) else {
      throw ValidationError("--contacts wants numbers from 1 to 5000, as many as a device keeps tokens of")
    }
  }

  func run() throws {
    BuildKind.warnUnlessOptimized()
    let operations = try PrivacyOperations.all()
    let latencies = try TimedOperation.measure(operations, rounds: Self.operationRounds)
    let figures = zip(operations, latencies).map { OperationFigure($0, $1) }
    if json {
      for figure in figures { Output.line(figure.json) }
    } else {
      var table = Table(["one core", "µs", "a second", "octets"])
      for figure in figures { table.add(figure.row) }
      Output.line(table.text)
    }

    let bench = try LookUpBench()
    _ = try bench.measure(1, rounds: 1)
    var lookUps: [LookUpFigure] = []
    for count in contacts { lookUps += try bench.measure(count, rounds: rounds) }
    if json {
      for figure in lookUps { Output.line(figure.json) }
    } else {
      var table = Table(LookUpFigure.titles)
      for figure in lookUps { table.add(figure.row) }
      Output.line(table.text)
      for note in try LookUpNotes.lines(contacts) { Output.line(note) }
    }
  }
}
