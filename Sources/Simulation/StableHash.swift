/// A hash that is the same in every process, unlike `Hasher` (FNV-1a over 64-bit words).
struct StableHash: Sendable, Equatable {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ word: UInt64) {
    var word = word
    for _ in 0..<8 {
      value = (value ^ (word & 0xFF)) &* 0x0000_0100_0000_01B3
      word >>= 8
    }
  }

  mutating func add(_ text: String) {
    for octet in text.utf8 { value = (value ^ UInt64(octet)) &* 0x0000_0100_0000_01B3 }
  }
}
