internal import ArgumentParser
internal import ModemHost

struct Status: ParsableCommand {
  static let columns: [(key: String, title: String)] = [
    ("enabled", "Enabled"), ("state", "State"), ("message", "Note"), ("deregistration", "Deregistration"),
    ("deregistration_message", "Its note"), ("number", "Number"), ("relay", "Relay"),
    ("session", "Session"), ("expires", "Registered until"), ("modem", "Modem"), ("modem_state", "Modem state"),
    ("waiting_messages", "Waiting messages"), ("changed_keys", "Changed keys"),
  ]

  static let configuration = CommandConfiguration(abstract: "Show what Shunt is doing.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let row = try Daemon(common).row(.status)
    Output.line(
      common.json
        ? Output.json(row, columns: Self.columns.map(\.key)) : Output.table(row, columns: Self.columns))
  }
}

struct Identity: ParsableCommand {
  static let columns: [(key: String, title: String)] = [
    ("imei", "IMEI"), ("imsi", "IMSI"), ("iccid", "ICCID"), ("msisdn", "Own number on the SIM"),
    ("home_network", "Home network"), ("home_country", "Home country"), ("sim_state", "SIM"),
    ("registration", "Registration"), ("roaming", "Roaming"), ("serving_country", "Serving country"),
    ("unavailable", "Not read"),
  ]

  static let configuration = CommandConfiguration(
    abstract: "Show what the modem and SIM say of themselves. None of it leaves the device.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let row = try Daemon(common).row(.identity)
    Output.line(
      common.json
        ? Output.json(row, columns: Self.columns.map(\.key)) : Output.table(row, columns: Self.columns))
  }
}
