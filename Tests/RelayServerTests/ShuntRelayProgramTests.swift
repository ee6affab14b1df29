import Foundation
import NIOCore
import RelayProtocol
import Sealing
import Synchronization
import Testing

@testable import RelayServer

/// The real program, as a person or systemd runs it.
@Suite(.timeLimit(.minutes(5))) struct ShuntRelayProgramTests {
  /// Beside the test's own executable.
  private static var program: URL {
    get throws {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("shunt-relay")
    }
  }

  private struct Run {
    var status: Int32
    var output: String
    var errors: String
  }

  private func run(_ arguments: [String]) async throws -> Run {
    let process = Process()
    process.executableURL = try Self.program
    process.arguments = arguments
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Run(status: process.terminationStatus, output: outputText, errors: errorText)
  }

  @Test func initMakesARelay() async throws {
    let path = TemporaryFiles.path("program")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let made = try await run(["init", path, "--host", "relay.example.org", "--host", "192.0.2.1"])
    #expect(made.status == 0)
    #expect(made.output.contains("for relay.example.org, 192.0.2.1."))
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: path))
      == ["ca.pem", "ca-key.pem", "relay.pem", "relay-key.pem", "secrets.pem"])
    let again = try await run(["init", path])
    #expect(again.status == 1)
    #expect(again.errors == "Error: \(path)/ca.pem is there already: nothing was changed\n")
  }

  @Test func rotateSaysWhatToDoNext() async throws {
    let path = TemporaryFiles.path("program")
    defer { try? FileManager.default.removeItem(atPath: path) }
    _ = try await run(["init", path, "--host", "localhost"])
    let early = try await run(["rotate", path, "--finish"])
    #expect(early.status == 1)
    #expect(
      early.errors == "Error: there is only one number-token key: run `shunt-relay rotate \(path)` to add another\n")
    let began = try await run(["rotate", path])
    #expect(began.status == 0 && began.output.hasPrefix("Added number-token key 2 beside key 1.\n"))
    #expect(began.output.contains("restart the relay, and give devices the new \(path)/ca.pem"))
    let again = try await run(["rotate", path])
    #expect(again.status == 1 && again.errors.contains("run `shunt-relay rotate \(path) --finish`"))
    let finished = try await run(["rotate", path, "--finish"])
    #expect(finished.status == 0 && finished.output.hasPrefix("Dropped number-token key 1; key 2 stays.\n"))
  }

  @Test(arguments: [
    (["rotate", "/nowhere/relay"], "Error: no relay in /nowhere/relay: run `shunt-relay init /nowhere/relay` first\n"),
    (["serve", "/nowhere/relay"], "Error: no relay in /nowhere/relay: run `shunt-relay init /nowhere/relay` first\n"),
    (["serve", "/nowhere", "--sender", "pigeon"],
      "Error: 'pigeon' is not a code sender: expected log or command:PROGRAM\n"),
    (["init", "/nowhere/at/all"], "Error: cannot write /nowhere/at/all: No such file or directory\n"),
  ])
  func mistakesAreOneLine(arguments: [String], line: String) async throws {
    let result = try await run(arguments)
    #expect(result.status == 1)
    #expect(result.errors == line)
  }

  @Test(arguments: [
    ["serve"], ["serve", "/x", "--port", "70000"], ["serve", "/x", "--log-level", "loud"], ["fly"],
    ["serve", "/x", "--sender", "command:x", "--codes", "y"],
  ])
  func usageErrorsExitWith64(arguments: [String]) async throws {
    let result = try await run(arguments)
    #expect(result.status == 64)
    #expect(result.errors.contains("Usage: shunt-relay"))
  }

  @Test func terminationTellsDevicesAndExitsWithZero() async throws {
    let directory = RelayDirectory(path: TemporaryFiles.path("program"))
    try directory.create(hosts: ["localhost", "127.0.0.1"])
    defer { try? FileManager.default.removeItem(atPath: directory.path) }
    let process = Process()
    process.executableURL = try Self.program
    process.arguments = ["serve", directory.path, "--port", "0", "--bind", "127.0.0.1", "--log-level", "trace"]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    var text = ""
    while !text.contains("listening") {
      let data = errors.fileHandleForReading.availableData
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
    }
    let port = try #require(text.firstMatch(of: /port=([0-9]+)/).flatMap { Int($0.1) })
    let trust = try RelayTrust(pemText: String(contentsOfFile: directory.trustPath, encoding: .utf8))
    let device = try await TestDevice(port: port, trust: trust)
    guard case .sessionReady = try await device.authenticate(try IdentityKey()) else {
      Issue.record("no session")
      return
    }
    process.terminate()
    #expect(try await device.push() == .sessionEnded(.stopping))
    await device.end()
    text += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    #expect(text.contains("stopped"))
    #expect(!text.contains("ERROR"))
    let database = try FileManager.default.attributesOfItem(atPath: directory.databasePath)
    #expect(database[.posixPermissions] as? Int == 0o600)
  }
}
