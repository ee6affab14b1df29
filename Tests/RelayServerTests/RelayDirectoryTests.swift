import Foundation
import Logging
import RelayProtocol
import Sealing
import Testing

@testable import RelayServer

@Suite struct RelayDirectoryTests {
  private func withDirectory(_ body: (RelayDirectory) throws -> Void) throws {
    let directory = RelayDirectory(path: TemporaryFiles.path("directory") + "/")
    defer { try? FileManager.default.removeItem(atPath: directory.path) }
    try body(directory)
  }

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func madeIsWholeAndPrivate() throws {
    try withDirectory { directory in
      try directory.create(hosts: ["relay.example.org", "192.0.2.1", "2001:db8::1"])
      for path in [directory.caKeyPath, directory.keyPath, directory.secretsPath] {
        #expect(try permissions(path) == 0o600)
      }
      let contents = try directory.load()
      let trust = try RelayTrust(pemText: String(contentsOfFile: directory.trustPath, encoding: .utf8))
      #expect(trust.certificates.count == 1)
      #expect(trust.tokenKeys.map(\.generation) == contents.keys.generations)
      #expect(trust.numberSalt == contents.keys.numberSalt)
      // Nothing private in what devices get.
      let text = try String(contentsOfFile: directory.trustPath, encoding: .utf8)
      #expect(!text.contains("PRIVATE"))
    }
  }

