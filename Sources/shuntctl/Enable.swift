internal import ArgumentParser
internal import ModemHost

struct Enable: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Opt in: register this number, so that texts can go over IP.",
    discussion: """
      The relay is sent the number, sealed to its key, and answers with a code by SMS, which shuntd catches. \
      IMEI, IMSI and ICCID never leave the device.
      """)

  @Option(help: "Your number, as you would dial it or with the country code (+91…).")
  var number: String

  @Flag(help: "Take this number in the place of another that is enabled, which is then no longer registered.")
  var instead = false

  @OptionGroup var code: CodeOptions

  @OptionGroup var common: CommonOptions

  func run() throws {
    let daemon = try Daemon(common)
    let row = try daemon.settled(
      from: daemon.row(instead ? .enableInstead(number: number) : .enable(number: number)), within: .seconds(code.wait), while: Registration.isPending)
    try Registration.report(row, json: common.json)
  }
}

struct Confirm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give the code of the verification SMS, when it was not caught by itself.")

  @Argument(help: "The eight characters after “Shunt code:”.")
  var code: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let daemon = try Daemon(common)
    let isForDeregistration = try Deregistration.isPending(daemon.row(.status))
    let row = try daemon.row(.confirm(code: code))
    if isForDeregistration {
      try Deregistration.report(row, json: common.json)
    } else {
      try Registration.report(row, json: common.json)
    }
  }
}

struct Disable: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Opt out: end the registration and close the connection. Texts go by the carrier.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let row = try Daemon(common).row(.disable)
    if common.json {
      Output.line(Output.json(row, columns: Status.columns.map(\.key)))
    } else {
      Output.line("Disabled. Texts go by the carrier.")
      if let message = row["message"]?.string, !message.isEmpty { Output.line(message) }
    }
  }
}

/// How far a registration is, by the `state` of a status row.
enum Registration {
  static let pending = ["connecting", "requesting-code", "awaiting-code", "confirming"]

  static func isPending(_ row: BusRow) -> Bool {
    row["state"]?.string.map(pending.contains) ?? false
  }

  static func report(_ row: BusRow, json: Bool) throws {
    let state = row["state"]?.string ?? ""
    if json {
      Output.line(Output.json(row, columns: Status.columns.map(\.key)))
    } else {
      switch state {
      case "registered": Output.line("Registered. Texts to people on Shunt go over IP from now on.")
      case "awaiting-code":
        Output.line("A code was sent by SMS. When it arrives: shuntctl confirm CODE")
      case "connecting", "requesting-code", "confirming":
        Output.line("Enabled; the relay has not answered yet, and shuntd keeps trying. See: shuntctl status")
      default: Output.error(row["message"]?.string ?? "not registered (\(state))")
      }
    }
    if isPending(row) { throw ExitCode(ExitStatus.timedOut) }
    if state != "registered" { throw ExitCode(ExitStatus.refused) }
  }
}
