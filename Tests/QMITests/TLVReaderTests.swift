import QMI
import Testing

@Suite struct TLVReaderTests {
  func reader(_ octets: [UInt8]) -> TLVReader {
    TLVReader(tag: 0x42, value: octets[...])
  }

  @Test func readsLittleEndianNumbers() throws {
    var reader = reader([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x00])
    #expect(try reader.readUInt8() == 0x01)
    #expect(try reader.readUInt16() == 0x0302)
    #expect(try reader.readUInt32() == 0x0706_0504)
    #expect(try reader.readUInt64() == 0x0F0E_0D0C_0B0A_0908)
    #expect(try reader.readBool() == false)
    try reader.expectEnd()
    #expect(reader.remainingOctetCount == 0)
  }

  @Test func readsCountedOctets() throws {
    var reader = reader([2, 0xAA, 0xBB, 1, 0, 0xCC, 0xDD])
    #expect(Array(try reader.readOctetsWithUInt8Count()) == [0xAA, 0xBB])
    #expect(Array(try reader.readOctetsWithUInt16Count()) == [0xCC])
    #expect(throws: QMIDecodingError.trailingOctets(0x42)) { try reader.expectEnd() }
    #expect(Array(reader.readRemainingOctets()) == [0xDD])
    #expect(reader.readRemainingOctets().isEmpty)
    try reader.expectEnd()
  }

  @Test func worksOnASliceOfAFrame() throws {
    let octets: [UInt8] = [9, 9, 0x34, 0x12, 9]
    var reader = TLVReader(TLV(tag: 0x42, value: octets[2..<4]))
    #expect(try reader.readUInt16() == 0x1234)
    #expect(throws: QMIDecodingError.truncated(0x42)) { try reader.readUInt8() }
  }

  @Test func anEndTooSoonIsNamed() {
    let truncated = QMIDecodingError.truncated(0x42)
    #expect(throws: truncated) { var reader = reader([]); _ = try reader.readUInt8() }
    #expect(throws: truncated) { var reader = reader([]); _ = try reader.readBool() }
    #expect(throws: truncated) { var reader = reader([1]); _ = try reader.readUInt16() }
    #expect(throws: truncated) { var reader = reader([1, 2, 3]); _ = try reader.readUInt32() }
    #expect(throws: truncated) { var reader = reader([1, 2, 3, 4, 5, 6, 7]); _ = try reader.readUInt64() }
    #expect(throws: truncated) { var reader = reader([2, 3]); _ = try reader.readOctetsWithUInt8Count() }
    #expect(throws: truncated) { var reader = reader([2]); _ = try reader.readOctetsWithUInt16Count() }
    #expect(throws: truncated) { var reader = reader([0xFF, 0xFF, 1]); _ = try reader.readOctetsWithUInt16Count() }
    #expect(throws: truncated) { var reader = reader([1, 2]); _ = try reader.readOctets(3) }
  }

  @Test func aFailedNumberTakesNothing() throws {
    var reader = reader([1, 2, 3])
    #expect(throws: QMIDecodingError.self) { try reader.readUInt32() }
    #expect(reader.remainingOctetCount == 3)
  }
}
