import Testing
@testable import Telephony

@Suite struct GSMAlphabetTests {
  static let all: [GSMAlphabet] = ([nil] + NationalLanguage.allCases).flatMap { locking in
    ([nil] + NationalLanguage.allCases).map { GSMAlphabet(lockingShift: locking, singleShift: $0) }
  }

  @Test func theDefaultAlphabetIsComplete() {
    let text =
      "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
    let codes = (UInt8(0)...127).filter { $0 != GSMAlphabet.escape }
    #expect(GSMAlphabet.standard.decode(codes).unicodeScalars.elementsEqual(text.unicodeScalars))
    #expect(GSMAlphabet.standard.encode("\u{0D}\n@à") == [0x0D, 0x0A, 0x00, 0x7F])
  }

  @Test func theExtensionTableNeedsTheEscape() {
    #expect(GSMAlphabet.standard.encode("^{}\\[~]|€\u{0C}") == hex("1B14 1B28 1B29 1B2F 1B3C 1B3D 1B3E 1B40 1B65 1B0A"))
    #expect(GSMAlphabet.standard.decode(hex("1B14 1B28 1B29 1B2F 1B3C 1B3D 1B3E 1B40 1B65 1B0A")) == "^{}\\[~]|€\u{0C}")
  }

  @Test func unknownEscapesFallBackToTheMainTable() {
    #expect(GSMAlphabet.standard.decode(hex("1B 41 1B 1B 41 1B")) == "A A ")
    #expect(GSMAlphabet(singleShift: .turkish).decode(hex("1B 41")) == "A")
    #expect(GSMAlphabet(lockingShift: .turkish).decode(hex("1B 04")) == "€")
  }

  @Test func holesInATableAreReplaced() {
    #expect(GSMAlphabet(lockingShift: .kannada).decode([0x00, 0x01]) == "\u{FFFD}\u{0C82}")
  }

  @Test func spanishHasNoLockingTable() {
    #expect(GSMAlphabet(lockingShift: .spanish) == .standard)
  }

  /// Some entries of every national table.
  @Test(arguments: [
    (NationalLanguage.turkish, "04:20AC 07:0131 0B:011E 0C:011F 1C:015E 1D:015F 40:0130 60:00E7", "47:011E 49:0130 53:015E 63:00E7 65:20AC 67:011F 69:0131 73:015F"),
    (.spanish, "", "09:00E7 41:00C1 49:00CD 4F:00D3 55:00DA 61:00E1 69:00ED 6F:00F3 75:00FA 65:20AC"),
    (.portuguese, "04:00EA 06:00FA 07:00ED 08:00F3 09:00E7 0B:00D4 0C:00F4 0E:00C1 0F:00E1 12:00AA 13:00C7 14:00C0 15:221E 16:005E 17:005C 18:20AC 19:00D3 1A:007C 1C:00C2 1D:00E2 1E:00CA 24:00BA 40:00CD 5B:00C3 5C:00D5 5D:00DA 60:007E 7B:00E3 7C:00F5 7D:0060",
      "05:00EA 09:00E7 0B:00D4 0C:00F4 0E:00C1 0F:00E1 12:03A6 13:0393 15:03A9 16:03A0 17:03A8 18:03A3 19:0398 1F:00CA 41:00C0 49:00CD 4F:00D3 55:00DA 5B:00C3 5C:00D5 61:00C2 69:00ED 6F:00F3 75:00FA 7B:00E3 7C:00F5 7F:00E2"),
    (.bengali, "00:0981 03:0985 0B:098C 0F:098F 28:0029 29:0028 2C:002C 2F:09A8 3D:09AA 5F:09CD 60:09CE 7B:09D7 7F:09F1", "01:00A3 19:09E6 1F:09EB 24:09DF 2F:005C 34:09FA 65:20AC"),
    (.gujarati, "00:0A81 0D:000D 11:0A91 2F:0AA8 47:0AB3 5F:0ACD 60:0AD0 7F:0AF1", "19:0964 1A:0965 1C:0AE6 25:0AEF"),
    (.hindi, "00:0901 0E:090E 3C:0929 5F:094D 60:0950 7B:0972 7E:097E 7F:097F", "1C:0966 26:0951 2C:0958 30:095B 3A:0971"),
    (.kannada, "01:0C82 24:0CA1 3D:0CAA 5F:0CCD 60:0CD5 7F:0CE3", "1C:0CE6 26:0CDE 27:0CF1 2A:0CF2"),
    (.malayalam, "01:0D02 60:0D57 7F:0D79", "1C:0D66 26:0D70 2E:0D7A 34:0D7F"),
    (.oriya, "00:0B01 47:0B33 4E:0B3C 60:0B56 7F:0B63", "1C:0B66 26:0B5C 2A:0B5F 2C:0B71"),
    (.punjabi, "00:0A01 47:0A33 60:0A51 7F:0A74", "1C:0A66 23:0A6D 26:0A59 2D:0A75"),
    (.tamil, "01:0B82 3C:0BA9 60:0BD0 7F:0BF9", "1C:0BE6 24:0BEE 26:0BF3 2E:0BFA"),
    (.telugu, "00:0C01 60:0C55 7B:0C56 7F:0C63", "1C:0C66 22:0C6C 23:0C6D 26:0C58 32:0C7F"),
    (.urdu, "00:0627 01:0622 06:06A6 0D:000D 1C:068C 2F:0698 3C:069A 60:0654 7B:0655 7F:0670", "19:0600 1C:06F0 26:060C 3B:06CD 3F:06D4 65:20AC"),
  ])
  func nationalTablesHold(_ language: NationalLanguage, _ main: String, _ shift: String) {
    func entries(_ text: String) -> [(code: UInt8, scalar: UInt32)] {
      text.split(separator: " ").map { entry in
        let fields = entry.split(separator: ":")
        return (UInt8(fields[0], radix: 16) ?? 0xFF, UInt32(fields[1], radix: 16) ?? 0)
      }
    }
    for entry in entries(main) {
      #expect(GSMTables.scalar(entry.code, lockingShift: language)?.value == entry.scalar, "main \(entry.code)")
    }
    for entry in entries(shift) {
      #expect(GSMTables.scalar(entry.code, singleShift: language)?.value == entry.scalar, "shift \(entry.code)")
    }
  }

