internal import Handset
internal import ModemHost
internal import Routing
internal import Sealing

/// The settings file, checked: an unknown group or key is an error, because a misspelt one would silently not count.
struct Settings {
  /// Where the relay is and what proves that it is the one.
  struct Relay {
    let host: String
    let port: UInt16
    /// The file `ca.pem` of `shunt-relay init`.
    let trustFile: String

    /// Reads that file.
    func trust() throws(StartError) -> RelayTrust {
      do {
        return try RelayTrust(pemText: TextFile.read(trustFile))
      } catch {
        throw StartError(text: "the relay's file \(trustFile) can't be used: \(error)", status: ExitStatus.settings)
      }
    }
  }

  static let keys: [(group: String, keys: [String])] = [
    ("modem", ["device", "path"]), ("proxy", ["socket"]), ("relay", ["host", "port", "ca"]),
    ("policy", ["ip-timeout"]), ("state", ["directory"]), ("log", ["decisions", "numbers"]), ("control", ["bus"]),
  ]

  /// The device as libqmi clients name it.
  let device: String
  /// The file to open for it.
  let path: String
  /// Name of the abstract socket.
  let socket: String
  let relay: Relay?
  let ipTimeout: Duration
  let stateDirectory: String
  let decisionLog: String
  let numbers: DecisionRecord.NumberStyle
  let bus: BusAddress

  init(file: SettingsFile) throws(SettingsError) {
    try Self.refuseUnknown(file)
    device = try Self.path(file, "modem", "device") ?? "/dev/cdc-wdm0"
    path = try Self.path(file, "modem", "path") ?? device
    socket = try Self.socketName(file) ?? "qmi-proxy"
    relay = try Self.relay(file)
    ipTimeout =
      try file.duration(group: "policy", key: "ip-timeout", in: HandsetConfiguration.ipTimeouts)
      ?? HandsetConfiguration.defaultIPTimeout
    stateDirectory = try Self.path(file, "state", "directory") ?? "/var/lib/shunt"
    decisionLog = try Self.path(file, "log", "decisions") ?? "/var/log/shunt/decisions.jsonl"
    let style = try file.choice(group: "log", key: "numbers", of: ["masked", "clear"])
    numbers = style.flatMap(DecisionRecord.NumberStyle.init) ?? .masked
    if let text = try file.string(group: "control", key: "bus") {
      guard let address = BusAddress(text) else {
        throw file.error(
          "'\(text)' is not a bus; expected system, session or a D-Bus address such as unix:path=/run/bus",
          group: "control", key: "bus")
      }
      bus = address
    } else {
      bus = .system
    }
  }

  private static func refuseUnknown(_ file: SettingsFile) throws(SettingsError) {
    for group in file.groups {
      guard let known = keys.first(where: { $0.group == group }) else {
        let names = keys.map { "[\($0.group)]" }.joined(separator: ", ")
        throw file.error("unknown group; expected one of \(names)", group: group)
      }
      for key in file.keys(in: group) where !known.keys.contains(key) {
        throw file.error(
          "unknown key; expected one of \(known.keys.joined(separator: ", "))", group: group, key: key)
      }
    }
  }

  private static func path(_ file: SettingsFile, _ group: String, _ key: String) throws(SettingsError) -> String? {
    guard let text = try file.string(group: group, key: key) else { return nil }
    guard text.hasPrefix("/"), text.count > 1 else {
      throw file.error("'\(text)' is not an absolute path, such as /dev/cdc-wdm0", group: group, key: key)
    }
    return text
  }

  private static func socketName(_ file: SettingsFile) throws(SettingsError) -> String? {
    guard let text = try file.string(group: "proxy", key: "socket") else { return nil }
    let name = text.hasPrefix("@") ? String(text.dropFirst()) : text
    // sun_path has 108 octets, the first of which makes the name abstract.
    guard (1...107).contains(name.utf8.count), !name.contains("/") else {
      throw file.error(
        "'\(text)' is not the name of an abstract socket, such as qmi-proxy", group: "proxy", key: "socket")
    }
    return name
  }

  private static func relay(_ file: SettingsFile) throws(SettingsError) -> Relay? {
    let host = try file.string(group: "relay", key: "host")
    let port = try file.integer(group: "relay", key: "port", in: 1...65_535)
    let trustFile = try path(file, "relay", "ca")
    guard let host else { return nil }
    guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else {
      throw file.error("'\(host)' is not a host name or address", group: "relay", key: "host")
    }
    guard let trustFile else {
      throw file.error("missing; expected the file ca.pem that shunt-relay init wrote", group: "relay", key: "ca")
    }
    return Relay(host: host, port: UInt16(port ?? 7443), trustFile: trustFile)
  }
}
