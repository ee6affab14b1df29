internal import Foundation
internal import Glibc
public import Telephony

/// What brings a verification code to a number.
public protocol CodeSender: Sendable {
  /// Blocks until it is known whether the message went out; called on a thread of its own, a few at a time.
  ///
  /// - Parameter text: at most one SMS of the GSM alphabet.
  func send(_ text: String, to number: PhoneNumber) throws(CodeSenderError)
}

/// Why a code did not go out. Carries neither number nor code.
public enum CodeSenderError: Error, Equatable, Sendable, CustomStringConvertible {
  case cannotStart(program: String, reason: String)
  case failed(program: String, exitStatus: Int32)
  case timedOut(program: String)
  case cannotWrite(path: String, reason: String)

  public var description: String {
    switch self {
    case .cannotStart(let program, let reason): "cannot start \(program): \(reason)"
    case .failed(let program, let exitStatus): "\(program) failed with exit status \(exitStatus)"
    case .timedOut(let program): "\(program) took too long and was stopped"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}

/// For a lab: a line a code, `…NN Shunt code: XXXXXXXX`, to a file or the standard output.
///
/// The number is masked; still, whoever reads the lines can register numbers.
public struct LogCodeSender: CodeSender {
  /// Nil: standard output.
  private let path: String?

  public init(path: String? = nil) { self.path = path }

  public func send(_ text: String, to number: PhoneNumber) throws(CodeSenderError) {
    let line = Array("\(number.masked) \(text)\n".utf8)
    let file = path.map { open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600) } ?? dup(1)
    guard file >= 0 else { throw .cannotWrite(path: path ?? "standard output", reason: FileIO.lastReason()) }
    defer { close(file) }
    guard FileIO.writeAll(line, to: file) else {
      throw .cannotWrite(path: path ?? "standard output", reason: FileIO.lastReason())
    }
  }
}

/// Runs a program for each code. It reads two lines from its standard input, the number in E.164 and the text, and exits
/// with 0 when the message is on its way. Nothing of it is on the command line or in the environment, where others on the
/// machine could read it.
public struct CommandCodeSender: CodeSender {
  /// A program looked for in `PATH`, with arguments split at spaces.
  private let words: [String]
  private let timeout: Duration

  /// - Parameter command: a program, and arguments after spaces; there is no quoting.
  /// - Throws: ``RelayError/badSender(_:)`` when there is none.
  public init(command: String, timeout: Duration = .seconds(20)) throws(RelayError) {
    words = command.split(separator: " ").map(String.init)
    guard !words.isEmpty else { throw .badSender("command:\(command)") }
    self.timeout = timeout
  }

  /// Whether the program is there and may be run; said at the start, and not first to somebody who waits for a code.
  public func check() throws(RelayError) {
    let folders =
      words[0].contains("/") ? [""] : (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/" }
    guard folders.contains(where: { access("\($0)\(words[0])", X_OK) == 0 }) else {
      throw .noSenderProgram(words[0])
    }
  }

  public func send(_ text: String, to number: PhoneNumber) throws(CodeSenderError) {
    try ChildProcess.run(words, input: Array("\(number.e164)\n\(text)\n".utf8), timeout: timeout)
  }
}
