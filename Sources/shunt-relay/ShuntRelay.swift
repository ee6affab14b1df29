import ArgumentParser
import Release

@main
struct ShuntRelay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shunt-relay",
    abstract: "The server between Shunt devices: registrations, look-up, presence and routing.",
    discussion: """
      A first run:
        shunt-relay init /var/lib/shunt-relay --host relay.example.org
        shunt-relay serve /var/lib/shunt-relay --sender command:/usr/local/bin/send-sms
      """,
    version: Release.version,
    subcommands: [Init.self, Serve.self, Rotate.self])
}
