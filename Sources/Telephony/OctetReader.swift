/// Reads octets from the front. Bounds check and advance are one call, so nothing is read that is not there.
struct OctetReader {
  private let octets: [UInt8]
  private var position = 0

  init(_ octets: [UInt8]) { self.octets = octets }

  var remainingCount: Int { octets.count - position }

  mutating func octet(_ field: TPDUField) throws(TPDUError) -> UInt8 {
    guard position < octets.count else { throw .truncated(field) }
    defer { position += 1 }
    return octets[position]
  }

  mutating func octets(_ count: Int, _ field: TPDUField) throws(TPDUError) -> [UInt8] {
    guard count >= 0, count <= remainingCount else { throw .truncated(field) }
    defer { position += count }
    return Array(octets[position..<(position + count)])
  }

  mutating func rest() -> [UInt8] {
    defer { position = octets.count }
    return Array(octets[position...])
  }

  func end() throws(TPDUError) {
    guard remainingCount == 0 else { throw .trailingOctets(remainingCount) }
  }
}