  @Test func tablesAreWellFormed() {
    for language in [nil] + NationalLanguage.allCases {
      #expect(GSMTables.scalar(GSMAlphabet.escape, lockingShift: language) == nil)
      #expect(GSMTables.scalar(GSMAlphabet.escape, singleShift: language) == nil)
      #expect(GSMTables.scalar(0x0A, lockingShift: language) == "\n")
      #expect(GSMTables.scalar(0x0A, singleShift: language) == "\u{0C}")
      #expect(GSMTables.scalar(0x0D, lockingShift: language) == "\r")
      #expect(GSMTables.scalar(0x20, lockingShift: language) == " ")
      #expect(GSMTables.scalar(0x65, singleShift: language) == "€")
      for code in UInt8(0x30)...0x39 { #expect(GSMTables.scalar(code, lockingShift: language)?.value == UInt32(code)) }
      for code in UInt8(0x61)...0x7A { #expect(GSMTables.scalar(code, lockingShift: language)?.value == UInt32(code)) }
      let main = (UInt8(0)...127).compactMap { GSMTables.scalar($0, lockingShift: language) }
      #expect(Set(main).count == main.count, "a character twice in \(String(describing: language))")
      #expect(main.count >= 100)
    }
  }

  @Test func everyCharacterOfEveryAlphabetGoesBothWays() {
    for alphabet in Self.all {
      for code in UInt8(0)...127 {
        for codes in [[code], [GSMAlphabet.escape, code]] where code != GSMAlphabet.escape {
          let text = alphabet.decode(codes)
          guard text != "\u{FFFD}" else { continue }
          guard let encoded = alphabet.encode(text), alphabet.decode(encoded).unicodeScalars.elementsEqual(text.unicodeScalars) else {
            Issue.record("\(alphabet) \(codes)")
            return
          }
        }
      }
    }
  }

  @Test func whatTheAlphabetLacksIsNotEncoded() {
    for text in ["ç", "Ж", "漢", "😀", "e\u{301}", "\u{0}", "\u{1B}", "`"] { #expect(GSMAlphabet.standard.encode(text) == nil) }
    #expect(GSMAlphabet(singleShift: .spanish).encode("ç") == [0x1B, 0x09])
  }

  @Test func packingKnownAnswers() {
    #expect(Septets.pack(septets("hellohello"), precededByBits: 0) == hex("E8329BFD4697D9EC37"))
    #expect(Septets.unpack(hex("E8329BFD4697D9EC37"), skippingBits: 0, count: 10) == septets("hellohello"))
    #expect(Septets.pack([0x41], precededByBits: 1) == [0x82])
    #expect(Septets.pack([], precededByBits: 0) == [])
    // Eight septets are seven octets exactly.
    #expect(Septets.pack([UInt8](repeating: 0x7F, count: 8), precededByBits: 0) == [UInt8](repeating: 0xFF, count: 7))
  }

  @Test func packingGoesBothWays() {
    var generator = SeededGenerator(seed: 0x5EED_0003)
    for _ in 0..<20_000 {
      let fill = Int.random(in: 0...6, using: &generator)
      let septets = generator.octets(0...160).map { $0 & 0x7F }
      let octets = Septets.pack(septets, precededByBits: fill)
      guard octets.count == (septets.count * 7 + fill + 7) / 8,
        Septets.unpack(octets, skippingBits: fill, count: septets.count) == septets
      else {
        Issue.record("fill \(fill), \(septets)")
        return
      }
    }
  }

  @Test func unpackingStopsWhereOctetsEnd() {
    #expect(Septets.unpack([0xFF], skippingBits: 0, count: 50) == [0x7F])
    #expect(Septets.unpack([], skippingBits: 3, count: 50) == [])
    #expect(Septets.unpack([0xFF, 0xFF], skippingBits: 99, count: 2) == [])
  }
}
