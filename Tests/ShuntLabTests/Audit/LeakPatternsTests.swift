import Testing

@testable import shunt_lab

/// What forms of a secret are looked for: the octets here are written down, not made by the code under test.
@Suite struct LeakPatternsTests {
  private static let secrets = """
    imei/alice 356938035643809
    imsi/alice 234150999900101
    iccid/alice 8944110068256270054
    own-number/alice +447700900101 07700900101
    contact-number/carol +447700900103
    text/first See you at seven
    """

  private func labels(found octets: [UInt8]) throws -> Set<String> {
    let secrets = try LeakSecret.list(Self.secrets)
    let matcher = LeakMatcher(LeakPatterns(secrets))
    var found: Set<String> = []
    octets.withUnsafeBytes { octets in
      matcher.scan(octets) { pattern, _ in found.insert(secrets[matcher.patterns[pattern].secret].label) }
    }
    return found
  }

  private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
  private static func littleEndian(_ text: String) -> [UInt8] { text.utf8.flatMap { [$0, 0] } }
  private static func bigEndian(_ text: String) -> [UInt8] { text.utf8.flatMap { [0, $0] } }

  private static let forms: [(label: String, octets: [UInt8])] = [
    // IMEI: ASCII, with another check digit, UTF-16 of both orders
    ("imei/alice", ascii("IMEI=356938035643809;")),
    ("imei/alice", ascii("3569380356438017")),
    ("imei/alice", littleEndian("356938035643809")),
    ("imei/alice", bigEndian("356938035643809")),
    // BCD as in a mobile identity, low nibble first behind the first digit and its type; as in DMS, high nibble first
    ("imei/alice", [0x3A, 0x65, 0x39, 0x08, 0x53, 0x46, 0x83, 0x90]),
    ("imei/alice", [0x53, 0x96, 0x83, 0x30, 0x65, 0x34, 0x08, 0xF9]),
    ("imei/alice", [0x35, 0x69, 0x38, 0x03, 0x56, 0x43, 0x80, 0x9F]),
    ("imei/alice", [0xF3, 0x56, 0x93, 0x80, 0x35, 0x64, 0x38, 0x09]),
    // EF_IMSI, EF_ICCID
    ("imsi/alice", [0x08, 0x29, 0x43, 0x51, 0x90, 0x99, 0x09, 0x10, 0x10]),
    ("iccid/alice", [0x98, 0x44, 0x11, 0x00, 0x86, 0x52, 0x26, 0x07, 0x50, 0xF4]),
    // A number: international, national, as an SMS address, after another digit, as integers
    ("own-number/alice", ascii("tel:+447700900101")),
    ("own-number/alice", ascii("00447700900101")),
    ("own-number/alice", ascii("(07700900101)")),
    ("own-number/alice", [0x0C, 0x91, 0x44, 0x77, 0x00, 0x09, 0x10, 0x10]),
    ("own-number/alice", [0x0B, 0x81, 0x70, 0x07, 0x90, 0x00, 0x01, 0xF1]),
    ("own-number/alice", [0x05, 0x99, 0x0D, 0x3D, 0x68, 0, 0, 0]),
    ("own-number/alice", [0, 0, 0, 0x68, 0x3D, 0x0D, 0x99, 0x05]),
    ("own-number/alice", [0x85, 0xB2, 0xB6, 0xE8, 0x83, 0x0D]),
    // hexadecimal of an SMS address in a PDU, of ASCII
    ("own-number/alice", ascii("0C91447700091010")),
    ("own-number/alice", ascii("2B343437373030393030313031")),
    // base64 of "+447700900101", of "x+447700900101", of "xx+447700900101"
    ("own-number/alice", ascii("KzQ0NzcwMDkwMDEwMQ==")),
    ("own-number/alice", ascii("eCs0NDc3MDA5MDAxMDE=")),
    ("own-number/alice", ascii("eHgrNDQ3NzAwOTAwMTAx")),
    // base64 of the SMS address
    ("own-number/alice", ascii("DJFEdwAJEBA=")),
    ("contact-number/carol", [0x44, 0x77, 0x00, 0x90, 0x01, 0x03]),
    // SHA-256 of "+447700900103", SHA-1 of "447700900103", MD5 of "00447700900103"
    ("contact-number/carol", [0x52, 0x2A, 0xE9, 0x38, 0xC5, 0x82, 0x75, 0x66, 0xDC, 0x4F]),
    ("contact-number/carol", ascii("562220fb5025949e7c82")),
    ("contact-number/carol", ascii("F64598060228FE334A9D78B7799993C4")),
    // The text: UTF-8, UCS-2, percent-encoded, GSM 7-bit from an octet's beginning
    ("text/first", ascii("\"See you at seven\"")),
    ("text/first", bigEndian("See you at seven")),
    ("text/first", ascii("body=See+you+at+seven&")),
    ("text/first", [0xD3, 0x72, 0x19, 0x94, 0x7F, 0xD7, 0x41, 0x61, 0x3A, 0x68, 0x5E, 0xB6, 0x97, 0xDD]),
  ]

