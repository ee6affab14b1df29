internal import Glibc

/// A process's memory, in octets.
struct MemoryUse {
  /// Pages that no other process has (USS).
  var `private` = 0
  /// All pages in memory.
  var resident = 0

  /// - Returns: nil when the process is gone.
  init?(of processID: pid_t) {
    guard let file = fopen("/proc/\(processID)/smaps_rollup", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        .split(separator: " ", omittingEmptySubsequences: true)
      guard words.count >= 2, let kibibytes = Int(words[1]) else { continue }
      switch words[0] {
      case "Rss:": resident = kibibytes << 10
      case "Private_Clean:", "Private_Dirty:", "Private_Hugetlb:": `private` += kibibytes << 10
      default: break
      }
    }
  }

  static func mebibytes(_ octets: Int) -> String {
    let tenths = (octets * 10 + (1 << 19)) >> 20
    return "\(tenths / 10).\(tenths % 10) MiB"
  }

  var description: String { "USS \(Self.mebibytes(`private`)), RSS \(Self.mebibytes(resident))" }
}
