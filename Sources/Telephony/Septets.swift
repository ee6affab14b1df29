/// Packing of 7-bit characters into octets (3GPP TS 23.038 §6.1.2.1): the first bits in the low end.
enum Septets {
  /// Bits to skip after a header of so many bits, so that text starts on a septet boundary (TS 23.040 §9.2.3.24).
  static func fillBitCount(afterBits count: Int) -> Int { (7 - count % 7) % 7 }

  /// How many septets a header takes, its fill bits included.
  static func count(forHeaderOctets count: Int) -> Int { (count * 8 + 6) / 7 }

  /// How many octets hold so many septets.
  static func octetCount(_ septetCount: Int) -> Int { (septetCount * 7 + 7) / 8 }

  /// Packs septets (high bit ignored) after 0…7 zero bits that complete what stands before.
  static func pack(_ septets: [UInt8], precededByBits fill: Int) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity((septets.count * 7 + fill + 7) / 8)
    var buffer: UInt16 = 0
    var bitCount = fill
    for septet in septets {
      buffer |= UInt16(septet & 0x7F) << UInt16(bitCount)
      bitCount += 7
      while bitCount >= 8 {
        octets.append(UInt8(truncatingIfNeeded: buffer))
        buffer >>= 8
        bitCount -= 8
      }
    }
    if bitCount > 0 { octets.append(UInt8(truncatingIfNeeded: buffer)) }
    return octets
  }

  /// Reads `count` septets after skipping bits. Stops early when the octets end.
  static func unpack(_ octets: [UInt8], skippingBits start: Int, count: Int) -> [UInt8] {
    var septets: [UInt8] = []
    septets.reserveCapacity(max(count, 0))
    var bit = start
    while septets.count < count, bit + 7 <= octets.count * 8 {
      let index = bit / 8
      let high = index + 1 < octets.count ? UInt16(octets[index + 1]) << 8 : 0
      septets.append(UInt8(truncatingIfNeeded: (UInt16(octets[index]) | high) >> UInt16(bit % 8)) & 0x7F)
      bit += 7
    }
    return septets
  }
}
