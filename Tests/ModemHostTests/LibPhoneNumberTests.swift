import ModemHost
import Telephony
import Testing

/// The parts of a subscriber's situation that decide.
private struct Case: Sendable, CustomTestStringConvertible {
  var dialled: String
  var home: String?
  var serving: String?
  var expected: DialledNumber

  init(_ dialled: String, _ home: String?, _ expected: DialledNumber, in serving: String? = nil) {
    self.dialled = dialled
    self.home = home
    self.serving = serving ?? home
    self.expected = expected
  }

  /// To a subscriber.
  init(_ dialled: String, _ home: String?, _ e164: String, in serving: String? = nil) throws {
    self.init(dialled, home, .international(try PhoneNumber(e164: e164)), in: serving)
  }

  var testDescription: String { "\(dialled) from \(home ?? "nowhere") in \(serving ?? "nowhere")" }
}

/// libphonenumber keeps state for the process; one test at a time.
@Suite(.serialized)
struct LibPhoneNumberTests {
  let classifier = LibPhoneNumber()

  private func check(_ cases: [Case]) {
    for one in cases {
      let found = classifier.classify(one.dialled, home: one.home, serving: one.serving)
      #expect(found == one.expected, "\(one.testDescription)")
    }
  }

  @Test func nationalNumbersAreCompletedByTheHomeCountry() throws {
    check([
      try Case("9876543210", "IN", "+919876543210"),
      try Case("09876543210", "IN", "+919876543210"),
      try Case("9876543210", "IN", "+919876543210", in: "DE"),
      try Case("07700900123", "GB", "+447700900123"),
      try Case("07700900123", "GB", "+447700900123", in: "IN"),
      try Case("02079460123", "GB", "+442079460123"),
      try Case("015123456789", "DE", "+4915123456789"),
      try Case("030901820", "DE", "+4930901820"),
      try Case("2125550123", "US", "+12125550123"),
      try Case("12125550123", "US", "+12125550123"),
      try Case("+44 7700 900123", "US", "+447700900123"),
      try Case("(212) 555-0123", "US", "+12125550123"),
    ])
  }

  @Test func internationalPrefixesAreThoseOfTheHomeCountry() throws {
    check([
      try Case("+919876543210", "GB", "+919876543210"),
      try Case("+919876543210", nil, "+919876543210"),
      try Case("00919876543210", "GB", "+919876543210"),
      try Case("00447700900123", "IN", "+447700900123"),
      try Case("004915123456789", "DE", "+4915123456789"),
      try Case("011447700900123", "US", "+447700900123"),
      // A US SIM does not know 00.
      Case("00447700900123", "US", .unroutable),
      Case("00447700900123", nil, .unroutable),
      Case("07700900123", nil, .unroutable),
      Case("07700900123", "XX", .unroutable),
    ])
  }

  @Test func emergencyNumbersOfBothCountriesCount() {
    var cases: [Case] = []
    for home in ["IN", "GB", "DE", "US", nil] {
      for number in ["112", "911", "000", "08", "110", "118", "119", "999"] {
        cases.append(Case(number, home, .emergency))
      }
    }
    cases += [
      Case("100", "IN", .emergency), Case("101", "IN", .emergency), Case("108", "IN", .emergency),
      // At home with an Indian SIM, and an Indian SIM abroad, and a foreign SIM in India.
      Case("100", "IN", .emergency, in: "DE"),
      Case("100", "DE", .emergency, in: "IN"),
      Case("100", "DE", .short),
      Case("000", "AU", .emergency), Case("111", "NZ", .emergency), Case("111", "GB", .emergency, in: "NZ"),
      Case("144", "DE", .emergency, in: "AT"), Case("144", "DE", .short),
      Case("1-1-2", "DE", .emergency),
    ]
    check(cases)
  }

  @Test func aNumberThatOnlyBeginsLikeAnEmergencyNumberIsNotOne() throws {
    check([
      try Case("9112345678", "IN", "+919112345678"),
      try Case("9992345678", "IN", "+919992345678"),
      try Case("9112345678", "US", "+19112345678"),
    ])
  }

  @Test func shortNumbersStayWithTheOperator() {
    check([
      Case("12345", "IN", .short), Case("123456", "IN", .short), Case("56767", "IN", .short),
      Case("60300", "GB", .short), Case("150", "GB", .short), Case("22000", "US", .short), Case("611", "US", .short),
      Case("80888", "DE", .short), Case("7726", "GB", .short), Case("4", "DE", .short), Case("123456", nil, .short),
      Case("116117", "DE", .short), Case("*123#", "IN", .short), Case("#31#07700900123", "GB", .short),
      Case("*100", nil, .short),
    ])
  }

  @Test func fictionalRangesStayPossible() throws {
    check([
      try Case("+447700900000", "GB", "+447700900000"),
      try Case("+447700900999", "IN", "+447700900999"),
      try Case("+12025550199", "DE", "+12025550199"),
      try Case("+919999900001", "GB", "+919999900001"),
      try Case("+4917112345678", "US", "+4917112345678"),
    ])
  }

  @Test func shortSubscriberNumbersOfSmallCountriesAreNoShortCodes() throws {
    check([
      try Case("6123456", "IS", "+3546123456"),
      try Case("91234567", "SG", "+6591234567"),
      try Case("20123456", "DK", "+4520123456"),
    ])
  }

  @Test func theRestIsUnroutable() {
    check([
      Case("", "IN", .unroutable), Case("+", "IN", .unroutable), Case("BANK", "IN", .unroutable),
      Case("VK-HDFCBK", "IN", .unroutable), Case("1800FLOWERS", "US", .unroutable), Case("+112", "DE", .unroutable),
      Case("+12345", "IN", .unroutable), Case("+999123456789", "IN", .unroutable),
      Case("5550123", "US", .unroutable),  // local: without area code
      Case("+4912345678901234567890", "DE", .unroutable), Case("98765432101234567890123456789", "IN", .unroutable),
      Case("++919876543210", "IN", .unroutable), Case("98765+43210", "IN", .unroutable),
      Case("Ünïcode", "DE", .unroutable), Case("٩٨٧٦٥٤٣٢١٠", "IN", .unroutable), Case("\u{1}", "IN", .unroutable),
    ])
  }

  @Test func anyTextIsClassified() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("0123456789+*# -()abcABC\u{0}😀")
    for _ in 0..<2000 {
      let text = String((0..<Int.random(in: 0...30, using: &generator)).map { _ in alphabet.randomElement()! })
      for home in ["IN", "US", "", "ZZ", "001", "in", nil] {
        let first = classifier.classify(text, home: home, serving: "DE")
        #expect(first == classifier.classify(text, home: home, serving: "DE"), "\(text)")
      }
    }
  }
}
