import Testing
@testable import Telephony

@Suite struct PhoneNumberTests {
  @Test func takesInternationalForm() throws {
    let number = try PhoneNumber(e164: "+919876543210")
    #expect(number.e164 == "+919876543210")
    #expect(number.digits == "919876543210")
    #expect(number.masked == "…10")
  }

  @Test(arguments: [
    ("919876543210", PhoneNumberError.missingPlus), ("", .missingPlus), ("+", .digitCount(0)), ("+123456", .digitCount(6)),
    ("+1234567890123456", .digitCount(16)), ("+0123456789", .leadingZero), ("+12 34567890", .notADigit), ("+١٢٣٤٥٦٧", .notADigit),
  ])
  func refusesAnythingElse(_ text: String, _ error: PhoneNumberError) {
    #expect(throws: error) { try PhoneNumber(e164: text) }
  }

  @Test(arguments: ["+1234567", "+123456789012345"]) func takesTheShortestAndTheLongest(_ text: String) throws {
    #expect(try PhoneNumber(e164: text).e164 == text)
  }

  @Test func masksAllButTwoDigits() {
    #expect(PhoneNumber.masked("112") == "…12")
    #expect(PhoneNumber.masked("12") == "…")
    #expect(PhoneNumber.masked("") == "…")
  }

  @Test func personalDataIsNotPrinted() throws {
    let secret = "9876543210"
    let number = try PhoneNumber(e164: "+91" + secret)
    let submit = try SMSSubmit(
      destinationAddress: SMSAddress(number), dataCodingScheme: .gsm7,
      userData: UserData(septets: septets(secret), header: UserDataHeader([InformationElement(.replyAddress, data: Array(secret.utf8))])))
    let identities: [Any] = [
      number, SMSAddress(number), SMSCAddress(number), RawPDU(tpdu: Array(secret.utf8)), try IMSI(digits: "98765" + secret),
      try ICCID(digits: "8991" + secret), try IMEI(digits: "98765" + secret), submit, TPDU.submit(submit),
      try SMSAddress(alphanumeric: secret), DialledNumber.international(number),
    ]
    for identity in identities {
      var dumped = ""
      dump(identity, to: &dumped)
      for text in ["\(identity)", String(reflecting: identity), dumped] {
        #expect(!text.contains("98765"), "\(type(of: identity))")
        #expect(!text.contains("57"), "\(type(of: identity)) shows octets")
      }
    }
  }
}
