import Foundation

/// A relay in the namespace `hub` of a rig, at 198.18.0.1.
final class Relay {
  enum Sender {
    /// Codes go as texts through the carrier.
    case carrier(Carrier)
    /// So do they, and the relay hears of it a second later only.
    case slowly(Carrier)
    /// Codes go to a file, as if the SMS never came.
    case file
  }

  static let host = "198.18.0.1"

  private let rig: Rig
  private let sender: Sender
  private let name: String
  private let directory: String

  init(_ rig: Rig, name: String = "relay", sender: Sender) throws {
    self.rig = rig
    self.name = name
    self.sender = sender
    directory = rig.path(name)
    try rig.call("rig_hub", "hub")
    try Program.run([Prerequisites.shuntRelay, "init", directory, "--host", Self.host]).orThrow()
  }

  /// What devices get.
  var trustFile: String { "\(directory)/ca.pem" }

  /// The codes sent so far, with ``Sender/file``.
  var codes: [String] {
    TextFile.lines(rig.path("\(name)-codes")).compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  func start() throws {
    var words = [Prerequisites.shuntRelay, "serve", directory, "--bind", Relay.host]
    switch sender {
    case .carrier(let carrier):
      words += ["--sender", "command:\(Prerequisites.shuntLab) sms --carrier \(carrier.socket)"]
    case .slowly(let carrier):
      let script = rig.path("\(name)-send")
      try TextFile.write(
        "#!/bin/sh\n'\(Prerequisites.shuntLab)' sms --carrier '\(carrier.socket)' && sleep 1\n", to: script)
      chmod(script, 0o700)
      words += ["--sender", "command:\(script)"]
    case .file: words += ["--codes", rig.path("\(name)-codes")]
    }
    try rig.spawn(in: "hub", name, words)
    try eventually("the relay listens: \(rig.log(of: name))") {
      try !rig.run(in: "hub", ["ss", "-Hltn", "sport = :7443"]).text.isEmpty
    }
  }

  func stop(_ signal: String = "TERM") throws { try rig.stop(name, signal) }

  /// Replaces the number-token key.
  func rotate(_ words: [String]) throws { try Program.run([Prerequisites.shuntRelay, "rotate", directory] + words).orThrow() }

  var processID: Int32 { get throws { try rig.processID(of: name) } }
  var log: String { rig.log(of: name) }
}
