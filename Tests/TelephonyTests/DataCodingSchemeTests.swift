import Testing
@testable import Telephony

@Suite struct DataCodingSchemeTests {
  struct Case: Sendable {
    let octet: UInt8
    let alphabet: DataCodingScheme.Alphabet
    let group: DataCodingScheme.Group
    var messageClass: DataCodingScheme.MessageClass?
    var isCompressed = false
    var isReserved = false
  }

  @Test(arguments: [
    Case(octet: 0x00, alphabet: .gsm7, group: .general),
    Case(octet: 0x01, alphabet: .gsm7, group: .general),
    Case(octet: 0x04, alphabet: .octets, group: .general),
    Case(octet: 0x08, alphabet: .ucs2, group: .general),
    Case(octet: 0x0C, alphabet: .gsm7, group: .general, isReserved: true),
    Case(octet: 0x10, alphabet: .gsm7, group: .general, messageClass: .flash),
    Case(octet: 0x12, alphabet: .gsm7, group: .general, messageClass: .sim),
    Case(octet: 0x1B, alphabet: .ucs2, group: .general, messageClass: .terminal),
    Case(octet: 0x20, alphabet: .gsm7, group: .general, isCompressed: true),
    Case(octet: 0x28, alphabet: .ucs2, group: .general, isCompressed: true),
    Case(octet: 0x44, alphabet: .octets, group: .automaticDeletion),
    Case(octet: 0x80, alphabet: .gsm7, group: .reserved, isReserved: true),
    Case(octet: 0xBF, alphabet: .gsm7, group: .reserved, isReserved: true),
    Case(octet: 0xC8, alphabet: .gsm7, group: .messageWaitingDiscard),
    Case(octet: 0xD8, alphabet: .gsm7, group: .messageWaitingStore),
    Case(octet: 0xE0, alphabet: .ucs2, group: .messageWaitingStoreUCS2),
    Case(octet: 0xE4, alphabet: .ucs2, group: .messageWaitingStoreUCS2, isReserved: true),
    Case(octet: 0xF0, alphabet: .gsm7, group: .codingAndClass, messageClass: .flash),
    Case(octet: 0xF6, alphabet: .octets, group: .codingAndClass, messageClass: .sim),
    Case(octet: 0xF8, alphabet: .gsm7, group: .codingAndClass, messageClass: .flash, isReserved: true),
  ])
  func octetsMeanWhatTheSpecificationSays(_ example: Case) {
    let scheme = DataCodingScheme(rawValue: example.octet)
    #expect(scheme.alphabet == example.alphabet)
    #expect(scheme.group == example.group)
    #expect(scheme.messageClass == example.messageClass)
    #expect(scheme.isCompressed == example.isCompressed)
    #expect(scheme.isReserved == example.isReserved)
    #expect(scheme.userDataUnit == (example.alphabet == .gsm7 && !example.isCompressed ? .septets : .octets))
  }

  @Test func specialMessagesAreRecognised() throws {
    func handling(
      _ scheme: DataCodingScheme = .gsm7, _ protocolIdentifier: ProtocolIdentifier = .shortMessage,
      _ elements: [InformationElement] = [], replyPath: Bool = false
    ) throws -> SpecialHandling? {
      let header = elements.isEmpty ? nil : try UserDataHeader(elements)
      let userData = scheme.userDataUnit == .septets ? try UserData(septets: [], header: header) : try UserData(octets: [], header: header)
      return try SMSSubmit(
        destinationAddress: SMSAddress(dialled: "+4670825135"), protocolIdentifier: protocolIdentifier, dataCodingScheme: scheme,
        hasReplyPath: replyPath, userData: userData
      ).specialHandling
    }
    #expect(try handling() == nil)
    #expect(try handling(.ucs2) == nil)
    #expect(try handling(DataCodingScheme(rawValue: 0x10)) == .messageClass(.flash))
    #expect(try handling(DataCodingScheme(rawValue: 0xF5)) == .messageClass(.equipment))
    #expect(try handling(DataCodingScheme(rawValue: 0xC8)) == .messageWaiting)
    #expect(try handling(DataCodingScheme(rawValue: 0x48)) == .automaticDeletion)
    #expect(try handling(.gsm7, ProtocolIdentifier(rawValue: 0x41)) == .replaceType)
    #expect(try handling(.gsm7, .simDataDownload) == .simDataDownload)
    #expect(try handling(.gsm7, .type0) == .otherProtocol(.type0))
    #expect(try handling(.gsm7, ProtocolIdentifier(rawValue: 0x32)) == .otherProtocol(ProtocolIdentifier(rawValue: 0x32)))
    #expect(try handling(replyPath: true) == .replyPath)
    let place = try #require(Concatenation(reference: 1, total: 2, number: 1, isWide: false))
    #expect(try handling(.gsm7, .shortMessage, [place.element]) == nil)
    #expect(try handling(.octets, .shortMessage, [place.element, InformationElement(.ports16, data: hex("0B84 23F0"))]) == .portAddressed)
    #expect(try handling(.gsm7, .shortMessage, [InformationElement(.init(rawValue: 0x70), data: [])]) == .simDataDownload)
    #expect(try handling(.gsm7, .shortMessage, [InformationElement(.init(rawValue: 0x0A), data: [0, 1, 2])]) == nil)
    #expect(try handling(.gsm7, .shortMessage, [InformationElement(.emailHeader, data: [1])]) == .otherElement(.emailHeader))
  }
}
