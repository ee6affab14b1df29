import QMI
import Testing

/// Random and mutated TLVs through every message: no decoder traps, and what decodes says the same after another trip over the wire.
@Suite struct MessagePropertyTests {
  static let controlMessages: [any ControlMessage.Type] = [
    CTL.VersionInfoRequest.self, CTL.VersionInfoResponse.self, CTL.AllocateClientIDRequest.self,
    CTL.AllocateClientIDResponse.self, CTL.ReleaseClientIDRequest.self, CTL.ReleaseClientIDResponse.self,
    CTL.SetDataFormatRequest.self, CTL.SetDataFormatResponse.self, CTL.SyncRequest.self, CTL.SyncResponse.self,
    CTL.SyncIndication.self, CTL.ProxyOpenRequest.self, CTL.ProxyOpenResponse.self,
  ]
  static let serviceMessages: [any ServiceMessage.Type] = [
    WMS.SetEventReportRequest.self, WMS.SetEventReportResponse.self, WMS.EventReportIndication.self,
    WMS.RawSendRequest.self, WMS.RawSendResponse.self, WMS.RawWriteRequest.self, WMS.RawWriteResponse.self,
    WMS.RawReadRequest.self, WMS.RawReadResponse.self, WMS.ModifyTagRequest.self, WMS.ModifyTagResponse.self,
    WMS.DeleteRequest.self, WMS.DeleteResponse.self, WMS.GetMessageProtocolRequest.self,
    WMS.GetMessageProtocolResponse.self, WMS.ListMessagesRequest.self, WMS.ListMessagesResponse.self,
    WMS.SetRoutesRequest.self, WMS.SetRoutesResponse.self, WMS.GetRoutesRequest.self, WMS.GetRoutesResponse.self,
    WMS.GetSMSCAddressRequest.self, WMS.GetSMSCAddressResponse.self, WMS.SendAckRequest.self, WMS.SendAckResponse.self,
    WMS.SendFromMemoryStorageRequest.self, WMS.SendFromMemoryStorageResponse.self,
  ]

  /// True when the frame decoded.
  func check<Message: ControlMessage>(_: Message.Type, _ frame: QMUXFrame) throws -> Bool {
    guard let message = try? Message(decoding: frame) else { return false }
    let again = message.encoded(transaction: 1)
    #expect(try QMUXFrame(again.octets) == again)
    #expect(try Message(decoding: again) == message)
    return true
  }

  func check<Message: ServiceMessage>(_: Message.Type, _ frame: QMUXFrame) throws -> Bool {
    guard let message = try? Message(decoding: frame) else { return false }
    let again = message.encoded(client: 1, transaction: 1)
    #expect(try QMUXFrame(again.octets) == again)
    #expect(try Message(decoding: again) == message)
    return true
  }

  /// TLVs with the tags that messages use, sizes near those of their fields, and now and then a whole field that fits.
  func tlvs(_ generator: inout SeededGenerator, isResponse: Bool) -> [UInt8] {
    var result: [UInt8] = []
    if isResponse, Int.random(in: 0..<8, using: &generator) > 0 {
      result += [0x02, 4, 0, UInt8.random(in: 0...1, using: &generator), 0, UInt8.random(in: 0...80, using: &generator), 0]
    }
    for _ in 0..<Int.random(in: 0...4, using: &generator) {
      let tag = [0x01, 0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16].randomElement(using: &generator) ?? 0x01
      var value = generator.octets(Int.random(in: 0...12, using: &generator))
      switch Int.random(in: 0..<6, using: &generator) {
      case 0:
        let octets = generator.octets(Int.random(in: 0...20, using: &generator))
        value = [6, UInt8(octets.count), 0] + octets
      case 1:
        let octets = generator.octets(Int.random(in: 0...20, using: &generator))
        value = [1, 6, UInt8(octets.count), 0] + octets
      case 2:
        let octets = generator.octets(5 * Int.random(in: 0...4, using: &generator))
        value = [UInt8(octets.count / 5), 0, 0, 0] + octets
      case 3:
        let octets = generator.octets(4 * Int.random(in: 0...4, using: &generator))
        value = [UInt8(octets.count / 4), 0] + octets
      default:
        break
      }
      result += [UInt8(tag), UInt8(value.count), 0] + value
    }
    return result
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func anythingDecodesOrIsRefused(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for type in Self.controlMessages {
      for _ in 0..<10 {
        let flags: UInt8 = type.kind == .request ? 0 : type.kind == .response ? 1 : 2
        let octets = SeededGenerator.frameOctets(
          service: 0, flags: flags, message: type.messageID.rawValue,
          tlvs: tlvs(&generator, isResponse: type.kind == .response))
        _ = try check(type, try QMUXFrame(octets))
        if let frame = try? QMUXFrame(generator.mutate(octets)) { _ = try check(type, frame) }
      }
    }
    for type in Self.serviceMessages {
      for _ in 0..<10 {
        let flags: UInt8 = type.kind == .request ? 0 : type.kind == .response ? 2 : 4
        let octets = SeededGenerator.frameOctets(
          service: 5, flags: flags, message: type.messageID.rawValue,
          tlvs: tlvs(&generator, isResponse: type.kind == .response))
        _ = try check(type, try QMUXFrame(octets))
        if let frame = try? QMUXFrame(generator.mutate(octets)) { _ = try check(type, frame) }
      }
    }
  }

  /// The generator above is worth something only while every message comes through it now and then.
  @Test func everyMessageIsReached() throws {
    var generator = SeededGenerator(seed: 99)
    for type in Self.serviceMessages {
      let flags: UInt8 = type.kind == .request ? 0 : type.kind == .response ? 2 : 4
      var reached = false
      for _ in 0..<5_000 where !reached {
        let octets = SeededGenerator.frameOctets(
          service: 5, flags: flags, message: type.messageID.rawValue,
          tlvs: tlvs(&generator, isResponse: type.kind == .response))
        reached = try check(type, try QMUXFrame(octets))
      }
      #expect(reached, "\(type)")
    }
  }
}
