internal import ArgumentParser

struct BenchIdleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle",
    abstract: "How often shuntd wakes an idle device.",
    discussion: """
      An enabled shuntd, registered and online, with a client that waits for messages, on a virtual modem; nothing is sent. Wake-ups are \
      the voluntary context switches of all its threads; it has the watchdog of shuntd.service. Wants root (or user namespaces) for a \
      network namespace of its own.
      """)

  @Option(name: .long, help: "Where shuntd, shuntctl, shunt-relay and shunt-lab are.")
  var binaries = ".build/release"

  @Option(name: .long, help: "How many minutes; may be a fraction.")
  var minutes = 10.0

  @Flag(name: .long, help: "Print one line of JSON.")
  var json = false

  func validate() throws {
    guard (0.01...1440).contains(minutes) else { throw ValidationError("--minutes wants 0.01 to 1440") }
  }

  func run() throws {
    try BenchNamespace.enter()
    let figure = try BenchIdle(binaries: binaries).run(minutes: minutes)
    if json {
      Output.line(figure.json)
    } else {
      for line in figure.lines { Output.line(line) }
    }
  }
}
