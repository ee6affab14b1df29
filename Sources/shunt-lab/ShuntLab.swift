internal import ArgumentParser
internal import Release

@main
struct ShuntLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shunt-lab",
    abstract: "A carrier and modems without radio, to run handsets against.",
    version: Release.version,
    subcommands: [
      CarrierCommand.self, ModemCommand.self, SMSCommand.self, RulesCommand.self, RecordsCommand.self, BenchCommand.self,
      LeaksCommand.self, SimulateCommand.self,
    ])
}
