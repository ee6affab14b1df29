import Foundation

/// A handset of a rig: a namespace with a virtual modem, and, as a test wants it, a message bus, shuntd and ModemManager.
final class Phone {
  let name: String
  let number: String
  let rig: Rig

  init(_ rig: Rig, _ name: String, _ number: String, carrier: Carrier?, options: [String] = []) throws {
    self.rig = rig
    self.name = name
    self.number = number
    self.carrier = carrier
    modemOptions = options
    try rig.call("rig_connect", name, "hub")
  }

  private let carrier: Carrier?
  private let modemOptions: [String]

  var modemPath: String { rig.path("\(name)-modem") }
  var settingsPath: String { rig.path("\(name).conf") }
  var decisionsPath: String { rig.path("\(name).jsonl") }

  // MARK: parts

  /// - Parameter changes: of the modem's options.
  func startModem(_ changes: [String] = []) throws {
    let network = carrier.map { ["--carrier", $0.socket] } ?? []
    let started = rig.log(of: "\(name)-modem").components(separatedBy: "ready").count
    try rig.spawn(
      in: nil, "\(name)-modem",
      [Prerequisites.shuntLab, "modem", "--link", modemPath, "--msisdn", number] + network + modemOptions + changes)
    try eventually("the modem of \(name) is ready") {
      rig.log(of: "\(name)-modem").components(separatedBy: "ready").count > started
    }
  }

  func stopModem() throws { try rig.stop("\(name)-modem") }

  func startBus() throws { try rig.call("rig_message_bus", name) }

  /// - Parameter changes: settings, by `group/key`, beside the rig's.
  func writeSettings(relay: Relay?, _ changes: [String: String] = [:]) throws {
    var settings = [
      "modem/device": "/dev/cdc-wdm0", "modem/path": modemPath, "state/directory": rig.path("\(name)-state"),
      // The machine may be busy: give up late, so that only a fault is taken for one.
      "policy/ip-timeout": "15", "log/decisions": decisionsPath, "control/bus": try rig.bus(of: name),
    ]
    if let relay {
      settings["relay/host"] = Relay.host
      settings["relay/ca"] = relay.trustFile
    }
    settings.merge(changes) { _, change in change }
    var text = ""
    for (path, value) in settings.sorted(by: { $0.key < $1.key }) {
      let pieces = path.split(separator: "/", maxSplits: 1)
      text += "[\(pieces[0])]\n\(pieces[1])=\(value)\n"
    }
    try TextFile.write(text, to: settingsPath)
  }

  /// Starts shuntd and waits until it owns the proxy's socket and can be controlled.
  func startShuntd() throws {
    try rig.spawn(in: name, "\(name)-shuntd", [Prerequisites.shuntd, "--settings", settingsPath])
    try eventually("shuntd of \(name) answers: \(rig.log(of: "\(name)-shuntd"))") {
      try shuntctl("status").isSuccess
    }
  }

  func stopShuntd(_ signal: String = "TERM") throws { try rig.stop("\(name)-shuntd", signal) }

  var shuntdLog: String { rig.log(of: "\(name)-shuntd") }

  /// Starts ModemManager, which finds the modem.
  /// - Parameter hasStockProxy: whether the stock proxy can open the modem, which libqmi starts where nobody else owns the socket. Then the modem
  ///   has to stay where it is.
  func startModemManager(hasStockProxy: Bool = false) throws {
    try rig.call(["rig_modemmanager", name] + (hasStockProxy ? [modemPath] : []))
  }

  /// Has ModemManager enable the modem, and waits until it is registered.
  func waitUntilEnabled() throws {
    try rig.call("rig_wait_enabled", name, "60")
  }

  /// Enables Shunt by number, as the person does.
  func enroll() throws {
    try shuntctl("enable", "--number", number, "--wait", "60").orThrow()
    try waitUntilOnline()
  }

  func waitUntilOnline() throws {
    try eventually("\(name) has a session with the relay: \(try status())", within: 60) {
      try status()["session"] as? String == "online"
    }
  }

  /// Another network comes and goes beside the one there is, as when the handset moves: the way to the relay stays.
  func changeNetwork() throws {
    let namespace = try rig.call("rig_namespace_of", name)
    for change in ["add", "delete"] {
      try Program.run(["ip", "-n", namespace, "route", change, "203.0.113.0/24", "dev", "uplink"]).orThrow()
    }
  }

  // MARK: what the person does

  func mmcli(_ arguments: String..., limit: Int = 60) throws -> ProgramResult {
    try rig.run(in: name, ["mmcli"] + arguments, limit: limit)
  }

