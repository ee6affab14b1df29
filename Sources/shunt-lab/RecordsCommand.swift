internal import ArgumentParser
internal import VirtualModem

struct RecordsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "records",
    abstract: "Prints what passed a running carrier, a line of JSON each.")

  @Option(name: .long, help: "The carrier's socket.")
  var carrier: String

  @Option(name: .long, help: "The number of the first record wanted.")
  var since: UInt64 = 0

  @Flag(name: .long, help: "Go on with what passes from now.")
  var follow = false

  func run() throws {
    let follows = follow
    try CarrierConnection.converse(
      with: carrier, [.records(from: since, follow: follows)], limit: follows ? nil : .seconds(30)
    ) { event in
      switch event {
      case .record(let record): Output.line(record.line)
      case .recordsEnd: return !follows
      default: break
      }
      return false
    }
  }
}
