/// What a benchmark runs, and the settings it gives shuntd.
struct BenchSettings {
  var device: String
  /// The abstract socket's name.
  var socket: String
  /// A directory of its own.
  var directory: String
  var bus: String
  var relayPort: Int?
  var relayAuthority: String?

  var text: String {
    var lines = ["[modem]", "device=\(device)", "[proxy]", "socket=\(socket)"]
    if let relayPort, let relayAuthority {
      lines += ["[relay]", "host=127.0.0.1", "port=\(relayPort)", "ca=\(relayAuthority)"]
    }
    lines += [
      "[state]", "directory=\(directory)/state", "[log]", "decisions=\(directory)/decisions.jsonl", "[control]",
      "bus=\(bus)", "",
    ]
    return lines.joined(separator: "\n")
  }
}