  func shuntctl(_ arguments: String...) throws -> ProgramResult {
    try rig.run(in: name, [Prerequisites.shuntctl] + arguments + ["--bus", try rig.bus(of: name)], limit: 120)
  }

  /// What `shuntctl status --json` tells; empty when shuntd is not there.
  func status() throws -> [String: Any] {
    let result = try shuntctl("status", "--json")
    return try JSONSerialization.jsonObject(with: Data(result.text.utf8)) as? [String: Any] ?? [:]
  }

  /// Sends a text with mmcli.
  /// - Returns: the message's path in ModemManager.
  @discardableResult
  func send(_ text: String, to number: String) throws -> String { try rig.call("rig_send", name, number, text) }

  /// Sends a text with mmcli, and says what was decided.
  func decisionOnSending(_ text: String, to number: String) throws -> Decision {
    let before = try decisions().count
    try send(text, to: number)
    try eventually("\(name) logs the decision") { try decisions().count > before }
    return try decisions()[before]
  }

  func decisions() throws -> [Decision] { try TextFile.lines(decisionsPath).map { try Decision(json: $0) } }

  /// A message as mmcli shows it.
  struct Message: Equatable {
    let path: String
    let number: String
    let text: String
    let state: String
  }

  func message(at path: String) throws -> Message {
    let output = try mmcli("-s", path, "-J").orThrow().output
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    guard let sms = object?["sms"] as? [String: Any], let content = sms["content"] as? [String: Any],
      let properties = sms["properties"] as? [String: Any], let number = content["number"] as? String,
      let text = content["text"] as? String, let state = properties["state"] as? String
    else { throw RigError("mmcli shows no message: \(output)") }
    return Message(path: path, number: number, text: text, state: state)
  }

  /// What mmcli tells of a message, by its keys.
  func fields(of path: String) throws -> [String: String] {
    var fields: [String: String] = [:]
    for line in try mmcli("-s", path, "-K").orThrow().output.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].trimmingCharacters(in: .whitespaces)] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return fields
  }

  /// The messages that mmcli lists as received.
  func inbox() throws -> [Message] {
    try rig.call("rig_messages", name, "received").split(separator: "\n").map { try message(at: String($0)) }
  }

  func emptyInbox() throws {
    for message in try inbox() { try delete(message) }
  }

  func delete(_ message: Message) throws { try mmcli("-m", "any", "--messaging-delete-sms=\(message.path)").orThrow() }

  /// Waits for as many messages as given, and takes them out of the inbox.
  func receive(_ count: Int = 1) throws -> [Message] {
    try eventually("\(count) messages at \(name): \(try inbox())") { try inbox().count >= count }
    let messages = try inbox()
    for message in messages { try delete(message) }
    return messages
  }

  /// The modem's path in ModemManager, nil when it has none.
  func modemObject() throws -> String? {
    let output = try mmcli("-L").output
    return output.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/org/freedesktop/ModemManager1/Modem/") }.map(String.init)
  }

  // MARK: what the system tells

  /// The sockets of shuntd that reach beyond this machine, or could: internet, packet, raw.
  func networkSockets() throws -> [String] {
    let process = try rig.processID(of: "\(name)-shuntd")
    var inodes: Set<String> = []
    for descriptor in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd") {
      let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(descriptor)")) ?? ""
      if target.hasPrefix("socket:[") { inodes.insert(String(target.dropFirst(8).dropLast())) }
    }
    var sockets: [String] = []
    for table in ["tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "icmp", "icmp6", "packet"] {
      for line in TextFile.lines("/proc/\(process)/net/\(table)").dropFirst() {
        if line.split(separator: " ").contains(where: { inodes.contains(String($0)) }) { sockets.append("\(table): \(line)") }
      }
    }
    return sockets
  }

  /// The names of the programs that run in the handset.
  func programs() throws -> [String] {
    let ids = try Program.run(["ip", "netns", "pids", try rig.call("rig_namespace_of", name)]).orThrow().output
    return ids.split(separator: "\n").map { TextFile.read("/proc/\($0)/comm").trimmingCharacters(in: .newlines) }
  }

  /// The process that owns the proxy's socket, by name.
  func proxyOwner() throws -> (processID: Int32, name: String)? {
    let sockets = try rig.run(in: name, ["ss", "-Hxlp"]).orThrow().output.split(separator: "\n")
    guard let line = sockets.first(where: { $0.contains(" @qmi-proxy ") }),
      let owner = line.firstMatch(of: /users:\(\("([^"]*)",pid=(\d+)/), let id = Int32(owner.2)
    else { return nil }
    return (id, String(owner.1))
  }
}
