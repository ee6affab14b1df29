import Foundation

/// Where things are that the tests use. What is missing is an error with what to do about it; nothing is skipped.
enum Prerequisites {
  /// The directory that holds `board`.
  static let repository: String = {
    var path = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { path.deleteLastPathComponent() }
    return path.path
  }()

  /// The build directory of this test bundle, where the programs under test are, too.
  static let programs: String = {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let executable = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    return URL(fileURLWithPath: executable).deletingLastPathComponent().path
  }()

  static let shuntd = "\(programs)/shuntd"
  static let shuntctl = "\(programs)/shuntctl"
  static let shuntRelay = "\(programs)/shunt-relay"
  static let shuntLab = "\(programs)/shunt-lab"
  static let stockProxy = "/usr/libexec/qmi-proxy"

  /// - Throws: naming everything that is missing.
  static func check() throws {
    var problems: [String] = []
    if geteuid() != 0 { problems.append("the end-to-end tests make network namespaces, and that needs root") }
    for program in [shuntd, shuntctl, shuntRelay, shuntLab] where !isExecutable(program) {
      problems.append("\(program) is not there: build the whole package (swift build) first")
    }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
    let folders = path.split(separator: ":").map(String.init)
    let names = [
      "bash", "nsenter", "ip", "ss", "mmcli", "qmicli", "umockdev-run", "dbus-daemon", "gdbus", "openssl", "tcpdump", "tshark",
      "dbus-monitor", "setpriv",
    ]
    var missing = names.filter { name in !folders.contains { isExecutable("\($0)/\(name)") } }
    missing += ["/usr/sbin/ModemManager", stockProxy].filter { !isExecutable($0) }
    if !missing.isEmpty {
      problems.append("not installed: \(missing.joined(separator: ", ")); run board/setup --lab")
    }
    guard problems.isEmpty else { throw RigError(problems.joined(separator: "\n")) }
  }

  private static func isExecutable(_ path: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: path)
  }
}
