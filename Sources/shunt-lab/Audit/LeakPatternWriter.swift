internal import Crypto
internal import Telephony

/// Writes one secret in the usual encodings.
struct LeakPatternWriter {
  let secret: Int
  private(set) var patterns: [LeakPattern] = []
  private(set) var leftOutCount = 0

  init(secret: Int) { self.secret = secret }

  private mutating func add(
    _ octets: [UInt8], _ encoding: String, atLeast minimum: Int, firstMask: UInt8 = 0xFF, lastMask: UInt8 = 0xFF
  ) {
    guard octets.count >= minimum else {
      leftOutCount += 1
      return
    }
    patterns.append(
      LeakPattern(octets: octets, firstMask: firstMask, lastMask: lastMask, secret: secret, encoding: encoding))
  }

  // MARK: Digits

  /// - Parameter form: what the encodings' names begin with.
  mutating func addDigits(_ digits: String, _ form: String = "") {
    let ascii = Array(digits.utf8)
    let nibbles = ascii.map { $0 - 0x30 }
    add(ascii, form + "ASCII", atLeast: LeakPattern.minimumCharacterCount)
    addUTF16(ascii.map(UInt16.init), form)
    add(Self.hexadecimal(ascii), form + "hexadecimal of ASCII", atLeast: LeakPattern.minimumHexadecimalCount)
    addBase64(of: ascii, form + "ASCII")
    // Hexadecimal of the high nibble first is the digits themselves.
    for start in 0...1 {
      let pairs = stride(from: start, to: nibbles.count - 1, by: 2).flatMap { [ascii[$0 + 1], ascii[$0]] }
      add(pairs, form + "hexadecimal of BCD, low nibble first", atLeast: LeakPattern.minimumHexadecimalCount)
    }
    for isLowFirst in [true, false] {
      for start in 0...1 { addBCD(nibbles, start: start, isLowFirst: isLowFirst, form) }
    }
    if let value = UInt64(digits) { addInteger(value, form) }
  }

  /// - Parameter start: 1 when the first digit shares its octet with what stands before. A filler or a next digit may share the last one.
  private mutating func addBCD(_ nibbles: [UInt8], start: Int, isLowFirst: Bool, _ form: String) {
    var octets: [UInt8] = []
    var firstMask: UInt8 = 0xFF
    var lastMask: UInt8 = 0xFF
    let (firstShift, secondShift): (UInt8, UInt8) = isLowFirst ? (0, 4) : (4, 0)
    var index = 0
    if start == 1 {
      octets.append(nibbles[0] << secondShift)
      firstMask = 0x0F << secondShift
      index = 1
    }
    while index < nibbles.count {
      var octet = nibbles[index] << firstShift
      if index + 1 < nibbles.count {
        octet |= nibbles[index + 1] << secondShift
      } else {
        lastMask = 0x0F << firstShift
      }
      octets.append(octet)
      index += 2
    }
    let encoding = form + "BCD, \(isLowFirst ? "low" : "high") nibble first"
    add(octets, encoding, atLeast: LeakPattern.minimumOctetCount, firstMask: firstMask, lastMask: lastMask)
    let whole = octets.dropFirst(firstMask == 0xFF ? 0 : 1).dropLast(lastMask == 0xFF ? 0 : 1)
    addBase64(of: Array(whole), encoding)
  }

  /// As fields of eight octets, and as protobuf's varint.
  private mutating func addInteger(_ value: UInt64, _ form: String) {
    add(withUnsafeBytes(of: value.littleEndian) { Array($0) }, form + "integer, little-endian", atLeast: 8)
    add(withUnsafeBytes(of: value.bigEndian) { Array($0) }, form + "integer, big-endian", atLeast: 8)
    var varint: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      varint.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    varint.append(UInt8(rest))
    add(varint, form + "varint", atLeast: LeakPattern.minimumOctetCount)
  }

  // MARK: Hashes

  /// Of the usual functions, unsalted. The first octets are looked for, so that a hash that was cut counts, too.
  mutating func addHashes(of spellings: [String]) {
    for spelling in Set(spellings).sorted() {
      let octets = Array(spelling.utf8)
      let hashes: [(String, [UInt8])] = [
        ("MD5", Array(Insecure.MD5.hash(data: octets))), ("SHA-1", Array(Insecure.SHA1.hash(data: octets))),
        ("SHA-256", Array(SHA256.hash(data: octets))), ("SHA-384", Array(SHA384.hash(data: octets))),
        ("SHA-512", Array(SHA512.hash(data: octets))),
      ]
      for (name, hash) in hashes {
        let first = Array(hash.prefix(8))
        add(first, name, atLeast: 8)
        addHexadecimal(of: first, name)
        addBase64(of: first, name)
      }
    }
  }

  // MARK: Text

  /// A text of more characters is looked for in pieces of as many as ``pieceCount``: it may have been cut, or partly overwritten.
  static let wholeTextCount = 24
  static let pieceCount = 16

