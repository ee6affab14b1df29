import Foundation

/// A rig of namespaces and programs in a directory of its own: `board/lab/rig.sh` in a shell that ends everything when it is told to, or when
/// this process is gone, however that came about.
final class Rig: @unchecked Sendable {
  // Only the laboratory's queue touches a rig (see `Laboratory`).

  let directory: String
  private let shell = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var unread: [UInt8] = []
  private var hasEnded = false

  /// The mark before the exit status that ends each answer of the shell.
  private static let mark: UInt8 = 0x1E

  init() throws {
    try Prerequisites.check()
    directory = try TemporaryDirectory.make("shunt-e2e")
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["--norc", "--noprofile"]
    shell.environment = ProcessInfo.processInfo.environment
    shell.standardInput = input
    shell.standardOutput = output
    for descriptor in [input.fileHandleForWriting.fileDescriptor, output.fileHandleForReading.fileDescriptor] {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    // A shell that died is reported by the call that finds out.
    signal(SIGPIPE, SIG_IGN)
    try shell.runUnblocked()
    try? input.fileHandleForReading.close()
    try? output.fileHandleForWriting.close()
    try write("cd \(Self.quoted(Prerequisites.repository)) && . board/lab/rig.sh\n")
    // Interrupted tests interrupt this shell, too; it ends by the end of its input.
    try write("trap : INT TERM HUP\ntrap 'rig_end; rm -rf \(Self.quoted(directory))' EXIT\n")
    try call("rig_begin", directory)
  }

  deinit { end() }

  /// Calls a function of rig.sh.
  /// - Returns: what it writes on its standard output, without the last line end.
  /// - Throws: with what it complains of, when it fails.
  @discardableResult
  func call(_ words: String...) throws -> String { try call(words) }

  @discardableResult
  func call(_ words: [String]) throws -> String {
    let command = words.map(Self.quoted).joined(separator: " ")
    let complaints = "\(directory)/complaints"
    try write("\(command) </dev/null 2>\(Self.quoted(complaints)); printf '\\036%d\\n' $?\n")
    let (text, status) = try answer(to: command)
    guard status == 0 else { throw RigError("\(command): \(text)\(TextFile.read(complaints))") }
    return text
  }

  /// Starts a program in a namespace, or outside all of them; see `rig_spawn`.
  func spawn(in namespace: String?, _ tag: String, _ words: [String]) throws {
    try call(["rig_spawn", namespace ?? "-", tag] + words)
  }

  /// Ends a program and waits for that.
  func stop(_ tag: String, _ signal: String = "TERM") throws { try call("rig_stop", tag, signal) }

  func processID(of tag: String) throws -> Int32 {
    guard let id = Int32(try call("rig_pid", tag)) else { throw RigError("\(tag) is not running") }
    return id
  }

  func isRunning(_ tag: String) -> Bool { (try? call("rig_is_running", tag)) != nil }

  /// What a program has written so far.
  func log(of tag: String) -> String { TextFile.read("\(directory)/\(tag).log") }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  /// The words that run a command in a namespace.
  func words(in namespace: String, _ words: [String]) throws -> [String] {
    ["nsenter", "--net=/run/netns/\(try call("rig_namespace_of", namespace))", "--"] + words
  }

  /// Runs a command in a namespace, on its message bus, to its end.
  func run(in namespace: String, _ words: [String], limit: Int = 60) throws -> ProgramResult {
    try Program.run(try self.words(in: namespace, words), environment: try environment(of: namespace), limit: limit)
  }

  func environment(of namespace: String) throws -> [String: String] {
    let bus = try bus(of: namespace)
    return ["LC_ALL": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": bus, "DBUS_SESSION_BUS_ADDRESS": bus, "TMPDIR": directory]
  }

  /// The address of a namespace's message bus.
  func bus(of namespace: String) throws -> String { try call("rig_bus", namespace) }

  /// A rig for several tests: it is ended when the last test is over.
  static func shared() throws -> Rig {
    let rig = try Rig()
    sharedRigs.append(rig)
    return rig
  }

  static func endShared() {
    for rig in sharedRigs { rig.end() }
    sharedRigs = []
  }

  nonisolated(unsafe) private static var sharedRigs: [Rig] = []

  /// Ends all that was started, and waits for that.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    try? input.fileHandleForWriting.close()
    shell.waitUntilExit()
  }

  private func write(_ text: String) throws {
    do {
      try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    } catch {
      throw RigError("the rig's shell is gone")
    }
  }

  private func answer(to command: String) throws -> (String, Int32) {
    while true {
      if let start = unread.firstIndex(of: Self.mark), let end = unread[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let text = String(decoding: unread[..<start], as: UTF8.self).trimmingCharacters(in: .newlines)
        let status = Int32(String(decoding: unread[(start + 1)..<end], as: UTF8.self)) ?? -1
        unread.removeSubrange(...end)
        return (text, status)
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw RigError("the rig's shell ended at: \(command)") }
      unread += data
    }
  }

  private static func quoted(_ word: String) -> String {
    "'\(word.replacingOccurrences(of: "'", with: "'\\''"))'"
  }
}
