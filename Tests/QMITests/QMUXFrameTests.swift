import QMI
import Testing

@Suite struct QMUXFrameTests {
  /// CTL Allocate CID for WMS, transaction 7, as libqmi writes it.
  static let allocate: [UInt8] = [
    0x01, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x22, 0x00, 0x04, 0x00, 0x01, 0x01, 0x00, 0x05,
  ]
  /// WMS Event Report indication to client 2: a message in NV at index 4, mode 3GPP.
  static let eventReport: [UInt8] = [
    0x01, 0x18, 0x00, 0x80, 0x05, 0x02, 0x04, 0x34, 0x12, 0x01, 0x00, 0x0C, 0x00,
    0x10, 0x05, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x12, 0x01, 0x00, 0x01,
  ]

  @Test func readsAControlHeader() throws {
    let frame = try QMUXFrame(Self.allocate)
    #expect(frame.isControl)
    #expect(frame.service == .control)
    #expect(frame.clientID == .control)
    #expect(frame.kind == .request)
    #expect(frame.transaction == 7)
    #expect(frame.controlTransactionID == 7)
    #expect(frame.serviceTransactionID == nil)
    #expect(frame.messageID == CTL.ID.allocateClientID)
    #expect(frame.octets == Self.allocate)
  }

  @Test func readsAServiceHeader() throws {
    let frame = try QMUXFrame(Self.eventReport)
    #expect(!frame.isControl)
    #expect(frame.service == .wms)
    #expect(frame.clientID == 2)
    #expect(frame.kind == .indication)
    #expect(frame.transaction == 0x1234)
    #expect(frame.serviceTransactionID == 0x1234)
    #expect(frame.controlTransactionID == nil)
    #expect(frame.messageID == WMS.ID.eventReport)
  }

  @Test(arguments: [
    (UInt8(0x00), UInt8(0x00), QMUXFrame.Kind.request), (0x00, 0x01, .response), (0x00, 0x02, .indication),
    (0x00, 0x03, .response), (0x05, 0x00, .request), (0x05, 0x01, .request), (0x05, 0x02, .response),
    (0x05, 0x04, .indication), (0x05, 0x06, .response),
  ])
  func kindComesFromTheServiceSpecificFlags(service: UInt8, flags: UInt8, kind: QMUXFrame.Kind) throws {
    let octets = SeededGenerator.frameOctets(service: service, flags: flags, message: 0x20, tlvs: [])
    #expect(try QMUXFrame(octets).kind == kind)
  }

  @Test func transactionIsRewrittenInPlace() throws {
    var control = try QMUXFrame(Self.allocate)
    control.transaction = 0x1FE
    #expect(control.transaction == 0xFE)
    var expected = Self.allocate
    expected[7] = 0xFE
    #expect(control.octets == expected)

    var service = try QMUXFrame(Self.eventReport)
    service.transaction = 0xABCD
    #expect(service.transaction == 0xABCD)
    expected = Self.eventReport
    expected[7] = 0xCD
    expected[8] = 0xAB
    #expect(service.octets == expected)
  }

  @Test func aCopyKeepsItsTransaction() throws {
    let original = try QMUXFrame(Self.allocate)
    var copy = original
    copy.transaction = 9
    #expect(original.transaction == 7)
  }

  @Test func iteratesAndFindsTLVs() throws {
    let frame = try QMUXFrame(Self.eventReport)
    let tlvs = Array(frame.tlvs)
    #expect(tlvs.map(\.tag) == [0x10, 0x12])
    #expect(tlvs.map { Array($0.value) } == [[1, 4, 0, 0, 0], [1]])
    #expect(frame.value(of: 0x12).map(Array.init) == [1])
    #expect(frame.value(of: 0x11) == nil)
    #expect(frame.reader(of: 0x11) == nil)
    #expect(throws: QMIDecodingError.missing(0x11)) { try frame.requiredReader(of: 0x11) }
  }

  @Test func theFirstOfTwoEqualTagsCounts() throws {
    let octets = SeededGenerator.frameOctets(
      service: 5, flags: 0, message: 0x31, tlvs: [0x01, 1, 0, 7, 0x01, 1, 0, 8])
    let frame = try QMUXFrame(octets)
    #expect(frame.value(of: 0x01).map(Array.init) == [7])
    #expect(frame.tlvs.map(\.tag) == [0x01, 0x01])
  }

