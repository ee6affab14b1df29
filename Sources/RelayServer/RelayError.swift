/// Why the relay cannot start, in one line for a person.
public enum RelayError: Error, Equatable, Sendable {
  /// The directory, and what to do about it.
  case noRelay(directory: String)
  case alreadyThere(path: String)
  case cannotRead(path: String, reason: String)
  case cannotWrite(path: String, reason: String)
  /// A private file that others may read.
  case exposed(path: String)
  case invalid(path: String, reason: String)
  /// Two number-token keys are there, as many as a relay serves at a time.
  case alreadyRotating(directory: String)
  /// One number-token key is there only.
  case notRotating(directory: String)
  case badHost(String)
  case badSender(String)
  case noSenderProgram(String)
  /// So many registrations would lapse.
  case notMoved(count: Int)
  case cannotListen(address: String, port: Int, reason: String)
}

extension RelayError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noRelay(let directory): "no relay in \(directory): run `shunt-relay init \(directory)` first"
    case .alreadyThere(let path): "\(path) is there already: nothing was changed"
    case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
    case .exposed(let path): "\(path) holds secrets and others may read it: run `chmod 600 \(path)`"
    case .invalid(let path, let reason): "\(path): \(reason)"
    case .alreadyRotating(let directory):
      "two number-token keys are there already: run `shunt-relay rotate \(directory) --finish` to drop the older one first"
    case .notRotating(let directory):
      "there is only one number-token key: run `shunt-relay rotate \(directory)` to add another"
    case .badHost(let host): "'\(host)' is neither a host name nor an IP address"
    case .notMoved(let count):
      "\(count) registrations have not moved to the newer key, and would lapse; their devices move them when they connect (--lapse drops the old key anyway)"
    case .noSenderProgram(let program): "the code sender \(program) is not there or can't be run"
    case .badSender(let text): "'\(text)' is not a code sender: expected log or command:PROGRAM"
    case .cannotListen(let address, let port, let reason): "cannot listen on \(address) port \(port): \(reason)"
    }
  }
}
