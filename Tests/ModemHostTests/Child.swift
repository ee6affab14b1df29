import Glibc
import ModemHost
import Testing

/// A program that a test runs beside itself, ended by its process id when the test is over.
final class Child {
  let processID: pid_t
  /// What it has written so far, as far as ``drain()`` has read it; standard error is in it too.
  private(set) var output: [UInt8] = []
  private let input: Int32
  private let outputEnd: Int32
  private var hasEnded = false

  /// - Parameter environment: added to this process's.
  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    var toChild: [Int32] = [0, 0]
    var fromChild: [Int32] = [0, 0]
    try #require(pipe(&toChild) == 0)
    try #require(pipe(&fromChild) == 0)
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(fromChild[0], F_SETFL, O_NONBLOCK)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
    var words = arguments.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") }
    var inherited = environ
    while let variable = inherited.pointee {
      if !environment.keys.contains(where: { String(cString: variable).hasPrefix("\($0)=") }) {
        variables.append(strdup(variable))
      }
      inherited += 1
    }
    variables.append(nil)
    defer { (words + variables).forEach { free($0) } }
    var process: pid_t = 0
    let result = posix_spawnp(&process, arguments[0], &actions, nil, &words, &variables)
    close(toChild[0])
    close(fromChild[1])
    input = toChild[1]
    outputEnd = fromChild[0]
    processID = process
    if result != 0 {
      hasEnded = true
      throw SystemError(number: result)
    }
  }

  deinit {
    end()
    close(input)
    close(outputEnd)
  }

  /// Reads what there is to read, without waiting. False at the end of output.
  @discardableResult
  func drain() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let got = read(outputEnd, &buffer, buffer.count)
      if got > 0 {
        output += buffer[..<got]
      } else {
        return got < 0 && errno == EAGAIN
      }
    }
  }

  var text: String {
    drain()
    return String(decoding: output, as: UTF8.self)
  }

  func write(_ octets: [UInt8]) {
    var rest = octets[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }

  func end(_ signal: Int32 = SIGKILL) {
    guard !hasEnded else { return }
    hasEnded = true
    kill(processID, signal)
    var status: Int32 = 0
    waitpid(processID, &status, 0)
  }

  /// Runs a program to its end and returns what it wrote.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> String {
    let child = try Child(arguments, environment: environment)
    let status = child.waitForEnd()
    try #require(status == 0, "\(arguments.joined(separator: " ")): \(child.text)")
    return child.text
  }

  /// Lets the program run to its end.
  /// - Returns: its status, as `waitpid` tells it.
  func waitForEnd() -> Int32 {
    while drain() { usleep(1000) }
    var status: Int32 = 0
    waitpid(processID, &status, 0)
    hasEnded = true
    return status
  }
}

extension EventLoop {
  /// Turns the loop and looks every few milliseconds, for conditions that do not come about in the loop.
  @discardableResult
  func poll(until condition: () -> Bool, limit: Duration = .seconds(10)) -> Bool {
    let end = EventLoop.now + limit
    while !condition() {
      if EventLoop.now >= end { return condition() }
      turn(waitingAtMost: .milliseconds(5))
    }
    return true
  }
}
