internal import Glibc

/// Lines for people and scripts; written at once, whole.
enum Output {
  static func line(_ text: String) {
    write(text + "\n", to: STDOUT_FILENO)
  }

  /// Something to know about, which does not end the program.
  static func notice(_ text: String) {
    write("shunt-lab: " + text + "\n", to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

/// Why a command cannot go on, as the one line that is shown.
struct LabError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) {
    self.description = description
  }
}
