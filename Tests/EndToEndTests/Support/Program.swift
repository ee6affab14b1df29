import Foundation

/// What a program that ran to its end left.
struct ProgramResult: CustomStringConvertible {
  let words: [String]
  /// The exit status; 128 and the signal's number when a signal ended it.
  let status: Int32
  let output: String
  let errors: String

  var isSuccess: Bool { status == 0 }
  /// Standard output without the line end.
  var text: String { output.trimmingCharacters(in: .newlines) }
  /// Standard error without the line end.
  var complaint: String { errors.trimmingCharacters(in: .newlines) }

  var description: String { "\(words.joined(separator: " ")) ended with \(status)\n\(output)\(errors)" }

  /// - Returns: itself.
  /// - Throws: when the program failed.
  @discardableResult
  func orThrow() throws -> ProgramResult {
    guard isSuccess else { throw RigError("\(self)") }
    return self
  }
}

/// Something of the rig is not as the test needs it.
struct RigError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

enum Program {
  /// Runs a program to its end.
  /// - Parameters:
  ///   - words: its name or path, and the arguments.
  ///   - environment: added to this process's.
  ///   - input: what its standard input holds.
  ///   - limit: seconds after which it is ended, which is an error.
  static func run(
    _ words: [String], environment: [String: String] = [:], input: String = "", limit: Int = 60
  ) throws -> ProgramResult {
    let files = try OutputFiles()
    let process = try make(words, environment: environment, files: files)
    let inputPipe = Pipe()
    process.standardInput = inputPipe
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.runUnblocked()
    // All inputs here are shorter than a pipe's buffer, so that this does not wait.
    try? inputPipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try? inputPipe.fileHandleForWriting.close()
    let isLate = ended.wait(timeout: .now() + .seconds(limit)) == .timedOut
    if isLate {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    let result = ProgramResult(words: words, status: status, output: files.output, errors: files.errors)
    if isLate { throw RigError("\(limit) seconds were not enough: \(result)") }
    return result
  }

  /// Starts a program that goes on beside the test; ``RunningProgram/end(_:)`` it.
  static func start(_ words: [String], environment: [String: String] = [:]) throws -> RunningProgram {
    let files = try OutputFiles()
    let process = try make(words, environment: environment, files: files)
    process.standardInput = FileHandle.nullDevice
    try process.runUnblocked()
    return RunningProgram(process: process, files: files, words: words)
  }

  private static func make(_ words: [String], environment: [String: String], files: OutputFiles) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, added in added }
    process.standardOutput = files.outputHandle
    process.standardError = files.errorHandle
    return process
  }
}

extension Process {
  /// Runs with no signal blocked. A process inherits the mask of the thread that starts it, and dispatch's threads block all: what is started
  /// from there would not end by SIGTERM.
  func runUnblocked() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try run()
  }
}

/// A program beside the test.
final class RunningProgram {
  private let process: Process
  private let files: OutputFiles
  private let words: [String]

  fileprivate init(process: Process, files: OutputFiles, words: [String]) {
    self.process = process
    self.files = files
    self.words = words
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  var processID: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// What it has written so far.
  var output: String { files.output }

  var errors: String { files.errors }

  /// Tells it to end and waits until it has.
  func end(_ signal: Int32 = SIGTERM) -> ProgramResult {
    kill(process.processIdentifier, signal)
    return waitUntilEnded()
  }

  func waitUntilEnded() -> ProgramResult {
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return ProgramResult(words: words, status: status, output: files.output, errors: files.errors)
  }
}

/// Files for a program's output: unlike pipes they never fill, and nobody has to read them meanwhile.
private final class OutputFiles {
  private let directory: String
  let outputHandle: FileHandle
  let errorHandle: FileHandle

  init() throws {
    directory = try TemporaryDirectory.make("shunt-e2e-output")
    for name in ["output", "errors"] {
      guard FileManager.default.createFile(atPath: "\(directory)/\(name)", contents: nil) else {
        throw RigError("cannot write in \(directory)")
      }
    }
    outputHandle = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(directory)/output"))
    errorHandle = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(directory)/errors"))
  }

  deinit {
    try? outputHandle.close()
    try? errorHandle.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  var output: String { TextFile.read("\(directory)/output") }
  var errors: String { TextFile.read("\(directory)/errors") }
}

enum TemporaryDirectory {
  /// Makes `/tmp/PREFIX.XXXXXX`, readable by this user only.
  static func make(_ prefix: String) throws -> String {
    var template = Array("/tmp/\(prefix).XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw RigError("cannot make a directory in /tmp") }
    return String(cString: made)
  }
}

enum TextFile {
  /// The file's text; empty when there is no such file.
  static func read(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  static func lines(_ path: String) -> [String] {
    read(path).split(separator: "\n").map(String.init)
  }

  static func write(_ text: String, to path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
      throw RigError("cannot write \(path)")
    }
  }
}

/// Looks ten times a second until the condition holds.
/// - Throws: when it does not within `seconds`, naming `what`.
func eventually(
  _ what: @autoclosure () throws -> String, within seconds: Double = 30, _ condition: () throws -> Bool
) throws {
  let end = DispatchTime.now() + seconds
  while try !condition() {
    guard DispatchTime.now() < end else { throw RigError("waited \(Int(seconds)) s in vain: \(try what())") }
    usleep(100_000)
  }
}
