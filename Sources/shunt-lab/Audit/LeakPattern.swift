/// One form of a secret, as octets. Of the first and the last octet only some bits may count, where what stands beside the secret shares
/// the octet.
struct LeakPattern {
  let octets: [UInt8]
  var firstMask: UInt8 = 0xFF
  var lastMask: UInt8 = 0xFF
  /// Its place in the list of secrets.
  let secret: Int
  /// How the secret is written: `BCD, low nibble first`.
  let encoding: String

  /// The octets as they might be found, the bits that do not count set.
  var example: [UInt8] {
    var example = octets
    example[0] |= ~firstMask
    example[example.count - 1] |= ~lastMask
    return example
  }

  /// Patterns of fewer octets would be found by chance: with 5 (40 bits) and 300 MB of random octets, one in 4,000 searches finds one that is
  /// not there.
  static let minimumOctetCount = 5
  /// The same for text: of digits, hexadecimal digits and the like there is more than of random octets.
  static let minimumCharacterCount = 7
  static let minimumHexadecimalCount = 10
}

/// All forms of some secrets.
struct LeakPatterns {
  private(set) var patterns: [LeakPattern] = []
  /// Forms that are too short to be looked for.
  private(set) var leftOutCount = 0

  private struct Key: Hashable {
    let octets: [UInt8]
    let masks: [UInt8]
    let secret: Int
  }
  private var known: Set<Key> = []

  init(_ secrets: [LeakSecret]) {
    for (index, secret) in secrets.enumerated() {
      var writer = LeakPatternWriter(secret: index)
      switch secret.kind {
      case .text, .code: writer.addText(secret.value)
      case .imei:
        // The fifteenth digit is a check digit or, with a sixteenth, the software version.
        writer.addDigits(String(secret.value.prefix(14)))
        writer.addHashes(of: [secret.value, String(secret.value.prefix(14))])
      case .iccid:
        let unchecked = secret.value.count > 18 ? String(secret.value.dropLast()) : secret.value
        writer.addDigits(unchecked)
        writer.addHashes(of: [secret.value, unchecked])
      case .imsi:
        writer.addDigits(secret.value)
        writer.addHashes(of: [secret.value])
      case .ownNumber, .contactNumber:
        let international = String(secret.value.dropFirst())
        writer.addDigits(international)
        var spellings = [secret.value, international, "00" + international]
        if let national = secret.national {
          let significant = String(national.drop { $0 == "0" })
          writer.addDigits(significant, "national ")
          spellings += [significant, "0" + significant, national]
        }
        writer.addHashes(of: spellings)
      }
      for pattern in writer.patterns {
        let key = Key(octets: pattern.octets, masks: [pattern.firstMask, pattern.lastMask], secret: index)
        if known.insert(key).inserted { patterns.append(pattern) }
      }
      leftOutCount += writer.leftOutCount
    }
    known = []
  }

  var longestOctetCount: Int { patterns.map(\.octets.count).max() ?? 0 }
}
