internal import ArgumentParser
internal import ModemHost

struct Deregister: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End the registration of a number whose device is gone, by proving the number again.",
    discussion: """
      For a device that was lost, broken or sold; from any handset, whether or not Shunt is enabled on it. The relay is \
      sent the number, sealed to its key, and sends a code to it by SMS. It is caught when the SIM is in this handset, \
      and is otherwise given with shuntctl confirm. Where Shunt is not enabled, shuntd connects to the relay for this \
      exchange only. To end this device's own registration: shuntctl disable.
      """)

  @Option(help: "The number, as you would dial it or with the country code (+91…).")
  var number: String

  @OptionGroup var code: CodeOptions

  @OptionGroup var common: CommonOptions

  func run() throws {
    let daemon = try Daemon(common)
    let row = try daemon.settled(
      from: daemon.row(.deregister(number: number)), within: .seconds(code.wait), while: Deregistration.isPending)
    try Deregistration.report(row, json: common.json)
  }
}

/// How far a deregistration is, by the `deregistration` of a status row.
enum Deregistration {
  static func isPending(_ row: BusRow) -> Bool {
    row["deregistration"]?.string.map(Registration.pending.contains) ?? false
  }

  static func report(_ row: BusRow, json: Bool) throws {
    let state = row["deregistration"]?.string ?? ""
    if json {
      Output.line(Output.json(row, columns: Status.columns.map(\.key)))
    } else {
      switch state {
      case "done": Output.line("Deregistered. Texts to that number go by the carrier.")
      case "awaiting-code":
        Output.line("A code was sent to that number by SMS. When it arrives: shuntctl confirm CODE")
      case "connecting", "requesting-code", "confirming":
        Output.line("The relay has not answered yet. See: shuntctl status")
      default: Output.error(row["deregistration_message"]?.string ?? "not deregistered (\(state))")
      }
    }
    if isPending(row) { throw ExitCode(ExitStatus.timedOut) }
    if state != "done" { throw ExitCode(ExitStatus.refused) }
  }
}
