internal import ArgumentParser
internal import ModemHost
internal import QMI
internal import Telephony

struct BenchProxyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proxy",
    abstract: "The same requests through shuntd and through libqmi's own proxy.",
    discussion: """
      Each proxy has a virtual modem of its own, both alike. Requests alternate between the two, one at a time. Wants root (or user \
      namespaces) for a network namespace of its own.
      """)

  @Option(name: .long, help: "The shuntd to measure.")
  var shuntd = ".build/release/shuntd"

  @Option(name: .long, help: "The proxy to compare it with.")
  var stock = "/usr/libexec/qmi-proxy"

  @Option(name: .long, help: "How many requests each.")
  var requests = 100_000

  @Flag(name: .long, help: "Exit with 1 when a figure misses its limit.")
  var check = false

  func validate() throws {
    guard requests >= 1000 else { throw ValidationError("--requests wants 1000 or more") }
  }

  func run() throws {
    try BenchNamespace.enter()
    let bench = try BenchProxy(shuntd: shuntd, stock: stock)
    try bench.run(requests)
    let requirements = bench.requirements
    for requirement in requirements { Output.line(requirement.line) }
    if check, !requirements.allSatisfy(\.isMet) { throw ExitCode(1) }
  }
}
