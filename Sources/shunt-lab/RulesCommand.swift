internal import ArgumentParser
internal import VirtualModem

struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "Changes what a running carrier does to messages.",
    discussion: "The first rule that matches a message wins; new ones come behind those there are.")

  @Option(name: .long, help: "The carrier's socket.")
  var carrier: String

  @Flag(name: .long, help: "Remove all rules first.")
  var clear = false

  @OptionGroup(title: "Faults")
  var faults: RuleOptions

  func validate() throws {
    let rules = try faults.rules()
    guard clear || !rules.isEmpty else { throw ValidationError("nothing to change") }
  }

  func run() throws {
    var requests: [CarrierLink.Request] = clear ? [.removeAllRules] : []
    requests += try faults.rules().map { .addRule($0) }
    // Rules are not answered; an empty list of records behind them tells that they are in force.
    requests.append(.records(from: .max, follow: false))
    try CarrierConnection.converse(with: carrier, requests, limit: .seconds(10)) { event in
      if case .recordsEnd = event { return true }
      return false
    }
  }
}