  @Test func nothingIsOverwritten() throws {
    try withDirectory { directory in
      try directory.create(hosts: ["localhost"])
      let before = try String(contentsOfFile: directory.secretsPath, encoding: .utf8)
      #expect(throws: RelayError.alreadyThere(path: directory.trustPath)) {
        try directory.create(hosts: ["localhost"])
      }
      #expect(try String(contentsOfFile: directory.secretsPath, encoding: .utf8) == before)
    }
  }

  @Test(arguments: ["", "two words", "-x", "a..b", "ex\u{E4}mple.org", "1.2.3.4/8", "*.example.org"])
  func badHosts(host: String) throws {
    try withDirectory { directory in
      #expect(throws: RelayError.badHost(host)) { try directory.create(hosts: [host]) }
      #expect(!FileManager.default.fileExists(atPath: directory.path))
    }
  }

  @Test func whatIsMissingOrWrongIsNamed() throws {
    try withDirectory { directory in
      #expect(throws: RelayError.noRelay(directory: directory.path)) { _ = try directory.load() }
      try directory.create(hosts: ["localhost"])

      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.keyPath)
      #expect(throws: RelayError.exposed(path: directory.keyPath)) { _ = try directory.load() }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.keyPath)
      _ = try directory.load()

      let key = try String(contentsOfFile: directory.keyPath, encoding: .utf8)
      try "nonsense".write(toFile: directory.keyPath, atomically: false, encoding: .utf8)
      #expect(throws: RelayError.invalid(path: directory.keyPath, reason: "no PEM private key")) {
        _ = try directory.load()
      }
      try key.write(toFile: directory.keyPath, atomically: false, encoding: .utf8)

      let certificate = try String(contentsOfFile: directory.certificatePath, encoding: .utf8)
      try "nonsense".write(toFile: directory.certificatePath, atomically: false, encoding: .utf8)
      #expect(throws: RelayError.invalid(path: directory.certificatePath, reason: "no PEM certificate")) {
        _ = try directory.load()
      }
      try certificate.write(toFile: directory.certificatePath, atomically: false, encoding: .utf8)

      try FileManager.default.removeItem(atPath: directory.secretsPath)
      #expect(throws: RelayError.cannotRead(path: directory.secretsPath, reason: "No such file or directory")) {
        _ = try directory.load()
      }
    }
  }

  @Test func keysOfAnotherRelayAreNoticed() throws {
    try withDirectory { one in
      try one.create(hosts: ["localhost"])
      try withDirectory { other in
        try other.create(hosts: ["localhost"])
        let secrets = try String(contentsOfFile: other.secretsPath, encoding: .utf8)
        try secrets.write(toFile: one.secretsPath, atomically: false, encoding: .utf8)
        #expect(throws: RelayError.invalid(path: one.trustPath, reason: "its keys are not those of \(one.secretsPath)")) {
          _ = try one.load()
        }
      }
    }
  }

  // MARK: rotation

  private func trust(_ directory: RelayDirectory) throws -> RelayTrust {
    try RelayTrust(pemText: String(contentsOfFile: directory.trustPath, encoding: .utf8))
  }

  @Test func rotationAddsAKeyAndThenDropsTheOld() throws {
    try withDirectory { directory in
      try directory.create(hosts: ["localhost"])
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.trustPath)
      let before = try trust(directory)
      #expect(throws: RelayError.notRotating(directory: directory.path)) { _ = try directory.finishRotation() }
      #expect(try directory.rotate() == .began(new: 2, old: 1))
      let both = try trust(directory)
      #expect(before.isPart(of: both) && both.tokenKeys.map(\.generation.rawValue) == [2, 1])
      #expect(try directory.load().keys.generations.map(\.rawValue) == [2, 1])
      // The files are whose they were, and as private.
      #expect(try permissions(directory.secretsPath) == 0o600)
      #expect(try permissions(directory.trustPath) == 0o640)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".new") } == [])
      // Two at a time.
      #expect(throws: RelayError.alreadyRotating(directory: directory.path)) { _ = try directory.rotate() }
      #expect(try directory.finishRotation() == .finished(kept: 2, dropped: 1))
      #expect(try trust(directory).tokenKeys == [both.tokenKeys[0]])
      #expect(try directory.load().keys.generations.map(\.rawValue) == [2])
      #expect(try directory.rotate() == .began(new: 3, old: 2))
    }
  }

  /// The two files are replaced one after the other; a relay starts with what is there in between.
  @Test func anInterruptedRotationGoesOn() throws {
    try withDirectory { directory in
      try directory.create(hosts: ["localhost"])
      let before = try String(contentsOfFile: directory.trustPath, encoding: .utf8)
      _ = try directory.rotate()
      let both = try String(contentsOfFile: directory.trustPath, encoding: .utf8)
      let secrets = try String(contentsOfFile: directory.secretsPath, encoding: .utf8)
      // Before the file for devices was written.
      try before.write(toFile: directory.trustPath, atomically: false, encoding: .utf8)
      #expect(try directory.load().keys.generations.count == 2)
      #expect(try directory.rotate() == .completed(new: 2, old: 1))
      #expect(try String(contentsOfFile: directory.trustPath, encoding: .utf8) == both)
      // At the end, before the secrets were.
      _ = try directory.finishRotation()
      let after = try String(contentsOfFile: directory.trustPath, encoding: .utf8)
      try secrets.write(toFile: directory.secretsPath, atomically: false, encoding: .utf8)
      #expect(try directory.load().keys.generations.count == 2)
      #expect(throws: RelayError.alreadyRotating(directory: directory.path)) { _ = try directory.rotate() }
      #expect(try directory.finishRotation() == .finished(kept: 2, dropped: 1))
      #expect(try String(contentsOfFile: directory.trustPath, encoding: .utf8) == after)
    }
  }

  @Test func aLinkToTheSecretsStaysALink() throws {
    try withDirectory { directory in
      try directory.create(hosts: ["localhost"])
      let elsewhere = TemporaryFiles.path("secrets")
      defer { try? FileManager.default.removeItem(atPath: elsewhere) }
      try FileManager.default.moveItem(atPath: directory.secretsPath, toPath: elsewhere)
      try FileManager.default.createSymbolicLink(atPath: directory.secretsPath, withDestinationPath: elsewhere)
      _ = try directory.rotate()
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory.secretsPath) == elsewhere)
      #expect(try permissions(elsewhere) == 0o600)
    }
  }

  @Test func certificateOfAnotherKeyIsNoticed() async throws {
    let one = RelayDirectory(path: TemporaryFiles.path("one"))
    let other = RelayDirectory(path: TemporaryFiles.path("other"))
    defer {
      try? FileManager.default.removeItem(atPath: one.path)
      try? FileManager.default.removeItem(atPath: other.path)
    }
    try one.create(hosts: ["localhost"])
    try other.create(hosts: ["localhost"])
    let key = try String(contentsOfFile: other.keyPath, encoding: .utf8)
    try key.write(toFile: one.keyPath, atomically: false, encoding: .utf8)
    var configuration = RelayServerConfiguration(directory: one, sender: LogCodeSender())
    configuration.port = 0
    let wrong = RelayError.invalid(path: one.keyPath, reason: "not the key of \(one.certificatePath)")
    let started = configuration
    await #expect(throws: wrong) {
      _ = try await RelayServer.start(started, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
  }

  @Test func portThatIsTakenIsNamed() async throws {
    try await withRelay { relay in
      var configuration = RelayServerConfiguration(directory: relay.directory, sender: LogCodeSender())
      configuration.bindAddress = "127.0.0.1"
      configuration.port = relay.server.port
      let taken = RelayError.cannotListen(
        address: "127.0.0.1", port: relay.server.port, reason: "Address already in use")
      let started = configuration
      await #expect(throws: taken) {
        _ = try await RelayServer.start(started, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      }
      configuration.port = 0
      configuration.bindAddress = "not an address"
      let odd = configuration
      await #expect(throws: RelayError.self) {
        _ = try await RelayServer.start(odd, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      }
    }
  }
}
