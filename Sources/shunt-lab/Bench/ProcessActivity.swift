internal import Glibc

/// What the threads of a process have done since they began.
struct ProcessActivity {
  struct ThreadActivity {
    /// How often it went to sleep to wait for something, and so was woken up.
    var wakeUps = 0
    /// Nanoseconds on a processor.
    var processorTime = 0
  }

  var threads: [Int: ThreadActivity] = [:]

  var wakeUps: Int { threads.values.reduce(0) { $0 + $1.wakeUps } }
  var processorTime: Int { threads.values.reduce(0) { $0 + $1.processorTime } }

  init(threads: [Int: ThreadActivity]) { self.threads = threads }

  /// - Returns: nil when the process is gone.
  init?(of processID: pid_t) {
    guard let directory = opendir("/proc/\(processID)/task") else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let id = Int(name) else { continue }
      var thread = ThreadActivity()
      for line in Self.text("/proc/\(processID)/task/\(name)/status").split(separator: "\n")
      where line.hasPrefix("voluntary_ctxt_switches:") {
        thread.wakeUps = line.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0
      }
      let times = Self.text("/proc/\(processID)/task/\(name)/schedstat").split(separator: " ")
      thread.processorTime = times.first.flatMap { Int($0) } ?? 0
      threads[id] = thread
    }
  }

  /// What has come since `earlier`. Threads that have ended meanwhile are none of it: nobody tells what they did.
  func since(_ earlier: ProcessActivity) -> ProcessActivity {
    ProcessActivity(
      threads: threads.reduce(into: [:]) { difference, thread in
        let before = earlier.threads[thread.key] ?? ThreadActivity()
        difference[thread.key] = ThreadActivity(
          wakeUps: thread.value.wakeUps - before.wakeUps, processorTime: thread.value.processorTime - before.processorTime)
      })
  }

  private static func text(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var octets = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&octets, 1, octets.count, file)
    return String(decoding: octets.prefix(count), as: UTF8.self)
  }
}
