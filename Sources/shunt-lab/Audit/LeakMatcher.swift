/// Finds many patterns at once: four octets of each, its anchor, are in a table; at every position the four octets there are looked up, and
/// only where they are some pattern's the pattern is compared.
struct LeakMatcher {
  let patterns: [LeakPattern]
  let longestOctetCount: Int
  private var anchors: [UInt32: [Anchored]] = [:]
  /// A bit for each hash of an anchor: small enough to stay in a processor's cache.
  private var filter = [UInt64](repeating: 0, count: 1 << (Self.filterBits - 6))

  private static let filterBits = 20
  private static let anchorOctetCount = 4

  private struct Anchored {
    let pattern: Int
    /// Where in the pattern the anchor is.
    let offset: Int
  }

  init(_ patterns: LeakPatterns) {
    self.patterns = patterns.patterns
    longestOctetCount = patterns.longestOctetCount
    for (index, pattern) in self.patterns.enumerated() {
      let offset = Self.anchorOffset(of: pattern)
      let anchor = pattern.octets.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
      anchors[anchor, default: []].append(Anchored(pattern: index, offset: offset))
      let hash = Self.hash(anchor)
      filter[Int(hash >> 6)] |= 1 << UInt64(hash & 63)
    }
  }

  /// The place with the most different octets: zeros are everywhere. An anchor of zeros alone is never chosen, because no pattern has
  /// four octets and no other.
  private static func anchorOffset(of pattern: LeakPattern) -> Int {
    let first = pattern.firstMask == 0xFF ? 0 : 1
    let last = pattern.octets.count - (pattern.lastMask == 0xFF ? 0 : 1) - anchorOctetCount
    var best = first
    var bestScore = -1
    for offset in first...max(first, last) {
      let score = Set(pattern.octets[offset..<offset + anchorOctetCount].filter { $0 != 0 }).count
      if score > bestScore { (best, bestScore) = (offset, score) }
    }
    return best
  }

  @inline(__always)
  private static func hash(_ anchor: UInt32) -> UInt32 { (anchor &* 0x9E37_79B1) >> UInt32(32 - filterBits) }

  /// Calls `found` with the pattern's index and the position of each that lies whole in the octets.
  func scan(_ octets: UnsafeRawBufferPointer, found: (Int, Int) -> Void) {
    guard let base = octets.baseAddress else { return }
    let end = octets.count - Self.anchorOctetCount
    filter.withUnsafeBufferPointer { filter in
      guard let filter = filter.baseAddress else { return }
      var index = 0
      while index <= end {
        if index <= end - 4, base.loadUnaligned(fromByteOffset: index, as: UInt64.self) == 0 {
          // No anchor is within these eight octets.
          index += 5
          continue
        }
        let here = base.loadUnaligned(fromByteOffset: index, as: UInt32.self)
        let hash = (here &* 0x9E37_79B1) >> UInt32(32 - Self.filterBits)
        if filter[Int(hash >> 6)] & (1 << UInt64(hash & 63)) != 0, let candidates = anchors[here] {
          for candidate in candidates where matches(candidate, at: index - candidate.offset, octets) {
            found(candidate.pattern, index - candidate.offset)
          }
        }
        index += 1
      }
    }
  }

  private func matches(_ candidate: Anchored, at start: Int, _ octets: UnsafeRawBufferPointer) -> Bool {
    let pattern = patterns[candidate.pattern]
    let count = pattern.octets.count
    guard start >= 0, start + count <= octets.count else { return false }
    guard (octets[start] ^ pattern.octets[0]) & pattern.firstMask == 0,
      (octets[start + count - 1] ^ pattern.octets[count - 1]) & pattern.lastMask == 0
    else { return false }
    for index in 1..<count - 1 where octets[start + index] != pattern.octets[index] { return false }
    return true
  }
}

/// Searches one stream that comes in pieces. What lies across two pieces is found.
struct LeakScan {
  private let matcher: LeakMatcher
  /// The last octets before what comes next.
  private var tail: [UInt8] = []
  private(set) var octetCount = 0

  init(_ matcher: LeakMatcher) { self.matcher = matcher }

  mutating func append(_ octets: UnsafeRawBufferPointer, found: (_ pattern: Int, _ offset: Int) -> Void) {
    let overlap = max(matcher.longestOctetCount - 1, 0)
    let tailCount = tail.count
    let start = octetCount
    if tailCount > 0, !octets.isEmpty {
      let seam = tail + octets.prefix(overlap)
      seam.withUnsafeBytes { seam in
        matcher.scan(seam) { pattern, offset in
          let end = offset + matcher.patterns[pattern].octets.count
          if offset < tailCount, end > tailCount { found(pattern, start - tailCount + offset) }
        }
      }
    }
    matcher.scan(octets) { found($0, start + $1) }
    octetCount += octets.count
    tail = octets.count >= overlap ? Array(octets.suffix(overlap)) : Array((tail + octets).suffix(overlap))
  }

  /// What comes next does not follow on what came before; offsets go on.
  mutating func interrupt() { tail = [] }
}
