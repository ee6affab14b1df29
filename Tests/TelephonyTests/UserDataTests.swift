import Testing
@testable import Telephony

@Suite struct UserDataTests {
  private func decode(_ octets: String, _ unit: UserData.Unit, header: Bool = true) throws -> UserData {
    var reader = OctetReader(hex(octets))
    let userData = try UserData(from: &reader, unit: unit, hasHeader: header)
    try reader.end()
    return userData
  }

  @Test func countsAreBounded() throws {
    #expect(try UserData(septets: [UInt8](repeating: 0x41, count: 160)).octets.count == 140)
    #expect(throws: TPDUError.tooLong(.userData)) { try UserData(septets: [UInt8](repeating: 0x41, count: 161)) }
    #expect(try UserData(octets: [UInt8](repeating: 0x41, count: 140)).count == 140)
    #expect(throws: TPDUError.tooLong(.userData)) { try UserData(octets: [UInt8](repeating: 0x41, count: 141)) }
    #expect(throws: TPDUError.tooLong(.userData)) { try decode("A1", .septets, header: false) }
    #expect(throws: TPDUError.tooLong(.userData)) { try decode("8D", .octets, header: false) }
    #expect(throws: TPDUError.truncated(.userData)) { try decode("03 41 42", .octets, header: false) }
    #expect(throws: TPDUError.truncated(.userDataLength)) { try decode("", .octets) }
    #expect(UserData.empty(.septets).content == .septets([]))
  }

  @Test func headersFillTheirCountExactly() throws {
    #expect(throws: TPDUError.truncated(.userDataHeader)) { try decode("00", .octets) }
    #expect(throws: TPDUError.truncated(.userDataHeader)) { try decode("03 05 00 03", .octets) }
    #expect(throws: TPDUError.truncated(.userDataHeader)) { try decode("04 03 00 03 01", .octets) }
    #expect(throws: TPDUError.truncated(.userDataHeader)) { try decode("02 01 00", .octets) }
    #expect(try decode("01 00", .octets).header?.elements.isEmpty == true)
    #expect(try decode("01 00", .octets).encoded == hex("01 00"))
    // Six octets of header and their fill bit are seven septets.
    #expect(throws: TPDUError.malformed(.userDataHeader)) { try decode("06 05 0003CC0201", .septets) }
    #expect(try decode("07 05 0003CC0201 00", .septets).content == .septets([]))
  }

  @Test func fillBitsAndSpareBitsAreKept() throws {
    #expect(try decode("07 05 0003CC0201 01", .septets).encoded == hex("07 05 0003CC0201 01"))
    #expect(try decode("08 05 0003CC0201 83", .septets).content == .septets([0x41]))
    #expect(try decode("08 05 0003CC0201 83", .septets).encoded == hex("08 05 0003CC0201 83"))
    #expect(try decode("01 C1", .septets, header: false).encoded == hex("01 C1"))
    #expect(try decode("01 C1", .septets, header: false).content == .septets([0x41]))
  }

  @Test func theLastValidConcatenationCounts() throws {
    func concatenation(_ elements: String) throws -> Concatenation? {
      let octets = hex(elements)
      return try UserDataHeader(decoding: [UInt8(octets.count)] + octets).concatenation
    }
    #expect(try concatenation("0003010201 0003020202") == Concatenation(reference: 2, total: 2, number: 2, isWide: false))
    #expect(try concatenation("0003010201 080401020202") == Concatenation(reference: 0x0102, total: 2, number: 2, isWide: true))
    // Part 0, part beyond the total, no parts, wrong counts: ignored.
    for invalid in ["0003010200", "0003010203", "0003010000", "00020102", "000401020100", "0803010201", "24 01 01"] {
      #expect(try concatenation(invalid) == nil, "\(invalid)")
      #expect(try concatenation("0003070201" + invalid)?.reference == 7, "\(invalid)")
    }
    #expect(Concatenation(reference: 256, total: 2, number: 1, isWide: false) == nil)
    #expect(Concatenation(reference: 256, total: 2, number: 1, isWide: true)?.element.data == [1, 0, 2, 1])
  }

  @Test func languagesComeFromTheHeader() throws {
    let header = try UserDataHeader(decoding: hex("09 24 01 02 24 01 06 25 01 0D"))
    #expect(header.singleShift == .hindi)
    #expect(header.lockingShift == .urdu)
    #expect(GSMAlphabet(header) == GSMAlphabet(lockingShift: .urdu, singleShift: .hindi))
    let unknown = try UserDataHeader(decoding: hex("07 24 01 0E 25 02 01 01"))
    #expect(unknown.singleShift == nil && unknown.lockingShift == nil)
    #expect(GSMAlphabet(unknown) == .standard)
  }

  @Test func capacitiesAreThoseOfThePrinted() throws {
    let narrow = try UserDataHeader([#require(Concatenation(reference: 1, total: 2, number: 1, isWide: false)).element])
    let wide = try UserDataHeader([#require(Concatenation(reference: 1, total: 2, number: 1, isWide: true)).element])
    #expect(UserData.capacity(.septets, header: nil) == 160)
    #expect(UserData.capacity(.septets, header: narrow) == 153)
    #expect(UserData.capacity(.septets, header: wide) == 152)
    #expect(UserData.capacity(.octets, header: narrow) == 134)
    #expect(UserData.capacity(.octets, header: wide) == 133)
  }

  @Test func elementsAreBounded() throws {
    #expect(try InformationElement(.hyperlink, data: [UInt8](repeating: 0, count: 137)).data.count == 137)
    #expect(throws: TPDUError.tooLong(.userDataHeader)) { try InformationElement(.hyperlink, data: [UInt8](repeating: 0, count: 138)) }
    let element = try InformationElement(.hyperlink, data: [UInt8](repeating: 0, count: 68))
    #expect(throws: TPDUError.tooLong(.userDataHeader)) { try UserDataHeader([element, element]) }
  }

  @Test func aMessageAndItsCodingMustAgree() throws {
    let address = try SMSAddress(dialled: "112")
    #expect(throws: TPDUError.malformed(.userData)) {
      try SMSSubmit(destinationAddress: address, dataCodingScheme: .ucs2, userData: .empty(.septets))
    }
    #expect(throws: TPDUError.malformed(.userData)) {
      try SMSDeliver(
        originatingAddress: address, dataCodingScheme: .gsm7,
        serviceCentreTimestamp: ServiceCentreTimestamp(WallTime(millisecondsSince1970: 0)), userData: .empty(.octets))
    }
  }
}
