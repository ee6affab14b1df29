import QMI
import Testing

@Suite struct CTLTests {
  @Test func messagesSurviveTheWire() throws {
    try expectRoundTrip(CTL.VersionInfoRequest())
    try expectRoundTrip(
      CTL.VersionInfoResponse(services: [
        .init(service: .control, major: 1, minor: 5), .init(service: .wms, major: 1, minor: 10),
      ]))
    try expectRoundTrip(CTL.VersionInfoResponse(result: .failure(.internal), services: []))
    try expectRoundTrip(CTL.AllocateClientIDRequest(service: .wms))
    try expectRoundTrip(CTL.AllocateClientIDResponse(.init(service: .wms, clientID: 4)))
    try expectRoundTrip(CTL.AllocateClientIDResponse(failure: .clientIDsExhausted))
    try expectRoundTrip(CTL.ReleaseClientIDRequest(.init(service: .uim, clientID: 2)))
    try expectRoundTrip(CTL.ReleaseClientIDResponse(.init(service: .uim, clientID: 2)))
    try expectRoundTrip(CTL.ReleaseClientIDResponse(failure: .invalidClientID))
    try expectRoundTrip(CTL.SetDataFormatRequest(format: 0, linkProtocol: 2))
    try expectRoundTrip(CTL.SetDataFormatRequest(format: 1))
    try expectRoundTrip(CTL.SetDataFormatResponse(linkProtocol: 2))
    try expectRoundTrip(CTL.SetDataFormatResponse(result: .failure(.invalidArgument)))
    try expectRoundTrip(CTL.SyncRequest())
    try expectRoundTrip(CTL.SyncResponse())
    try expectRoundTrip(CTL.SyncIndication())
    try expectRoundTrip(try #require(CTL.ProxyOpenRequest(devicePath: "/dev/cdc-wdm0")))
    try expectRoundTrip(CTL.ProxyOpenResponse())
    try expectRoundTrip(CTL.ProxyOpenResponse(result: .failure(.noEffect)))
  }

  func expectRoundTrip<Message: ControlMessage>(
    _ message: Message, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let frame = message.encoded(transaction: 0x42)
    #expect(try QMUXFrame(frame.octets) == frame, sourceLocation: sourceLocation)
    #expect(frame.isControl && frame.clientID == .control && frame.transaction == 0x42, sourceLocation: sourceLocation)
    #expect(Message.matches(frame), sourceLocation: sourceLocation)
    #expect(try Message(decoding: frame) == message, sourceLocation: sourceLocation)
  }

  @Test func octetsAreThoseOfTheSpecification() throws {
    #expect(CTL.AllocateClientIDRequest(service: .wms).encoded(transaction: 7).octets == QMUXFrameTests.allocate)
    #expect(
      CTL.AllocateClientIDResponse(.init(service: .wms, clientID: 3)).encoded(transaction: 7).octets == [
        0x01, 0x17, 0x00, 0x80, 0x00, 0x00, 0x01, 0x07, 0x22, 0x00, 0x0C, 0x00,
        0x02, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x05, 0x03,
      ])
    #expect(
      CTL.VersionInfoResponse(services: [.init(service: .dms, major: 1, minor: 14)]).encoded(transaction: 1).octets
        .suffix(9) == [0x01, 0x06, 0x00, 0x01, 0x02, 0x01, 0x00, 0x0E, 0x00])
    let open = try #require(CTL.ProxyOpenRequest(devicePath: "/dev/x")).encoded(transaction: 1)
    #expect(open.octets == [0x01, 0x14, 0, 0, 0, 0, 0, 1, 0x00, 0xFF, 9, 0, 0x01, 6, 0] + Array("/dev/x".utf8))
  }

  @Test func aPathIsText() throws {
    #expect(CTL.ProxyOpenRequest(devicePath: "") == nil)
    #expect(CTL.ProxyOpenRequest(devicePath: String(repeating: "x", count: 4095)) != nil)
    #expect(CTL.ProxyOpenRequest(devicePath: String(repeating: "x", count: 4096)) == nil)
    for path: [UInt8] in [[], [0xFF, 0xFE], [0x2F, 0xC3], [UInt8](repeating: 0x2F, count: 4096)] {
      var builder = QMIMessageBuilder(.request, service: .control, client: .control, transaction: 1, message: 0xFF00)
      builder.append(0x01, path)
      let frame = builder.finish()
      #expect(throws: QMIDecodingError.invalid(0x01)) { try CTL.ProxyOpenRequest(decoding: frame) }
    }
    let empty = QMIMessageBuilder(.request, service: .control, client: .control, transaction: 1, message: 0xFF00).finish()
    #expect(throws: QMIDecodingError.missing(0x01)) { try CTL.ProxyOpenRequest(decoding: empty) }
  }

  @Test func anotherMessageIsRefused() throws {
    let sync = CTL.SyncRequest().encoded(transaction: 1)
    #expect(throws: QMIDecodingError.unexpectedMessage) { try CTL.SyncResponse(decoding: sync) }
    #expect(throws: QMIDecodingError.unexpectedMessage) { try CTL.SyncIndication(decoding: sync) }
    #expect(throws: QMIDecodingError.unexpectedMessage) { try CTL.VersionInfoRequest(decoding: sync) }
    // Delete of WMS has the number of no control message, Release of CTL that of WMS Modify Tag.
    let tag = WMS.ModifyTagRequest(location: .init(storage: .nv, index: 1), tag: .receivedRead)
      .encoded(client: 1, transaction: 1)
    #expect(throws: QMIDecodingError.unexpectedMessage) { try CTL.ReleaseClientIDRequest(decoding: tag) }
  }

  @Test func missingAndShortFieldsAreNamed() throws {
    let request = CTL.AllocateClientIDRequest(service: .wms).encoded(transaction: 1)
    let bare = QMIMessageBuilder(respondingTo: request).finish()
    #expect(throws: QMIDecodingError.missing(0x01)) { try CTL.AllocateClientIDResponse(decoding: bare) }
    var builder = QMIMessageBuilder(respondingTo: request)
    builder.append(0x01, [5])
    let short = builder.finish()
    #expect(throws: QMIDecodingError.truncated(0x01)) { try CTL.AllocateClientIDResponse(decoding: short) }
    let resultless = QMIMessageBuilder(.response, service: .control, client: 0, transaction: 1, message: 0x22).finish()
    #expect(throws: QMIDecodingError.missing(0x02)) { try CTL.AllocateClientIDResponse(decoding: resultless) }
  }

  @Test func aReleaseMayGoUnnamed() throws {
    let request = CTL.ReleaseClientIDRequest(.init(service: .wms, clientID: 1)).encoded(transaction: 1)
    let response = try CTL.ReleaseClientIDResponse(decoding: request.response(.success))
    #expect(response.result.isSuccess && response.allocation == nil)
  }

  @Test func aServiceListLongerThanItsCountIsCut() throws {
    let services = (0..<300).map { _ in CTL.ServiceVersion(service: .dms, major: 1, minor: 2) }
    let frame = CTL.VersionInfoResponse(services: services).encoded(transaction: 1)
    #expect(try CTL.VersionInfoResponse(decoding: frame).services.count == 255)
  }
}
