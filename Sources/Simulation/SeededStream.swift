/// Reproducible chance. Streams of one seed differ by name, so that leaving out one fault does not change what
/// the others do.
struct SeededStream: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  init(seed: UInt64, _ name: StaticString, _ index: Int = 0) {
    var hash = StableHash()
    hash.add(seed)
    name.withUTF8Buffer { for octet in $0 { hash.add(UInt64(octet)) } }
    hash.add(UInt64(bitPattern: Int64(index)))
    generator = SplitMix64(state: hash.value)
  }

  mutating func next() -> UInt64 { generator.next() }

  /// 0 ..< count, evenly enough for a simulation.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

  mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// Between two times in microseconds, short ones more often: as likely between 1 and 10 as between 10 and 100.
  mutating func span(_ shortest: Int, _ longest: Int) -> Duration {
    var high = longest
    while high / 10 > shortest, next() & 1 == 0 { high /= 10 }
    return .microseconds(within(shortest...max(shortest, high)))
  }

  /// Evenly between two times in microseconds.
  mutating func time(_ shortest: Int, _ longest: Int) -> Duration { .microseconds(within(shortest...longest)) }
}
