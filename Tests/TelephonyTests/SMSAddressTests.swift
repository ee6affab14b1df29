import Testing
@testable import Telephony

@Suite struct SMSAddressTests {
  private func decode(_ octets: String) throws -> SMSAddress {
    var reader = OctetReader(hex(octets))
    let address = try SMSAddress(from: &reader)
    try reader.end()
    return address
  }

  @Test func oddCountsAreFilled() throws {
    let address = SMSAddress(try number("+46708251358"))
    #expect(address.octets == hex("0B 91 64 07 28 15 53 F8"))
    let decoded = try decode("0B 91 64 07 28 15 53 F8")
    #expect(decoded == address)
    #expect(decoded.phoneNumber == (try number("+46708251358")))
    #expect(decoded.displayText == "+46708251358")
    #expect(decoded.typeOfNumber == .international)
    #expect(decoded.numberingPlan == .telephone)
  }

  @Test func nationalAndShortNumbersHaveNoPlus() throws {
    let short = try SMSAddress(dialled: "112")
    #expect(short.octets == hex("03 81 11 F2"))
    #expect(short.dialString == "112")
    #expect(short.phoneNumber == nil)
    let national = try SMSAddress(digits: "9876543210", typeOfNumber: .national)
    #expect(national.octets == hex("0A A1 89 67 45 23 01"))
    #expect(try SMSAddress(dialled: "+919876543210").phoneNumber == (try number("+919876543210")))
  }

  @Test func starHashAndLettersAreDigits() throws {
    let address = try SMSAddress(dialled: "*#21#abC")
    #expect(address.octets == hex("08 81 BA 12 CB ED"))
    #expect(address.dialString == "*#21#abc")
  }

  @Test func namesAreSeptets() throws {
    // Ten characters: 70 bits, 18 semi-octets.
    let address = try SMSAddress(alphanumeric: "hellohello")
    #expect(address.octets == hex("12 D0 E8 32 9B FD 46 97 D9 EC 37"))
    #expect(try decode("12 D0 E8 32 9B FD 46 97 D9 EC 37").displayText == "hellohello")
    #expect(address.digits == nil)
    #expect(address.phoneNumber == nil)
    for count in 0...11 {
      let name = String("Ärger@Café!".prefix(count))
      #expect(try SMSAddress(alphanumeric: name).alphanumericText == name)
    }
    #expect(throws: TPDUError.tooLong(.address)) { try SMSAddress(alphanumeric: "twelve chars") }
    #expect(throws: TPDUError.malformed(.address)) { try SMSAddress(alphanumeric: "Привет") }
  }

  @Test func everyTypeAndPlanKeepsItsOctets() throws {
    for type in UInt8.min...UInt8.max {
      let octets = hex("05 00 21 43 F5").replacing(at: 1, with: type)
      var reader = OctetReader(octets)
      #expect(try SMSAddress(from: &reader).octets == octets)
    }
  }

  @Test func strangeFillersAreKept() throws {
    let address = try decode("05 91 21 43 05")
    #expect(address.octets == hex("05 91 21 43 05"))
    #expect(address.digits == "12345")
    #expect(try decode("06 91 21 F3 65").digits == nil)
    #expect(try decode("06 91 21 F3 65").displayText == "")
  }

  @Test func boundsAreChecked() throws {
    #expect(throws: TPDUError.truncated(.address)) { try decode("") }
    #expect(throws: TPDUError.truncated(.address)) { try decode("05") }
    #expect(throws: TPDUError.truncated(.address)) { try decode("05 91 21 43") }
    #expect(throws: TPDUError.tooLong(.address)) { try decode("15 91 21 43 65 87 09 21 43 65 87 09 21") }
    #expect(throws: TPDUError.tooLong(.address)) { try SMSAddress(dialled: "123456789012345678901") }
    #expect(throws: TPDUError.malformed(.address)) { try SMSAddress(dialled: "0176-1234") }
    #expect(try decode("00 91").dialString == "+")
    #expect(try decode("00 91").phoneNumber == nil)
  }

  @Test func serviceCentresCountOctets() throws {
    let raw = try RawPDU(decoding: hex("07 91 72 83 01 00 10 F5 04 0B"))
    #expect(raw.serviceCentre.dialString == "+27381000015")
    #expect(raw.serviceCentre == SMSCAddress(try number("+27381000015")))
    #expect(raw.tpdu == hex("04 0B"))
    #expect(raw.encoded() == hex("07 91 72 83 01 00 10 F5 04 0B"))
    let none = try RawPDU(decoding: hex("00 11"))
    #expect(none.serviceCentre == .default)
    #expect(none.serviceCentre.dialString == nil)
    #expect(throws: TPDUError.truncated(.serviceCentreAddress)) { try RawPDU(decoding: []) }
    #expect(throws: TPDUError.truncated(.serviceCentreAddress)) { try RawPDU(decoding: hex("07 91 72")) }
    #expect(throws: TPDUError.tooLong(.serviceCentreAddress)) { try RawPDU(decoding: [12] + [UInt8](repeating: 0x11, count: 12)) }
  }
}

extension [UInt8] {
  func replacing(at index: Int, with octet: UInt8) -> [UInt8] {
    var copy = self
    copy[index] = octet
    return copy
  }
}