  mutating func addText(_ text: String) {
    let characters = Array(text)
    if characters.count <= Self.wholeTextCount {
      addPiece(text)
    } else {
      var starts = Array(stride(from: 0, through: characters.count - Self.pieceCount, by: Self.pieceCount))
      if let last = starts.last, last + Self.pieceCount < characters.count { starts.append(characters.count - Self.pieceCount) }
      for start in starts { addPiece(String(characters[start..<start + Self.pieceCount]), "piece of the text, ") }
    }
    addHashes(of: [text])
  }

  private mutating func addPiece(_ text: String, _ form: String = "") {
    let utf8 = Array(text.utf8)
    add(utf8, form + "UTF-8", atLeast: LeakPattern.minimumCharacterCount)
    addHexadecimal(of: utf8, form + "UTF-8")
    addBase64(of: utf8, form + "UTF-8")
    addPercent(utf8, form)
    addUTF16(Array(text.utf16), form)
    let bigEndian = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    addHexadecimal(of: bigEndian, form + "UCS-2")
    addBase64(of: bigEndian, form + "UCS-2")
    guard let septets = GSMAlphabet.standard.encode(text) else { return }
    add(septets, form + "GSM 7-bit, unpacked", atLeast: LeakPattern.minimumCharacterCount)
    for bit in 0..<8 {
      let packed = Self.pack(septets, startingAtBit: bit)
      add(packed, form + "GSM 7-bit, packed", atLeast: LeakPattern.minimumOctetCount)
      addHexadecimal(of: packed, form + "GSM 7-bit, packed")
      addBase64(of: packed, form + "GSM 7-bit, packed")
    }
  }

  /// The octets that belong to the septets alone, when the first septet begins at a bit of its octet.
  private static func pack(_ septets: [UInt8], startingAtBit bit: Int) -> [UInt8] {
    var octets: [UInt8] = []
    var buffer: UInt16 = 0
    var count = bit
    for septet in septets {
      buffer |= UInt16(septet) << UInt16(count)
      count += 7
      if count >= 8 {
        octets.append(UInt8(truncatingIfNeeded: buffer))
        buffer >>= 8
        count -= 8
      }
    }
    return bit == 0 ? octets : Array(octets.dropFirst())
  }

  /// As in URLs and forms, when that differs.
  private mutating func addPercent(_ octets: [UInt8], _ form: String) {
    func isUnreserved(_ octet: UInt8) -> Bool {
      switch octet {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
      default: false
      }
    }
    guard !octets.allSatisfy(isUnreserved) else { return }
    for space in [Array("%20".utf8), Array("+".utf8)] {
      let encoded = octets.flatMap { octet -> [UInt8] in
        if octet == 0x20 { return space }
        return isUnreserved(octet) ? [octet] : Array("%".utf8) + Self.hexadecimal([octet], isUpper: true)
      }
      add(encoded, form + "percent-encoded", atLeast: LeakPattern.minimumCharacterCount)
    }
  }

  // MARK: Forms of octets

  private mutating func addUTF16(_ units: [UInt16], _ form: String) {
    add(units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, form + "UTF-16, little-endian", atLeast: 2 * LeakPattern.minimumCharacterCount)
    add(units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, form + "UTF-16, big-endian", atLeast: 2 * LeakPattern.minimumCharacterCount)
  }

  private mutating func addHexadecimal(of octets: [UInt8], _ encoding: String) {
    for isUpper in [false, true] {
      add(
        Self.hexadecimal(octets, isUpper: isUpper), "hexadecimal of \(encoding)",
        atLeast: LeakPattern.minimumHexadecimalCount)
    }
  }

  private static func hexadecimal(_ octets: [UInt8], isUpper: Bool = false) -> [UInt8] {
    let digits = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
    return octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0F)]] }
  }

  /// In both alphabets, wherever in a group of three octets it begins; only the characters that depend on nothing beside it.
  private mutating func addBase64(of octets: [UInt8], _ encoding: String) {
    for skipped in 0..<3 {
      for (name, specials) in [("base64", "+/"), ("base64url", "-_")] {
        add(
          Self.base64(octets, skipped: skipped, specials: specials), "\(name) of \(encoding)",
          atLeast: LeakPattern.minimumCharacterCount)
      }
    }
  }

  private static func base64(_ octets: [UInt8], skipped: Int, specials: String) -> [UInt8] {
    let alphabet = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + specials).utf8)
    let start = skipped * 8
    let end = start + octets.count * 8
    func bit(_ index: Int) -> Int { Int(octets[(index - start) / 8] >> UInt8(7 - index % 8)) & 1 }
    return stride(from: (start + 5) / 6 * 6, through: end - 6, by: 6).map { first in
      alphabet[(0..<6).reduce(0) { $0 << 1 | bit(first + $1) }]
    }
  }
}