  @Test(arguments: forms.indices)
  func isFound(index: Int) throws {
    let (label, octets) = Self.forms[index]
    #expect(try labels(found: [0xC3, 0x99] + octets + [0xC3, 0x99]).contains(label))
  }

  @Test func packedTextsAreFoundAtEveryBit() throws {
    // The same septets behind 0 to 7 others: each time they begin at another bit.
    for count in 0...7 {
      let text = String(repeating: "@", count: count) + "See you at seven" + "@@"
      #expect(try labels(found: packed(text)) == ["text/first"], "behind \(count)")
    }
  }

  @Test func whatIsNotSecretIsNotFound() throws {
    let octets = (0..<200_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    #expect(try labels(found: octets).isEmpty)
    #expect(try labels(found: Array("+447700900102 356938035643 See you at eight 8944110068256270".utf8)).isEmpty)
  }

  @Test func longTextsAreLookedForInPieces() throws {
    let secrets = try LeakSecret.list("text A text of so many words that it is not sent in one part, maybe")
    let matcher = LeakMatcher(LeakPatterns(secrets))
    for cut in ["A text of so many wor", "t is not sent in one part", "t in one part, maybe"] {
      var count = 0
      Array(cut.utf8).withUnsafeBytes { matcher.scan($0) { _, _ in count += 1 } }
      #expect(count > 0, "\(cut)")
    }
  }

  @Test func shortFormsAreLeftOut() throws {
    let patterns = LeakPatterns(try LeakSecret.list("text Hi\ncontact-number +12345678 345678"))
    #expect(patterns.leftOutCount > 0)
    #expect(patterns.patterns.allSatisfy { $0.octets.count >= LeakPattern.minimumOctetCount })
    #expect(!patterns.patterns.contains { $0.octets == Array("345678".utf8) || $0.octets == Array("Hi".utf8) })
  }

  // MARK: The list of secrets

  @Test func secretsAreRead() throws {
    let secrets = try LeakSecret.list("# a comment\n\n" + Self.secrets)
    #expect(secrets.map(\.label) == [
      "imei/alice", "imsi/alice", "iccid/alice", "own-number/alice", "contact-number/carol", "text/first",
    ])
    #expect(secrets[3].national == "07700900101" && secrets[4].national == nil)
    #expect("\(secrets[3]) \(String(reflecting: secrets[3]))" == "own-number/alice own-number/alice")
  }

  @Test(arguments: [
    ("", 1), ("imei 35693803564380X", 1), ("text a\npassport 12345678901234", 2), ("own-number 447700900101", 1),
    ("contact-number +447700900101 x", 1), ("imei", 1), ("own-number +44 7700 900101", 1),
  ])
  func badListsAreRefusedByLine(text: String, line: Int) {
    let error = #expect(throws: LeakSecretsError.self) { try LeakSecret.list(text) }
    #expect(error?.line == line)
    #expect(error.map { "\($0)".contains("7700") || "\($0)".contains("3569") } == false)
  }

  /// 3GPP TS 23.038 §6.1.2.1, by bits.
  private func packed(_ text: String) -> [UInt8] {
    var octets: [UInt8] = []
    for (index, scalar) in text.unicodeScalars.enumerated() {
      // In the alphabet of SMS, @ is 0; the other characters here have their ASCII codes.
      let code = scalar == "@" ? 0 : scalar.value
      for bit in 0..<7 {
        let position = index * 7 + bit
        if position % 8 == 0 { octets.append(0) }
        if code >> UInt32(bit) & 1 == 1 { octets[position / 8] |= 1 << UInt8(position % 8) }
      }
    }
    return octets
  }
}