  @Test func anEmptyTLVIsThere() throws {
    let frame = try QMUXFrame(SeededGenerator.frameOctets(service: 5, flags: 0, message: 0x31, tlvs: [0x01, 0, 0]))
    #expect(frame.value(of: 0x01)?.isEmpty == true)
  }

  @Test func saysWhatIsWrong() {
    func error(_ octets: [UInt8]) -> QMUXError? {
      do {
        _ = try QMUXFrame(octets)
        return nil
      } catch {
        return error
      }
    }
    #expect(error([]) == .tooShort(octetCount: 0))
    #expect(error([0x02] + Self.allocate.dropFirst()) == .badMarker(0x02))
    #expect(error(Array(Self.allocate.prefix(11))) == .tooShort(octetCount: 11))
    #expect(error(Self.allocate + [0]) == .wrongOctetCount(announced: 16, actual: 17))
    #expect(error(Array(Self.allocate.dropLast())) == .wrongOctetCount(announced: 16, actual: 15))
    // Twelve octets are enough for the control service only.
    #expect(error([0x01, 0x0B, 0, 0, 5, 1, 0, 1, 0, 0x20, 0, 0]) == .tooShort(octetCount: 12))
    var wrong = Self.allocate
    wrong[10] = 3
    #expect(error(wrong) == .wrongTLVOctetCount(announced: 3, actual: 4))
    let withTLVs = { SeededGenerator.frameOctets(service: 5, flags: 0, message: 1, tlvs: $0) }
    #expect(error(withTLVs([0x01])) == .truncatedTLV)
    #expect(error(withTLVs([0x01, 0x00])) == .truncatedTLV)
    #expect(error(withTLVs([0x01, 0x02, 0x00, 0xAA])) == .truncatedTLV)
    #expect(error(withTLVs([0x01, 0x01, 0x00, 0xAA, 0x10])) == .truncatedTLV)
    #expect(error(withTLVs([0x01, 0xFF, 0xFF])) == .truncatedTLV)
    #expect(error(withTLVs([])) == nil)
  }

  @Test func onlyALostMarkerEndsTheStream() {
    #expect(QMUXError.badMarker(0).endsStream)
    #expect(!QMUXError.tooShort(octetCount: 5).endsStream)
    #expect(!QMUXError.truncatedTLV.endsStream)
    #expect(!QMUXError.wrongTLVOctetCount(announced: 1, actual: 2).endsStream)
  }

  @Test func readsTheResult() throws {
    let request = try QMUXFrame(Self.allocate)
    #expect(request.result == nil)
    #expect(request.response(.success).result == .success)
    #expect(request.response(.clientIDsExhausted).result == .failure(.clientIDsExhausted))
    let short = try QMUXFrame(
      SeededGenerator.frameOctets(service: 5, flags: 2, message: 1, tlvs: [0x02, 3, 0, 0, 0, 0]))
    #expect(short.result == nil)
    // A success with a number left in its error code, as some modems send.
    let odd = try QMUXFrame(
      SeededGenerator.frameOctets(service: 5, flags: 2, message: 1, tlvs: [0x02, 4, 0, 0, 0, 26, 0]))
    #expect(odd.result == .success)
  }

  @Test func answersARequest() throws {
    let response = try QMUXFrame(Self.allocate).response(.clientIDsExhausted)
    #expect(
      response.octets == [
        0x01, 0x12, 0x00, 0x80, 0x00, 0x00, 0x01, 0x07, 0x22, 0x00, 0x07, 0x00, 0x02, 0x04, 0x00, 0x01, 0x00, 0x05, 0x00,
      ])
    let request = WMS.RawReadRequest(location: .init(storage: .nv, index: 1)).encoded(client: 9, transaction: 0x0102)
    let answer = request.response(.invalidQMICommand)
    #expect(answer.kind == .response)
    #expect(answer.service == .wms)
    #expect(answer.clientID == 9)
    #expect(answer.transaction == 0x0102)
    #expect(answer.messageID == WMS.ID.rawRead)
    #expect(answer.result?.error == .invalidQMICommand)
  }

  @Test func printsItsHeaderAlone() throws {
    let frame = try QMUXFrame(Self.eventReport)
    #expect(frame.description == "wms indication 0x0001, client 2, transaction 4660, 25 octets")
    #expect(String(reflecting: frame) == frame.description)
    #expect(Mirror(reflecting: frame).children.isEmpty)
  }
}
