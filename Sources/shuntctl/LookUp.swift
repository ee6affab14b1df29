internal import ArgumentParser
internal import ModemHost

struct LookUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lookup",
    abstract: "Ask who can be reached over IP now: a filled blue dot for yes, a gray one for no.")

  @Argument(help: "Numbers, as you would dial them.")
  var numbers: [String]

  @OptionGroup var common: CommonOptions

  func run() throws {
    guard case .rows(let rows) = try Daemon(common).call(.lookUp(numbers: numbers)) else { return }
    for row in rows {
      if common.json {
        Output.line(Output.json(row, columns: ["number", "presence", "key_changed"]))
        continue
      }
      let presence = row["presence"]?.string ?? ""
      let isReachable = presence == "online" && row["key_changed"] != .bool(true)
      let words =
        switch presence {
        case "online" where !isReachable:
          "online with another key than before, texts go by the carrier until you trust it: shuntctl fingerprint"
        case "online": "online"
        case "offline": "offline, texts go by the carrier"
        case "unknown": "not on Shunt, texts go by the carrier"
        case "invalid": "no number that can be on Shunt: short, for emergencies, or mistyped"
        default: presence
        }
      Output.line("\(Output.dot(online: isReachable)) \(row["number"]?.string ?? "")  \(words)")
    }
  }
}

struct Send: ParsableCommand {
  static let columns = ["id", "route", "reason", "outcome", "parts", "cause"]

  static let configuration = CommandConfiguration(
    abstract: "Send a text, by the same rules as any other client's.",
    discussion: "A text that begins with a dash stands behind two: shuntctl send NUMBER -- \"- milk\"")

  @Argument(help: "The recipient, as you would dial it.")
  var number: String

  @Argument(help: "The text.")
  var text: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    // The carrier may take minutes; the daemon has limits of its own.
    let row = try Daemon(common).row(.send(number: number, text: text), timeout: nil)
    let outcome = row["outcome"]?.string ?? ""
    if common.json {
      Output.line(Output.json(row, columns: Self.columns))
    } else {
      let route = row["route"]?.string == "ip" ? "over IP" : "by the carrier"
      let reason = row["reason"]?.string ?? ""
      if outcome == "failed" {
        Output.error("not sent (\(reason)): \(row["cause"]?.string ?? "the modem refused it")")
      } else {
        Output.line("\(outcome == "delivered" ? "Delivered" : "Sent") \(route) (\(reason))")
      }
    }
    if outcome == "failed" { throw ExitCode(ExitStatus.refused) }
  }
}

struct Log: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the decision log, newest last.")

  @Option(name: [.short, .long], help: "How many records to show; at most 10000.")
  var count: UInt32 = 20

  @Flag(name: [.short, .long], help: "Go on with new records as they come.")
  var follow = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard count <= 10_000 else { throw ValidationError("--count takes at most 10000, not \(count)") }
  }

  func run() throws {
    let daemon = try Daemon(common)
    var hasEnded = false
    // A record may be in the log already when its signal comes.
    var shown: Set<String> = []
    let loop = EventLoop()
    if follow {
      daemon.client.onDecision = { line in
        if shown.remove(line) == nil { show(line) }
      }
      daemon.client.onBusLost = { hasEnded = true }
      daemon.client.subscribe()
    }
    if case .lines(let lines) = try daemon.call(.log(count: count)) {
      for line in lines { show(line) }
      shown = Set(lines)
    }
    while follow, !hasEnded { _ = loop.turn(waitingAtMost: nil) }
  }

  private func show(_ line: String) {
    Output.line(common.json ? line : LogLine.summary(ofJSON: line))
  }
}
