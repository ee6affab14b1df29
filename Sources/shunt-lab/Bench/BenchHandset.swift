internal import Glibc
internal import ModemHost
internal import Telephony
internal import VirtualModem

/// A modem of this process, and shuntd with a message bus before it.
final class BenchHandset {
  let modem: LabModem
  let daemon: ChildProcess
  let bus: String
  let socket: String
  let device: String
  private let busDaemon: ChildProcess

  /// - Parameters:
  ///   - name: tells the handsets of a benchmark apart.
  ///   - environment: what is changed in shuntd's.
  init(
    _ name: String, number: PhoneNumber, in workspace: BenchWorkspace, shuntd: String,
    relay: (port: Int, authority: String)? = nil, environment: [String: String] = [:]
  ) throws {
    // Not in /dev/pts, where others' terminals come and go, and wake whoever watches for a modem there.
    device = workspace.file("\(name).modem")
    modem = try LabModem(LabModem.configuration(number: number), link: device)
    bus = "unix:path=\(workspace.file("\(name).bus"))"
    busDaemon = try workspace.start(
      ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=\(bus)"], as: "\(name).dbus")
    try workspace.wait(for: "message bus", [busDaemon]) { access(workspace.file("\(name).bus"), F_OK) == 0 }
    let directory = workspace.file(name)
    mkdir(directory, 0o700)
    socket = "shunt-lab-bench-\(name)"
    let settings = BenchSettings(
      device: device, socket: socket, directory: directory, bus: bus, relayPort: relay?.port,
      relayAuthority: relay?.authority)
    try workspace.write("\(name).conf", settings.text)
    daemon = try workspace.start(
      [shuntd, "--settings", workspace.file("\(name).conf")], as: "\(name).shuntd",
      // Where logind would be.
      environment: environment.merging(["DBUS_SYSTEM_BUS_ADDRESS": bus]) { own, _ in own })
  }

  func client(_ workspace: BenchWorkspace) throws -> BenchClient {
    try BenchClient(workspace, socket: "@\(socket)", device: device, of: daemon)
  }
}

extension LabModem {
  /// A modem as the benchmarks use it: nothing but the number matters.
  static func configuration(number: PhoneNumber) throws -> VirtualModem.Configuration {
    VirtualModem.Configuration(
      identity: try ModemIdentity(number: number, homeNetwork: try HomeNetwork(mcc: "234", mnc: "15")))
  }
}
