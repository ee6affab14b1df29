import Testing
@testable import Telephony

@Suite struct MessageTextTests {
  @Test func surrogatesCutInTwoAreHealed() throws {
    let parts = [
      (userData: try UserData(octets: hex("0041 D83D")), scheme: DataCodingScheme.ucs2),
      (userData: try UserData(octets: hex("DE00 0042")), scheme: .ucs2),
    ]
    #expect(MessageText.decode(parts) == "A😀B")
    #expect(MessageText.decode(parts[0].userData, .ucs2) == "A\u{FFFD}")
    #expect(MessageText.decode(parts[1].userData, .ucs2) == "\u{FFFD}B")
  }

  @Test func octetsCutInTwoAreHealed() throws {
    let parts = [
      (userData: try UserData(octets: hex("0041 04")), scheme: DataCodingScheme.ucs2),
      (userData: try UserData(octets: hex("1F")), scheme: .ucs2),
    ]
    #expect(MessageText.decode(parts) == "AП")
    #expect(MessageText.decode(parts[0].userData, .ucs2) == "A\u{FFFD}")
    #expect(MessageText.decode(try UserData(octets: [0x41]), .ucs2) == "\u{FFFD}")
  }

  @Test func escapesCutInTwoAreHealed() throws {
    let parts = [
      (userData: try UserData(septets: [0x41, 0x1B]), scheme: DataCodingScheme.gsm7),
      (userData: try UserData(septets: [0x65, 0x42]), scheme: .gsm7),
    ]
    #expect(MessageText.decode(parts) == "A€B")
  }

  @Test func alphabetsMayChangeBetweenParts() throws {
    let turkish = try UserDataHeader(GSMAlphabet(lockingShift: .turkish).elements)
    let parts = [
      (userData: try UserData(septets: [0x04]), scheme: DataCodingScheme.gsm7),
      (userData: try UserData(septets: [0x04], header: turkish), scheme: .gsm7),
      (userData: try UserData(octets: hex("0416")), scheme: .ucs2),
    ]
    #expect(MessageText.decode(parts) == "è€Ж")
  }

  @Test func dataIsNotText() throws {
    #expect(MessageText.decode(try UserData(octets: [0x41]), .octets) == nil)
    #expect(MessageText.decode(try UserData(octets: [0x41]), DataCodingScheme(rawValue: 0x20)) == nil)
    #expect(MessageText.decode([]) == "")
  }
}
