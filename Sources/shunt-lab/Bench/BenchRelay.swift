internal import Glibc
internal import VirtualModem

/// A carrier of this process, and a relay beside it that sends its codes there.
final class BenchRelay {
  static let port = 7443

  let carrier = LabCarrier()
  /// What devices get.
  let authority: String
  let process: ChildProcess
  private let server: CarrierServer

  /// - Parameter options: of `shunt-relay serve`.
  init(in workspace: BenchWorkspace, binaries: String, options: [String] = []) throws {
    server = try CarrierServer(carrier, socket: workspace.file("carrier"))
    let directory = workspace.file("relay")
    _ = try workspace.run(["\(binaries)/shunt-relay", "init", directory, "--host", "127.0.0.1"], as: "relay-init")
    let script = "#!/bin/sh\nexec \(try Self.absolute("\(binaries)/shunt-lab")) sms --carrier \(workspace.file("carrier"))\n"
    try workspace.write("send-code", script, mode: 0o700)
    process = try workspace.start(
      [
        "\(binaries)/shunt-relay", "serve", directory, "--port", String(Self.port), "--bind", "127.0.0.1",
        "--sender", "command:\(workspace.file("send-code"))",
      ] + options, as: "relay")
    authority = "\(directory)/ca.pem"
  }

  private static func absolute(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw LabError("there is no \(path)") }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
