internal import ArgumentParser
internal import ModemHost

/// Options that every command has.
struct CommonOptions: ParsableArguments {
  @Flag(help: "Print JSON, one object a line.")
  var json = false

  @Option(help: ArgumentHelp("The message bus: system, session, or a D-Bus address.", valueName: "bus"))
  var bus = "system"

  func validate() throws {
    guard BusAddress(bus) != nil else {
      throw ValidationError("--bus takes system, session or a D-Bus address such as unix:path=/run/bus, not '\(bus)'")
    }
  }
}

/// The daemon as a command sees it: every failure ends the command with one line and a status.
struct Daemon {
  let client: BusClient

  init(_ options: CommonOptions) throws {
    client = try Self.orExit { () throws(BusClientError) in
      try BusClient(bus: BusAddress(options.bus) ?? .system)
    }
  }

  func call(_ request: ControlRequest, timeout: Duration? = .seconds(25)) throws -> ControlReply {
    try Self.orExit { () throws(BusClientError) in try client.call(request, timeout: timeout) }
  }

  func row(_ request: ControlRequest, timeout: Duration? = .seconds(25)) throws -> BusRow {
    guard case .row(let row) = try call(request, timeout: timeout) else { return [:] }
    return row
  }

  /// Asks for the status again and again, until it is settled or the time is up.
  func settled(from first: BusRow, within limit: Duration, while isPending: (BusRow) -> Bool) throws -> BusRow {
    var row = first
    let deadline = EventLoop.now + limit
    let loop = EventLoop()
    while isPending(row), EventLoop.now < deadline {
      let next = EventLoop.now + .milliseconds(100)
      _ = loop.turn(until: { EventLoop.now >= next }, limit: .milliseconds(100))
      row = try self.row(.status)
    }
    return row
  }

  private static func orExit<Value>(_ body: () throws(BusClientError) -> Value) throws -> Value {
    do throws(BusClientError) {
      return try body()
    } catch {
      Output.error(text(for: error))
      throw ExitCode(ExitStatus.of(error))
    }
  }

  private static func text(for error: BusClientError) -> String {
    guard case .serviceNotRunning = error else { return error.description }
    return "shuntd is not running (start it with: systemctl start shuntd). Texts go by the carrier meanwhile."
  }
}
