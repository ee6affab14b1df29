internal import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures shuntd and prints the figures.",
    subcommands: [BenchProxyCommand.self, BenchRouteCommand.self])
}
