internal import Glibc

/// Keeps a measurement on one processor.
enum BenchProcessor {
  /// Pins this process, and those it starts from now on, to the processor it runs on. Waking a process on a sleeping
  /// processor costs more than all that is measured, and which process gets which processor is chance.
  static func pin() {
    let processor = Int(sched_getcpu())
    guard processor >= 0 else { return }
    var set = cpu_set_t()
    let isSet = withUnsafeMutableBytes(of: &set) { octets in
      guard processor / 8 < octets.count else { return false }
      octets[processor / 8] |= 1 << UInt8(processor % 8)
      return true
    }
    if isSet { _ = sched_setaffinity(0, MemoryLayout<cpu_set_t>.size, &set) }
  }
}
