import Foundation
import Testing

extension EndToEnd {
  /// What a thief of the device, or somebody else on it, gets.
  @Suite struct AtRest {
    /// Somebody without rights of his own, as the relay has by its unit.
    private static let nobody: UInt32 = 65_534

    /// The kernel gives what belongs to a process that denies dumps to root, whoever runs it.
    private func deniesDumps(_ process: Int32) throws -> Bool {
      let owner = try FileManager.default.attributesOfItem(atPath: "/proc/\(process)/environ")[.ownerAccountID] as? Int
      let limits = TextFile.read("/proc/\(process)/limits")
      return owner == 0 && limits.contains(/Max core file size +0 +0\s/)
    }

    private func startAsNobody(_ rig: Rig, in namespace: String, _ tag: String, _ words: [String]) throws -> Int32 {
      try rig.spawn(
        in: namespace, tag, ["setpriv", "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups"] + words)
      return try rig.processID(of: tag)
    }

    private func give(_ path: String) throws {
      try Program.run(["chown", "-R", "\(Self.nobody):\(Self.nobody)", path]).orThrow()
      try Program.run(["chmod", "-R", "u+rwX", path]).orThrow()
    }

    @Test func shuntdDeniesDumps() throws {
      let rig = try Rig()
      defer { rig.end() }
      let phone = try Phone(rig, "dora", "+447700900104", carrier: nil)
      try phone.startBus()
      try phone.writeSettings(relay: nil, ["log/decisions": rig.path("state/decisions.jsonl"), "state/directory": rig.path("state")])
      try FileManager.default.createDirectory(atPath: rig.path("state"), withIntermediateDirectories: false)
      try give(rig.path("state"))
      chmod(rig.directory, 0o755)
      chmod(phone.settingsPath, 0o644)
      let process = try startAsNobody(rig, in: "dora", "shuntd", [Prerequisites.shuntd, "--settings", phone.settingsPath])
      try eventually("shuntd runs: \(rig.log(of: "shuntd"))") {
        try FileManager.default.contentsOfDirectory(atPath: rig.path("state")).contains("spool")
      }
      #expect(try deniesDumps(process))
      // Another program in its place would not.
      let other = try startAsNobody(rig, in: "dora", "other", ["sleep", "60"])
      try eventually("the other program runs") { TextFile.read("/proc/\(other)/comm") == "sleep\n" }
      #expect(try !deniesDumps(other))
    }

    @Test func theRelayDeniesDumps() throws {
      let rig = try Rig()
      defer { rig.end() }
      try rig.call("rig_hub", "hub")
      let directory = rig.path("relay")
      try Program.run([Prerequisites.shuntRelay, "init", directory, "--host", Relay.host]).orThrow()
      #expect(try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o700)
      try give(directory)
      chmod(rig.directory, 0o755)
      let process = try startAsNobody(
        rig, in: "hub", "relay", [Prerequisites.shuntRelay, "serve", directory, "--bind", Relay.host])
      try eventually("the relay listens: \(rig.log(of: "relay"))") { rig.log(of: "relay").contains("listening") }
      #expect(try deniesDumps(process))
    }

    @Test func theIdentityKeyMayBeSystemds() throws {
      let pair = try Pair()
      defer { pair.rig.end() }
      let rig = pair.rig
      let dora = pair.dora
      try dora.stopShuntd()
      let credentials = rig.path("credentials")
      try FileManager.default.createDirectory(atPath: credentials, withIntermediateDirectories: false)
      try Program.run(["sh", "-c", "'\(Prerequisites.shuntd)' --new-identity-key >'\(credentials)/identity-key'"]).orThrow()
      let key = try #require(FileManager.default.contents(atPath: "\(credentials)/identity-key"))
      #expect(key.count == 32)
      let start = {
        try rig.spawn(
          in: "dora", "dora-shuntd",
          ["env", "CREDENTIALS_DIRECTORY=\(credentials)", Prerequisites.shuntd, "--settings", dora.settingsPath])
        try eventually("shuntd answers: \(dora.shuntdLog)") { try dora.shuntctl("status").isSuccess }
      }
      try start()
      try pair.enroll(dora, pair.emil)
      let state = rig.path("dora-state")
      #expect(try FileManager.default.contentsOfDirectory(atPath: state).contains("enrolment"))
      #expect(!FileManager.default.fileExists(atPath: "\(state)/identity-key"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: rig.path("emil-state")).contains("identity-key"))
      // It is the same phone after a restart, and texts come by IP.
      try dora.stopShuntd()
      try start()
      try dora.waitUntilOnline()
      #expect(pair.relay.codes.count == 2)
      #expect(try pair.emil.shuntctl("send", dora.number, "Hello").orThrow().output.contains("IP"))
      // What systemd keeps stays with systemd.
      try dora.shuntctl("disable").orThrow()
      #expect(FileManager.default.contents(atPath: "\(credentials)/identity-key") == key)
      #expect(!FileManager.default.fileExists(atPath: "\(state)/identity-key"))
      // A damaged one is not replaced in silence.
      try dora.stopShuntd()
      try TextFile.write("short", to: "\(credentials)/identity-key")
      try start()
      #expect(dora.shuntdLog.contains("identity-key is no key of 32 octets"))
      #expect(try !dora.shuntctl("enable", "--number", dora.number).isSuccess)
      #expect(!FileManager.default.fileExists(atPath: "\(state)/identity-key"))
    }
  }
}
