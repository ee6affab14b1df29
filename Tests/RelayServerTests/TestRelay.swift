import Foundation
import Logging
import Metrics
import RelayProtocol
import Sealing
import Synchronization
import Telephony

@testable import RelayServer

/// A relay on a free port of the loopback, in a directory of its own, with what it sent and logged.
final class TestRelay: Sendable {
  let directory: RelayDirectory
  let server: RelayServer
  let sender: CatchingSender
  let log = CatchingLog()
  let trust: RelayTrust

  /// - Parameter directory: one that is there already, of a relay that was stopped.
  init(
    directory: RelayDirectory? = nil, metrics: any MetricsFactory = NOOPMetricsHandler.instance, recording: String? = nil,
    limits: (inout RelayLimits) -> Void = { _ in }
  ) async throws {
    if let directory {
      self.directory = directory
    } else {
      self.directory = RelayDirectory(path: TemporaryFiles.path("relay"))
      try self.directory.create(hosts: ["localhost", "127.0.0.1"])
    }
    sender = CatchingSender()
    var configuration = RelayServerConfiguration(directory: self.directory, sender: sender)
    configuration.port = 0
    configuration.bindAddress = "127.0.0.1"
    configuration.recording = recording
    // Other tests may keep every core busy for a while.
    configuration.limits.authenticationTime = .seconds(240)
    limits(&configuration.limits)
    let log = log
    var logger = Logger(label: "test") { _ in log }
    logger.logLevel = .trace
    server = try await RelayServer.start(configuration, metrics: metrics, logger: logger)
    trust = try RelayTrust(pemText: String(contentsOfFile: self.directory.trustPath, encoding: .utf8))
  }

  func remove() {
    try? FileManager.default.removeItem(atPath: directory.path)
  }
}

/// Runs the body against a relay that is stopped and removed afterwards, however it ends.
func withRelay(
  metrics: any MetricsFactory = NOOPMetricsHandler.instance, limits: (inout RelayLimits) -> Void = { _ in },
  _ body: (TestRelay) async throws -> Void
) async throws {
  let relay = try await TestRelay(metrics: metrics, limits: limits)
  do {
    try await body(relay)
  } catch {
    await relay.server.stop()
    relay.remove()
    throw error
  }
  await relay.server.stop()
  relay.remove()
}

enum TemporaryFiles {
  static func path(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("shunt-\(name)-\(UUID().uuidString)").path
  }
}

/// Keeps codes instead of sending them.
final class CatchingSender: CodeSender {
  private let sent = Mutex<[(number: PhoneNumber, text: String)]>([])

  func send(_ text: String, to number: PhoneNumber) throws(CodeSenderError) {
    sent.withLock { $0.append((number, text)) }
  }

  var messages: [(number: PhoneNumber, text: String)] { sent.withLock { $0 } }

  /// The newest code for this number.
  func code(for number: PhoneNumber) -> String? {
    messages.last { $0.number == number }.flatMap { $0.text.split(separator: " ").last.map(String.init) }
  }
}

/// Keeps every line at every level.
final class CatchingLog: LogHandler, Sendable {
  private let kept = Mutex<[String]>([])
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    kept.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
  }

  var lines: [String] { kept.withLock { $0 } }
}
