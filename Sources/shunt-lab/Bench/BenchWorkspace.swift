internal import Glibc
internal import ModemHost

/// A directory for the files of a benchmark, which goes with it, and the programs it runs.
final class BenchWorkspace {
  let path: String
  private let loop = EventLoop()
  private var signals: [SignalWatch] = []
  private var isStopped = false

  init() throws {
    var template = Array("/tmp/shunt-lab-bench.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw LabError("cannot make a directory in /tmp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    signals = [
      SignalWatch(.terminate) { [unowned self] in isStopped = true },
      SignalWatch(.interrupt) { [unowned self] in isStopped = true },
    ]
  }

  deinit {
    if let remove = try? ChildProcess(["rm", "-rf", path], log: "/dev/null") {
      while remove.exitStatus == nil { usleep(1000) }
    }
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
    guard descriptor >= 0 else { throw LabError("cannot write \(file(name))") }
    defer { close(descriptor) }
    let octets = Array(text.utf8)
    guard Glibc.write(descriptor, octets, octets.count) == octets.count else {
      throw LabError("cannot write \(file(name))")
    }
  }

  func start(_ arguments: [String], as name: String, environment: [String: String] = [:]) throws -> ChildProcess {
    try ChildProcess(arguments, log: file("\(name).log"), environment: environment)
  }

  /// Turns the loop until `condition` holds.
  ///
  /// - Throws: after `limit`, on a signal to stop, or when one of `children` ends.
  func wait(
    for what: String, _ children: [ChildProcess] = [], limit: Duration = .seconds(20), until condition: () -> Bool
  ) throws {
    let deadline = EventLoop.now + limit
    while !condition() {
      try checkStopped()
      for child in children { try child.expectRunning() }
      guard EventLoop.now < deadline else {
        throw LabError((["no \(what) in time"] + children.map { "\($0.name): \($0.output)" }).joined(separator: "\n"))
      }
      loop.turn(waitingAtMost: .milliseconds(20))
    }
  }

  /// Lets a program run to its end.
  ///
  /// - Returns: what it printed.
  func run(
    _ arguments: [String], as name: String, environment: [String: String] = [:], limit: Duration = .seconds(60)
  ) throws -> String {
    let child = try start(arguments, as: name, environment: environment)
    try wait(for: "end of \(child.name)", limit: limit) { child.exitStatus != nil }
    guard child.exitStatus == 0 else {
      throw LabError("\(arguments.joined(separator: " ")) ended with \(child.exitStatus ?? 0): \(child.output)")
    }
    return child.output
  }

  func checkStopped() throws {
    if isStopped { throw LabError("stopped") }
  }

  /// Turns the loop for so long, whatever happens in it.
  func rest(_ duration: Duration) {
    let end = EventLoop.now + duration
    var left = duration
    while left > .zero {
      loop.turn(waitingAtMost: left)
      left = end - EventLoop.now
    }
  }

  func turn(waitingAtMost limit: Duration) {
    loop.turn(waitingAtMost: limit)
  }
}
