import Foundation

/// Two handsets without ModemManager, as on a board that sends with shuntctl: dora and emil, on a relay whose codes have to be typed. Starts in a
/// second or two.
final class Pair {
  let rig: Rig
  let carrier: Carrier
  let relay: Relay
  let dora: Phone
  let emil: Phone

  static let imei = "358760005432106"
  static let imsi = "234150999900104"
  static let iccid = "8944110068000000017"

  /// - Parameter settings: of both, by `group/key`.
  init(settings: [String: String] = [:]) throws {
    rig = try Rig()
    carrier = try Carrier(rig)
    relay = try Relay(rig, sender: .file)
    try relay.start()
    let options = ["--imei", Self.imei, "--imsi", Self.imsi, "--iccid", Self.iccid]
    dora = try Phone(rig, "dora", "+447700900104", carrier: carrier, options: options)
    emil = try Phone(rig, "emil", "+447700900105", carrier: carrier)
    for phone in [dora, emil] {
      try phone.startModem()
      try phone.startBus()
      try phone.writeSettings(relay: relay, settings)
      try phone.startShuntd()
    }
  }

  /// Enables Shunt and types the code.
  func enroll(_ phones: Phone...) throws {
    for phone in phones {
      let before = relay.codes.count
      _ = try phone.shuntctl("enable", "--number", phone.number, "--wait", "0")
      try eventually("the code for \(phone.name): \(try phone.status())") { relay.codes.count > before }
      try eventually("\(phone.name) awaits the code: \(try phone.status())") {
        try phone.status()["state"] as? String == "awaiting-code"
      }
      try phone.shuntctl("confirm", relay.codes[before]).orThrow()
      try phone.waitUntilOnline()
    }
  }
}
