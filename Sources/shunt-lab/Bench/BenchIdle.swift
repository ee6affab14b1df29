internal import Glibc
internal import ModemHost
internal import RelayProtocol
internal import Telephony

/// The run behind `bench idle`.
final class BenchIdle {
  /// As in shuntd.service.
  static let watchdog: Duration = .seconds(300)
  /// What start and registration leave to be done is done by then.
  private static let settling: Duration = .seconds(3)

  private let workspace: BenchWorkspace
  private let binaries: String
  private let relay: BenchRelay
  private let handset: BenchHandset
  private let number: PhoneNumber

  init(binaries: String) throws {
    self.binaries = binaries
    workspace = try BenchWorkspace()
    relay = try BenchRelay(in: workspace, binaries: binaries, options: ["--record-frames", workspace.file("frames")])
    number = try PhoneNumber(e164: "+441632960001")
    handset = try BenchHandset(
      "idle", number: number, in: workspace, shuntd: "\(binaries)/shuntd", relay: (BenchRelay.port, relay.authority),
      environment: ["WATCHDOG_USEC": String(Self.watchdog.components.seconds * 1_000_000)])
    relay.carrier.attach(handset.modem)
  }

  func run(minutes: Double) throws -> IdleFigure {
    let client = try handset.client(workspace)
    let inbox = try BenchInbox(client)
    defer { withExtendedLifetime(inbox) {} }
    _ = try workspace.run(
      ["\(binaries)/shuntctl", "enable", "--number", number.e164, "--bus", handset.bus], as: "shuntctl-enable")
    workspace.rest(Self.settling)
    let keepalivesBefore = try keepaliveCount()
    guard let before = ProcessActivity(of: handset.daemon.processID) else { throw LabError("shuntd is gone") }
    let end = EventLoop.now + .milliseconds(Int64((minutes * 60_000).rounded()))
    try workspace.wait(for: "end", [handset.daemon, relay.process], limit: .seconds(86_400)) { EventLoop.now >= end }
    guard let after = ProcessActivity(of: handset.daemon.processID) else { throw LabError("shuntd is gone") }
    let time = Duration.milliseconds(Int64((minutes * 60_000).rounded()))
    return IdleFigure(
      minutes: minutes, activity: after.since(before), keepalives: try keepaliveCount() - keepalivesBefore,
      keepalivesDue: IdleFigure.keepalives(from: Self.settling, to: Self.settling + time),
      feedsDue: Int(time / (Self.watchdog / 2)))
  }

  /// How many keepalives the relay has got.
  private func keepaliveCount() throws -> Int {
    let file = try OctetFile(workspace.file("frames"))
    var recording = RecordingDecoder()
    var decoders: [UInt64: RelayFrameDecoder] = [:]
    var count = 0
    while let octets = try file.next() {
      recording.append(octets)
      while let record = try recording.next() {
        guard record.kind == .received else { continue }
        decoders[record.connection, default: RelayFrameDecoder()].append(record.octets)
        while let frame = try decoders[record.connection]?.nextClientFrame() {
          if case .ping = frame.message { count += 1 }
        }
      }
    }
    return count
  }
}
