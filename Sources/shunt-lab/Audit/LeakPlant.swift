/// Shows that a search can fail: every pattern is planted in octets like those searched, and has to be found.
struct LeakPlant {
  private let matcher: LeakMatcher
  private var found: Set<Int> = []

  init(_ matcher: LeakMatcher) { self.matcher = matcher }

  var plantedCount: Int { matcher.patterns.count }
  var foundCount: Int { found.count }

  mutating func found(_ pattern: Int) { found.insert(pattern) }

  /// What stands between patterns comes from the octets that are searched.
  static let gap = 3

  /// The sample with all patterns in it, one after the other.
  func octets(in sample: [UInt8]) -> [UInt8] {
    var octets = sample
    for (index, pattern) in matcher.patterns.enumerated() {
      octets += pattern.example
      for step in 0..<Self.gap { octets.append(sample.isEmpty ? 0xAA : sample[(index * Self.gap + step) % sample.count]) }
    }
    return octets
  }

  /// Searches the sample with the patterns as files and memory are searched: in pieces, so small that most patterns are cut.
  mutating func search(planted sample: [UInt8]) {
    let octets = octets(in: sample)
    var scan = LeakScan(matcher)
    var found: Set<Int> = []
    for start in stride(from: 0, to: octets.count, by: Self.pieceCount) {
      octets[start..<min(start + Self.pieceCount, octets.count)].withUnsafeBytes { piece in
        scan.append(piece) { pattern, _ in found.insert(pattern) }
      }
    }
    self.found.formUnion(found)
  }

  private static let pieceCount = 251
}
