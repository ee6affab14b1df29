import Foundation

/// shuntd of a handset as board/systemd has it: the proxy's socket is held for it, also while it is down, and it has a runtime directory. When it
/// is killed, the test starts it again, as systemd does after a second.
final class Unit {
  private let phone: Phone
  private let words: [String]
  private let environment: [String: String]
  private let socket: FileHandle
  private let log: FileHandle
  private var process: Process?

  /// - Parameter variables: of its environment.
  init(_ phone: Phone, _ variables: [String: String] = [:]) throws {
    self.phone = phone
    let rig = phone.rig
    let namespace = try rig.call("rig_namespace_of", phone.name)
    socket = FileHandle(fileDescriptor: try NetworkNamespace.perform(in: namespace) { try Self.listen() }, closeOnDealloc: true)
    let runtime = rig.path("\(phone.name)-runtime")
    try FileManager.default.createDirectory(
      atPath: runtime, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let logPath = rig.path("\(phone.name)-shuntd.log")
    try TextFile.write("", to: logPath)
    log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
    // The socket comes as standard input, for Foundation passes no other descriptors.
    let script = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\" 3<&0 0</dev/null"
    words = try rig.words(
      in: phone.name, ["sh", "-c", script, "sh", Prerequisites.shuntd, "--settings", phone.settingsPath])
    environment = try rig.environment(of: phone.name).merging(["RUNTIME_DIRECTORY": runtime]) { $1 }.merging(variables) { $1 }
  }

  deinit {
    if let process, process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  /// Starts shuntd, and waits until it can be controlled.
  func start() throws {
    try startWithoutWaiting()
    try eventually("shuntd of \(phone.name) answers: \(phone.shuntdLog)") { try phone.shuntctl("status").isSuccess }
  }

  func startWithoutWaiting() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = socket
    process.standardOutput = log
    process.standardError = log
    try process.runUnblocked()
    self.process = process
  }

  /// SIGKILL, and waits until it is gone.
  func kill() {
    guard let process else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  var processID: Int32 {
    get throws {
      guard let process, process.isRunning else { throw RigError("shuntd of \(phone.name) is not running: \(phone.shuntdLog)") }
      return process.processIdentifier
    }
  }

  private static func listen() throws -> Int32 {
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array("qmi-proxy".utf8)
    // The zero octet before it makes the name abstract.
    withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name) }
    let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.count)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    guard result == 0, Glibc.listen(descriptor, 64) == 0 else {
      throw RigError("cannot hold the proxy's socket: \(String(cString: strerror(errno)))")
    }
    return descriptor
  }
}
