internal import Glibc
internal import ModemHost

/// A program that the benchmark runs. It is ended with the object.
final class ChildProcess {
  let name: String
  let processID: pid_t
  private let log: String
  private var status: Int32?

  /// - Parameters:
  ///   - arguments: the program first, found as a shell would.
  ///   - log: the file that takes its standard output and error.
  ///   - environment: what is changed in the environment.
  init(_ arguments: [String], log: String, environment: [String: String] = [:]) throws {
    name = arguments.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
    self.log = log
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables = Self.environment
    for (key, value) in environment { variables[key] = value }
    var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var processID: pid_t = 0
    let result = posix_spawnp(&processID, arguments.first ?? "", &actions, nil, &argv, &envp)
    guard result == 0 else {
      throw LabError("cannot start \(arguments.first ?? ""): \(String(cString: strerror(result)))")
    }
    self.processID = processID
  }

  private static var environment: [String: String] {
    var result: [String: String] = [:]
    var pointer = environ
    while let entry = pointer.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      pointer += 1
    }
    return result
  }

  /// What the program printed.
  var output: String {
    guard let file = fopen(log, "r") else { return "" }
    defer { fclose(file) }
    var octets = [UInt8](repeating: 0, count: 1 << 16)
    let count = fread(&octets, 1, octets.count, file)
    return String(decoding: octets.prefix(count), as: UTF8.self)
  }

  /// The exit status (negative: the signal that ended it), nil while it runs.
  var exitStatus: Int32? {
    if let status { return status }
    var raw: Int32 = 0
    guard waitpid(processID, &raw, WNOHANG) == processID else { return nil }
    let signal = raw & 0x7F
    status = signal == 0 ? (raw >> 8) & 0xFF : -signal
    return status
  }

  /// - Throws: its last words, when the program has ended.
  func expectRunning() throws {
    guard let status = exitStatus else { return }
    throw LabError("\(name) ended with \(status): \(output)")
  }

  /// SIGTERM, and SIGKILL to one that does not listen.
  func stop() {
    guard exitStatus == nil else { return }
    kill(processID, SIGTERM)
    for _ in 0..<200 {
      if exitStatus != nil { return }
      usleep(10_000)
    }
    kill(processID, SIGKILL)
    while exitStatus == nil { usleep(10_000) }
  }

  deinit {
    stop()
  }
}
