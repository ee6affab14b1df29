import ArgumentParser
import Glibc
import Logging
import RelayServer
import ServiceLifecycle
import UnixSignals

extension ShuntRelay {
  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run the relay of a directory that `init` made.",
      discussion: """
        Runs in the foreground until SIGTERM or SIGINT, then tells every device, closes and exits with 0. Logs go to the \
        standard error; they hold no numbers, tokens or keys, nor who writes to whom.

        Code senders:
          log              for a lab: a line a code, `…NN Shunt code: XXXXXXXX`, to the standard output or --codes
          command:PROGRAM  runs PROGRAM (arguments after spaces) for each code, with two lines on its standard input, the
                           number in E.164 and the text; it exits with 0 when the message is on its way
        """)

    @Argument(help: ArgumentHelp("The relay's directory.", valueName: "dir"))
    var directory: String

    @Option(help: "TCP port to listen on; 0 for any free one.")
    var port = 7443

    @Option(help: ArgumentHelp("IP address to listen on.", valueName: "address"))
    var bind = "0.0.0.0"

    @Option(help: ArgumentHelp("What sends verification codes: log or command:PROGRAM.", valueName: "sender"))
    var sender = "log"

    @Option(help: ArgumentHelp("With --sender log: append codes to this file.", valueName: "file"))
    var codes: String?

    @Option(
      help: ArgumentHelp(
        "For an audit only: record every frame that passes, as it is inside TLS, and every number that registers, in the clear, in a new file.",
        valueName: "file"))
    var recordFrames: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = LogLevel(level: .notice)

    struct LogLevel: ExpressibleByArgument {
      var level: Logger.Level
      init(level: Logger.Level) { self.level = level }
      init?(argument: String) {
        guard let level = Logger.Level(rawValue: argument) else { return nil }
        self.level = level
      }
      var defaultValueDescription: String { level.rawValue }
      static var allValueStrings: [String] { Logger.Level.allCases.map(\.rawValue) }
    }

    func validate() throws {
      guard 0...65_535 ~= port else { throw ValidationError("--port is 0 to 65535, not \(port)") }
      guard Self.isAddress(bind) else { throw ValidationError("--bind is an IP address of this machine, such as 0.0.0.0 or ::, not \(bind)") }
      if codes != nil, sender != "log" { throw ValidationError("--codes goes with --sender log") }
    }

    private static func isAddress(_ text: String) -> Bool {
      var octets = in6_addr()
      return [AF_INET, AF_INET6].contains { inet_pton($0, text, &octets) == 1 }
    }

    func run() async throws {
      // What is made from here on, the database above all, is for this user only.
      umask(0o077)
      let isSecret = ProcessSecrecy.denyDumps()
      signal(SIGPIPE, SIG_IGN)
      let level = logLevel.level
      LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = level
        return handler
      }
      let logger = Logger(label: "shunt-relay")
      if !isSecret { logger.warning("the system does not let this process keep its memory out of core dumps") }
      var configuration = RelayServerConfiguration(
        directory: RelayDirectory(path: directory), sender: try codeSender())
      configuration.port = port
      configuration.bindAddress = bind
      configuration.recording = recordFrames
      let service = Serving(configuration: configuration, logger: logger)
      // The group's own messages would only repeat the server's.
      var quiet = logger
      quiet.logLevel = max(level, .error)
      let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
          services: [ServiceGroupConfiguration.ServiceConfiguration(service: service)],
          gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
      try await group.run()
    }

    private func codeSender() throws -> any CodeSender {
      if sender == "log" { return LogCodeSender(path: codes) }
      guard sender.hasPrefix("command:") else { throw RelayError.badSender(sender) }
      let command = try CommandCodeSender(command: String(sender.dropFirst("command:".count)))
      try command.check()
      return command
    }
  }
}

/// The server from its start to its end, within the group, so that signals are heeded before it says that it listens.
private struct Serving: Service {
  let configuration: RelayServerConfiguration
  let logger: Logger

  func run() async throws {
    try await RelayServer.start(configuration, logger: logger).run()
  }
}
