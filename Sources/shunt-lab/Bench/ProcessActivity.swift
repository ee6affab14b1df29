internal import Glibc

/// What a process has done since it started, all threads together.
struct ProcessActivity {
  /// How often a thread went to sleep to wait for something, and so was woken up.
  var wakeUps = 0
  /// Nanoseconds on a processor.
  var processorTime = 0

  /// - Returns: nil when the process is gone.
  init?(of processID: pid_t) {
    guard let directory = opendir("/proc/\(processID)/task") else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard Int(name) != nil else { continue }
      let thread = "/proc/\(processID)/task/\(name)"
      for line in Self.text("\(thread)/status").split(separator: "\n") where line.hasPrefix("voluntary_ctxt_switches:") {
        wakeUps += line.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) } ?? 0
      }
      processorTime += Self.text("\(thread)/schedstat").split(separator: " ").first.flatMap { Int($0) } ?? 0
    }
  }

  /// What has come since `earlier`.
  func since(_ earlier: ProcessActivity) -> ProcessActivity {
    var difference = self
    difference.wakeUps -= earlier.wakeUps
    difference.processorTime -= earlier.processorTime
    return difference
  }

  private static func text(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var octets = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&octets, 1, octets.count, file)
    return String(decoding: octets.prefix(count), as: UTF8.self)
  }
}
