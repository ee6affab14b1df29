import Testing
@testable import Telephony

@Suite struct MessageComposerTests {
  private let destination = SMSAddress.sample

  private func compose(_ text: String, _ options: MessageComposer.Options = .init(), reference: UInt16 = 0x1234) throws -> [SMSSubmit] {
    let submits = try MessageComposer.submits(text: text, to: destination, reference: reference, options: options)
    for submit in submits { #expect(try SMSSubmit(decoding: submit.encoded()) == submit) }
    return submits
  }

  private func text(_ submits: [SMSSubmit]) -> String? { MessageText.decode(submits.map { ($0.userData, $0.dataCodingScheme) }) }

  @Test(arguments: [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (153 * 255, 255)])
  func septetsAreCutAt153(_ count: Int, _ parts: Int) throws {
    let long = String(repeating: "x", count: count)
    let submits = try compose(long)
    #expect(submits.count == parts)
    #expect(submits.allSatisfy { $0.dataCodingScheme == .gsm7 })
    #expect(text(submits) == long)
    if parts > 1 {
      for (index, submit) in submits.enumerated() {
        #expect(submit.concatenation == Concatenation(reference: 0x34, total: UInt8(parts), number: UInt8(index + 1), isWide: false))
      }
    } else {
      #expect(submits[0].userData.header == nil)
    }
  }

  @Test(arguments: [(70, 1), (71, 2), (134, 2), (135, 3)]) func ucs2IsCutAt67(_ count: Int, _ parts: Int) throws {
    let long = String(repeating: "ж", count: count)
    let submits = try compose(long)
    #expect(submits.count == parts)
    #expect(submits.allSatisfy { $0.dataCodingScheme == .ucs2 })
    #expect(text(submits) == long)
  }

  @Test func wideReferencesTakeAnOctetMore() throws {
    var options = MessageComposer.Options()
    options.usesWideReference = true
    let long = String(repeating: "x", count: 305)
    let submits = try compose(long, options)
    #expect(submits.map(\.userData.count) == [160, 160, 9])
    #expect(submits[2].concatenation == Concatenation(reference: 0x1234, total: 3, number: 3, isWide: true))
    #expect(text(submits) == long)
    #expect(try compose(String(repeating: "ж", count: 133), options).count == 3)
  }

  @Test func tooLongIsRefused() {
    #expect(throws: MessageComposer.Failure.tooLong) { try compose(String(repeating: "x", count: 153 * 255 + 1)) }
    #expect(throws: MessageComposer.Failure.tooLong) { try compose(String(repeating: "ж", count: 67 * 255 + 1)) }
  }

  @Test func escapedCharactersAreNotCut() throws {
    let submits = try compose(String(repeating: "x", count: 152) + "€" + String(repeating: "y", count: 20))
    #expect(submits.map(\.userData.count) == [7 + 152, 7 + 22])
    #expect(MessageText.decode(submits[1].userData, .gsm7)?.hasPrefix("€") == true)
  }

  @Test func surrogatePairsAreNotCut() throws {
    let submits = try compose(String(repeating: "ж", count: 66) + "😀" + "жжжж")
    #expect(submits.map(\.userData.count) == [6 + 132, 6 + 12])
    #expect(MessageText.decode(submits[1].userData, .ucs2) == "😀жжжж")
  }

  @Test func theReportIsAskedForOnce() throws {
    var options = MessageComposer.Options()
    options.requestsStatusReport = true
    options.validityPeriod = .relative(167)
    let submits = try compose(String(repeating: "x", count: 400), options)
    #expect(submits.map(\.requestsStatusReport) == [false, false, true])
    #expect(submits.allSatisfy { $0.validityPeriod == .relative(167) })
    #expect(try compose("x", options).map(\.requestsStatusReport) == [true])
  }

  @Test func nationalLanguagesAreUsedWhenTheySave() throws {
    var options = MessageComposer.Options()
    options.nationalLanguages = [.turkish, .portuguese]
    let turkish = String(repeating: "şeker ", count: 20)
    let submits = try compose(turkish, options)
    #expect(submits.count == 1)
    #expect(submits[0].dataCodingScheme == .gsm7)
    #expect(submits[0].userData.header?.lockingShift == .turkish)
    #expect(submits[0].userData.header?.singleShift == nil)
    #expect(text(submits) == turkish)
    // What the default alphabet has needs no table; what no table has goes as UCS-2.
    #expect(try compose("plain", options)[0].userData.header == nil)
    #expect(try compose("ş ж", options)[0].dataCodingScheme == .ucs2)
    let long = String(repeating: "çã^", count: 200)
    #expect(text(try compose(long, options)) == long)
    #expect(try compose(long, options).count < compose(long).count)
  }

  @Test func anyTextComesBack() throws {
    var generator = SeededGenerator(seed: 0x5EED_0004)
    let alphabets = [Array("abc xyz€[]{}^~|\\@£é"), Array("abcжשم漢字"), Array("a😀👍🏽🇮🇳é\u{301}ж"), Array("şğıİçãõaeiou ")]
    for _ in 0..<400 {
      let alphabet = alphabets.randomElement(using: &generator) ?? []
      let source = String((0..<Int.random(in: 0...500, using: &generator)).compactMap { _ in alphabet.randomElement(using: &generator) })
      var options = MessageComposer.Options()
      options.usesWideReference = generator.chance(50)
      options.nationalLanguages = generator.chance(50) ? [.turkish, .portuguese, .spanish] : []
      let submits = try MessageComposer.submits(text: source, to: destination, reference: 7, options: options)
      guard text(submits)?.unicodeScalars.elementsEqual(source.unicodeScalars) == true,
        submits.allSatisfy({ $0.userData.octets.count <= 140 }),
        try submits.allSatisfy({ try SMSSubmit(decoding: $0.encoded()) == $0 })
      else {
        Issue.record("\(source)")
        return
      }
    }
  }
}

extension SMSAddress {
  /// Some address.
  static let sample: SMSAddress = {
    guard let number = try? PhoneNumber(e164: "+919876543210") else { preconditionFailure("a valid number") }
    return SMSAddress(number)
  }()
}
