/// CRC-32 (ISO 3309, as in Ethernet and zip): tells files that the disk has damaged. No protection against anybody.
enum Checksum {
  static func crc32(_ octets: [UInt8]) -> UInt32 {
    var remainder: UInt32 = .max
    for octet in octets {
      remainder ^= UInt32(octet)
      for _ in 0..<8 {
        let carry = remainder & 1
        remainder >>= 1
        if carry == 1 { remainder ^= 0xEDB8_8320 }
      }
    }
    return ~remainder
  }
}
