import ArgumentParser
import RelayServer

extension ShuntRelay {
  struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a relay's keys, a CA and a certificate in a directory.",
      discussion: """
        Writes into DIR, and overwrites nothing:
          ca.pem         public; give it to devices, as `ca` of their [relay] settings
          ca-key.pem     the CA's private key; not needed to serve, keep it elsewhere if you like
          relay.pem      the relay's certificate
          relay-key.pem  its private key
          secrets.pem    keys of number tokens and registrations; whoever has them can test guesses at numbers
        """)

    @Argument(help: ArgumentHelp("Where to; made when it is not there.", valueName: "dir"))
    var directory: String

    @Option(
      name: .customLong("host"),
      help: ArgumentHelp(
        "A name or IP address by which devices reach the relay; may be given more than once. Without it: this machine's name, localhost, 127.0.0.1 and ::1.",
        valueName: "name"))
    var hosts: [String] = []

    func run() async throws {
      ProcessSecrecy.denyDumps()
      let relay = RelayDirectory(path: directory)
      let hosts = hosts.isEmpty ? RelayDirectory.defaultHosts : hosts
      try relay.create(hosts: hosts)
      print("Made a relay in \(relay.path) for \(hosts.joined(separator: ", ")).")
      print("Give devices \(relay.trustPath); the other files stay here.")
      print("Next: shunt-relay serve \(relay.path)")
    }
  }
}
