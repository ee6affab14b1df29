internal import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures Shunt and prints the figures.",
    subcommands: [
      BenchProxyCommand.self, BenchRouteCommand.self, BenchIdleCommand.self, BenchPrivacyCommand.self,
      BenchEnumerationCommand.self,
    ])
}
