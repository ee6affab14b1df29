internal import ArgumentParser
internal import ModemHost

struct CarrierCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "carrier",
    abstract: "Stores and forwards texts between modems, by number.",
    discussion: "Runs until SIGTERM or SIGINT, and says “ready” on standard output when modems can connect.")

  @Option(name: .long, help: "The Unix socket to listen on; @NAME for an abstract one.")
  var socket: String

  @Option(name: .long, help: "A file to append a line of JSON to for everything that passes.")
  var record: String?

  @OptionGroup(title: "Faults")
  var faults: RuleOptions

  func run() throws {
    let loop = EventLoop()
    let carrier = LabCarrier()
    carrier.add(try faults.rules())
    if let record {
      let file: AppendFile
      do {
        file = try AppendFile(path: record)
      } catch {
        throw LabError(error.description)
      }
      carrier.onRecord = { record in
        do {
          try file.append(record.line)
        } catch {
          Output.notice("\(error)")
        }
      }
    }
    let server = try CarrierServer(carrier, socket: socket)
    let signals = StopSignals(loop)
    Output.line("ready")
    loop.run()
    withExtendedLifetime(signals) { server.close() }
  }

  func validate() throws {
    _ = try faults.rules()
  }
}
