import QMI
import Testing

@Suite struct QMIMessageBuilderTests {
  @Test func writesFieldsAndLengths() throws {
    var builder = QMIMessageBuilder(.indication, service: .nas, client: .broadcast, transaction: 0x0203, message: 0x0024)
    builder.append(0x01) { writer in
      writer.append(UInt8(0xAA))
      writer.append(true)
      writer.append(UInt16(0x1122))
      writer.append(UInt32(0x3344_5566))
      writer.append(UInt64(0x7788_99AA_BBCC_DDEE))
      writer.append(Int8(-2))
      writer.append(Int16(-2))
      writer.append(Int32(-2))
    }
    builder.append(0x10) { writer in
      writer.appendWithUInt8Count("ab".utf8)
      writer.appendWithUInt16Count([0xCC])
      writer.append(octets: [0xDD])
    }
    builder.append(0x11, [])
    let frame = builder.finish()
    #expect(
      frame.octets == [
        0x01, 0x33, 0x00, 0x80, 0x03, 0xFF, 0x04, 0x03, 0x02, 0x24, 0x00, 0x27, 0x00,
        0x01, 0x17, 0x00, 0xAA, 0x01, 0x22, 0x11, 0x66, 0x55, 0x44, 0x33,
        0xEE, 0xDD, 0xCC, 0xBB, 0xAA, 0x99, 0x88, 0x77, 0xFE, 0xFE, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF,
        0x10, 0x07, 0x00, 0x02, 0x61, 0x62, 0x01, 0x00, 0xCC, 0xDD,
        0x11, 0x00, 0x00,
      ])
    #expect(try QMUXFrame(frame.octets) == frame)
  }

  @Test func writesARequestWithoutTLVs() throws {
    let control = QMIMessageBuilder(.request, service: .control, client: .control, transaction: 1, message: 0x27).finish()
    #expect(control.octets == [0x01, 0x0B, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x27, 0x00, 0x00, 0x00])
    #expect(control.octets.count == QMUXFrame.minimumOctetCount)
    let service = QMIMessageBuilder(.request, service: .dms, client: 3, transaction: 1, message: 0x25).finish()
    #expect(service.octets == [0x01, 0x0C, 0x00, 0x00, 0x02, 0x03, 0x00, 0x01, 0x00, 0x25, 0x00, 0x00, 0x00])
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func whatIsBuiltIsAFrame(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let frame = generator.frame(maximumTLVCount: 30)
    #expect(try QMUXFrame(frame.octets) == frame, "seed \(seed)")
  }

  @Test func goingBeyondAFrameTraps() async {
    await #expect(processExitsWith: .failure) {
      var builder = QMIMessageBuilder(.request, service: .dms, client: 1, transaction: 1, message: 0x20)
      builder.append(0x01, [UInt8](repeating: 0, count: 0x1_0000))
    }
    await #expect(processExitsWith: .failure) {
      _ = QMIMessageBuilder(.request, service: .control, client: .control, transaction: 256, message: 0x20)
    }
  }

  @Test func namesForPeople() {
    #expect(QMIService.wms.description == "wms")
    #expect(QMIService(rawValue: 0xE3).description == "0xe3")
    #expect(QMIError.invalidQMICommand.description == "invalid QMI command")
    #expect(QMIError(rawValue: 61441).description == "QMI error 61441")
    #expect(QMIResult.failure(.noSIM).description == "failure: no SIM")
    #expect(QMIResult(.none) == .success)
    #expect(QMIResult(.internal) == .failure(.internal))
    #expect(MessageID(rawValue: 0x20).description == "0x0020")
    #expect(TLV.Tag(rawValue: 1).description == "0x01")
    #expect(TLV(tag: 1, value: [1, 2, 3]).description == "TLV 0x01, 3 octets")
    #expect(WMS.MessageLocation(storage: .nv, index: 4).description == "nv/4")
    #expect(QMUXError.badMarker(0xFE).description == "no QMUX marker (0xfe)")
    #expect(QMIDecodingError.missing(0x01).description == "TLV 0x01 is missing")
  }
}
