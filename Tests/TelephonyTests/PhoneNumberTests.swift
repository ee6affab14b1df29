import Testing
@testable import Telephony

@Suite struct PhoneNumberTests {
  @Test func takesInternationalForm() throws {
    let number = try PhoneNumber(e164: "+919876543210")
    #expect(number.e164 == "+919876543210")
    #expect(number.digits == "919876543210")
    #expect(number.masked == "…10")
  }
}
