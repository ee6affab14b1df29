/// UCS-2 as messages use it: 16-bit units, high octet first, surrogate pairs for what lies beyond the basic plane.
enum UCS2 {
  static func decode(_ octets: [UInt8]) -> String {
    let units = stride(from: 0, to: octets.count - 1, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
    // Repairs unpaired surrogates.
    let text = String(decoding: units, as: UTF16.self)
    return octets.count.isMultiple(of: 2) ? text : text + "\u{FFFD}"
  }

  static func encode(_ text: String) -> [UInt8] {
    text.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
  }
}
