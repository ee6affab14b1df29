/// The content of a message in pieces that may not be cut: characters with their escape, surrogate pairs, or single octets.
struct MessageAtoms {
  let unit: UserData.Unit
  private let atoms: [ArraySlice<UInt8>]

  /// Nil when the alphabet lacks a character.
  init?(_ text: String, in alphabet: GSMAlphabet) {
    guard let septets = alphabet.encode(text) else { return nil }
    self.init(septets: septets)
  }

  init(ucs2 text: String) { self.init(ucs2: UCS2.encode(text)) }

  /// Characters of a 7-bit alphabet, one an element.
  init(septets: [UInt8]) {
    unit = .septets
    atoms = Self.cut(septets) { $0 == GSMAlphabet.escape ? 2 : 1 }
  }

  /// UCS-2 with the high octet first.
  init(ucs2 octets: [UInt8]) {
    unit = .octets
    atoms = Self.cut(octets) { $0 & 0xFC == 0xD8 ? 4 : 2 }
  }

  /// 8-bit data.
  init(data octets: [UInt8]) {
    unit = .octets
    atoms = Self.cut(octets) { _ in 1 }
  }

  private static func cut(_ content: [UInt8], _ count: (UInt8) -> Int) -> [ArraySlice<UInt8>] {
    var atoms: [ArraySlice<UInt8>] = []
    var start = 0
    while start < content.count {
      let end = min(start + count(content[start]), content.count)
      atoms.append(content[start..<end])
      start = end
    }
    return atoms
  }

  /// One field when everything fits, otherwise 2…255 concatenated ones; nil when those are too few. `elements` go into each.
  func userData(elements: [InformationElement], reference: UInt16, isWide: Bool) -> [UserData]? {
    do {
      let plain = elements.isEmpty ? nil : try UserDataHeader(elements)
      if atoms.reduce(0, { $0 + $1.count }) <= UserData.capacity(unit, header: plain) {
        return [try userData(Array(atoms.joined()), plain)]
      }
      let reference = isWide ? reference : reference & 0xFF
      func header(_ number: Int, of total: Int) throws(TPDUError) -> UserDataHeader {
        guard let total = UInt8(exactly: total), let number = UInt8(exactly: number),
          let place = Concatenation(reference: reference, total: total, number: number, isWide: isWide)
        else { throw .tooLong(.userData) }
        return try UserDataHeader([place.element] + elements)
      }
      let bodies = fill(UserData.capacity(unit, header: try header(1, of: 2)))
      return try bodies.enumerated().map { try userData($1, header($0 + 1, of: bodies.count)) }
    } catch {
      return nil
    }
  }

  private func userData(_ body: [UInt8], _ header: UserDataHeader?) throws(TPDUError) -> UserData {
    switch unit {
    case .septets: try UserData(septets: body, header: header)
    case .octets: try UserData(octets: body, header: header)
    }
  }

  private func fill(_ capacity: Int) -> [[UInt8]] {
    var bodies: [[UInt8]] = []
    var body: [UInt8] = []
    for atom in atoms {
      if body.count + atom.count > capacity {
        bodies.append(body)
        body = []
      }
      body += atom
    }
    bodies.append(body)
    return bodies
  }
}
