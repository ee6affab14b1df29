internal import ArgumentParser
internal import ModemHost

struct BenchRouteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "route",
    abstract: "From Raw Send to its answer, by carrier and by IP.",
    discussion: """
      By carrier: a short code, in turn through an enabled shuntd and through libqmi's own proxy; what shuntd adds is the difference. By \
      IP: sender, relay and recipient on this machine, the recipient known. All on one processor, as `bench proxy`. Wants root (or user namespaces) for a network namespace of \
      its own.
      """)

  @Option(name: .long, help: "Where shuntd, shuntctl, shunt-relay and shunt-lab are.")
  var binaries = ".build/release"

  @Option(name: .long, help: "The proxy to compare shuntd with.")
  var stock = "/usr/libexec/qmi-proxy"

  @Option(name: .long, help: "How many messages by carrier, each way, in a round.")
  var carrierMessages = 2_000

  @Option(name: .long, help: "How many rounds by carrier; an odd number.")
  var rounds = 5

  @Option(name: .long, help: "How many messages by IP.")
  var messages = 300

  @Option(name: .long, help: "Milliseconds between messages.")
  var pause = 2

  @Flag(name: .long, help: "Exit with 1 when a figure misses its limit.")
  var check = false

  func validate() throws {
    guard carrierMessages >= 100, messages >= 10 else {
      throw ValidationError("--carrier-messages wants 100 or more, --messages 10 or more")
    }
    guard (1...99).contains(rounds), !rounds.isMultiple(of: 2) else {
      throw ValidationError("--rounds wants an odd number from 1 to 99")
    }
    guard (0...1000).contains(pause) else { throw ValidationError("--pause wants 0 to 1000 milliseconds") }
  }

  func run() throws {
    try BenchNamespace.enter()
    let spinners = try BenchSpinners()
    defer { withExtendedLifetime(spinners) {} }
    ProcessPlacement.pinToOneProcessor()
    let bench = try BenchRoute(binaries: binaries, stock: stock, pause: .milliseconds(pause))
    try bench.run(carrierMessages: carrierMessages, rounds: rounds, messages: messages)
    for requirement in bench.requirements { Output.line(requirement.line) }
    if check, !bench.requirements.allSatisfy(\.isMet) { throw ExitCode(1) }
  }
}
