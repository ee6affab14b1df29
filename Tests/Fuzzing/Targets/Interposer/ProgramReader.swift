/// Takes a program's octets one after the other. Behind its end all are zero.
struct ProgramReader {
  private let octets: [UInt8]
  private var position = 0

  init(_ octets: [UInt8]) {
    self.octets = octets
  }

  var isAtEnd: Bool { position >= octets.count }

  mutating func octet() -> UInt8 {
    guard position < octets.count else { return 0 }
    defer { position += 1 }
    return octets[position]
  }

  mutating func flag() -> Bool { octet() & 1 == 1 }

  /// - Parameter count: 1…256.
  mutating func number(below count: Int) -> Int { Int(octet()) % count }

  mutating func element<Element>(of elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[number(below: elements.count)]
  }

  /// So many octets, or those that are left.
  mutating func octets(_ count: Int) -> [UInt8] {
    let end = min(octets.count, position + count)
    defer { position = end }
    return Array(octets[position..<end])
  }
}
