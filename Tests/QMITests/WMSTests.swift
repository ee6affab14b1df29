import QMI
import Testing

@Suite struct WMSTests {
  let message: WMS.RawMessage
  let location = WMS.MessageLocation(storage: .nv, index: 0x5300_0001)

  init() throws {
    message = try #require(WMS.RawMessage(octets: [0x00, 0x01, 0x00, 0x05, 0x81, 0x21, 0x43, 0xF5, 0x00, 0x00, 0x01, 0x61]))
  }

  func expectRoundTrip<Message: ServiceMessage>(
    _ message: Message, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let frame = message.encoded(client: 6, transaction: 0x1234)
    #expect(try QMUXFrame(frame.octets) == frame, sourceLocation: sourceLocation)
    #expect(frame.service == .wms && frame.clientID == 6 && frame.transaction == 0x1234, sourceLocation: sourceLocation)
    #expect(Message.matches(frame), sourceLocation: sourceLocation)
    #expect(try Message(decoding: frame) == message, sourceLocation: sourceLocation)
  }

  @Test func requestsSurviveTheWire() throws {
    try expectRoundTrip(WMS.SetEventReportRequest(reportsNewMessages: true))
    try expectRoundTrip(WMS.SetEventReportRequest(reportsNewMessages: false))
    try expectRoundTrip(WMS.SetEventReportRequest(reportsNewMessages: nil))
    try expectRoundTrip(WMS.RawSendRequest(message: message))
    try expectRoundTrip(WMS.RawSendRequest(message: message, linkTimer: 5, isOverIMS: true))
    try expectRoundTrip(WMS.RawWriteRequest(storage: .uim, message: message))
    try expectRoundTrip(WMS.RawReadRequest(location: location))
    try expectRoundTrip(WMS.RawReadRequest(location: location, mode: .gsmWCDMA, isOverIMS: false))
    try expectRoundTrip(WMS.ModifyTagRequest(location: location, tag: .receivedRead, mode: .gsmWCDMA))
    try expectRoundTrip(WMS.DeleteRequest(storage: .nv))
    try expectRoundTrip(WMS.DeleteRequest(storage: .nv, index: 7, tag: .sent, mode: .gsmWCDMA))
    try expectRoundTrip(WMS.GetMessageProtocolRequest())
    try expectRoundTrip(WMS.ListMessagesRequest(storage: .nv))
    try expectRoundTrip(WMS.ListMessagesRequest(storage: .uim, tag: .receivedUnread, mode: .gsmWCDMA))
    try expectRoundTrip(
      WMS.SetRoutesRequest(
        routes: [.init(messageClass: .class0, storage: .nv, receiptAction: .storeAndNotify)], transferStatusReport: 1))
    try expectRoundTrip(WMS.GetRoutesRequest())
    try expectRoundTrip(WMS.GetSMSCAddressRequest())
    try expectRoundTrip(WMS.SendAckRequest(transactionID: 9))
    try expectRoundTrip(
      WMS.SendAckRequest(
        transactionID: 9, isSuccess: false, failure: .init(rpCause: 22, tpCause: .simStorageFull), isOverIMS: true))
    try expectRoundTrip(WMS.SendFromMemoryStorageRequest(location: location))
    try expectRoundTrip(WMS.SendFromMemoryStorageRequest(location: location, mode: .cdma, isOverIMS: false))
  }

  @Test func responsesSurviveTheWire() throws {
    let failure = WMS.SendFailure(
      cause: .init(rpCause: .transferRejected, tpCause: .serviceCentreBusy), isPermanent: false)
    try expectRoundTrip(WMS.SetEventReportResponse())
    try expectRoundTrip(WMS.RawSendResponse(messageReference: 12))
    try expectRoundTrip(WMS.RawSendResponse(messageReference: nil))
    try expectRoundTrip(WMS.RawSendResponse(failure: .wmsCauseCode, failure))
    try expectRoundTrip(WMS.RawSendResponse(failure: .networkNotReady))
    try expectRoundTrip(WMS.RawWriteResponse(index: 3))
    try expectRoundTrip(WMS.RawWriteResponse(failure: .deviceStorageFull))
    try expectRoundTrip(WMS.RawReadResponse(.init(tag: .receivedUnread, message: message)))
    try expectRoundTrip(WMS.RawReadResponse(failure: .noEntry))
    try expectRoundTrip(WMS.ModifyTagResponse())
    try expectRoundTrip(WMS.DeleteResponse(result: .failure(.invalidIndex)))
    try expectRoundTrip(WMS.GetMessageProtocolResponse(.wcdma))
    try expectRoundTrip(WMS.GetMessageProtocolResponse(failure: .deviceNotReady))
    try expectRoundTrip(WMS.ListMessagesResponse(entries: []))
    try expectRoundTrip(
      WMS.ListMessagesResponse(entries: [.init(index: 1, tag: .receivedRead), .init(index: 0x5300_0000, tag: .unsent)]))
    try expectRoundTrip(WMS.ListMessagesResponse(failure: .invalidArgument))
    try expectRoundTrip(WMS.SetRoutesResponse())
    try expectRoundTrip(
      WMS.GetRoutesResponse(routes: [.init(messageClass: .none, storage: .none, receiptAction: .transferAndAck)]))
    try expectRoundTrip(WMS.GetRoutesResponse(failure: .notSupported))
    try expectRoundTrip(WMS.GetSMSCAddressResponse(try #require(WMS.SMSCAddress(digits: "+441234567890"))))
    try expectRoundTrip(WMS.GetSMSCAddressResponse(failure: .informationUnavailable))
    try expectRoundTrip(WMS.SendAckResponse())
    try expectRoundTrip(WMS.SendAckResponse(result: .failure(.ackNotSent), failureCause: 1))
    try expectRoundTrip(WMS.SendFromMemoryStorageResponse(messageReference: 255))
    try expectRoundTrip(WMS.SendFromMemoryStorageResponse(failure: .wmsCauseCode, failure))
  }

  @Test func indicationsSurviveTheWire() throws {
    try expectRoundTrip(WMS.EventReportIndication())
    try expectRoundTrip(WMS.EventReportIndication(storedMessage: location, mode: .gsmWCDMA))
    try expectRoundTrip(
      WMS.EventReportIndication(
        transferredMessage: .init(ackIndicator: .send, transactionID: 0xDEAD_BEEF, message: message),
        smscAddress: "+441234567890", isOverIMS: true))
  }

  @Test func octetsAreThoseOfTheSpecification() throws {
    let report = WMS.EventReportIndication(storedMessage: .init(storage: .nv, index: 4), mode: .gsmWCDMA)
    #expect(report.encoded(client: 2, transaction: 0x1234).octets == QMUXFrameTests.eventReport)
    let small = try #require(WMS.RawMessage(octets: [0x00, 0x31]))
    func tlvs(_ frame: QMUXFrame) -> [UInt8] { Array(frame.octets.dropFirst(13)) }
    #expect(
      tlvs(WMS.RawSendRequest(message: small).encoded(client: 1, transaction: 1)) == [0x01, 5, 0, 6, 2, 0, 0x00, 0x31])
    #expect(
      tlvs(WMS.RawSendResponse(messageReference: 0x0102).encoded(client: 1, transaction: 1)) == [
        0x02, 4, 0, 0, 0, 0, 0, 0x01, 2, 0, 0x02, 0x01,
      ])
    #expect(
      tlvs(
        WMS.RawSendResponse(
          failure: .wmsCauseCode,
          .init(cause: .init(rpCause: .congestion, tpCause: .unspecified), isPermanent: true)
        ).encoded(client: 1, transaction: 1))
        == [0x02, 4, 0, 1, 0, 54, 0, 0x12, 3, 0, 42, 0, 0xFF, 0x13, 1, 0, 1])
    #expect(
      tlvs(WMS.RawWriteRequest(storage: .nv, message: small).encoded(client: 1, transaction: 1)) == [
        0x01, 6, 0, 1, 6, 2, 0, 0x00, 0x31,
      ])
    #expect(
      tlvs(WMS.RawReadRequest(location: location, mode: .gsmWCDMA).encoded(client: 1, transaction: 1)) == [
        0x01, 5, 0, 1, 1, 0, 0, 0x53, 0x10, 1, 0, 1,
      ])
    #expect(
      tlvs(WMS.RawReadResponse(.init(tag: .receivedUnread, message: small)).encoded(client: 1, transaction: 1)) == [
        0x02, 4, 0, 0, 0, 0, 0, 0x01, 6, 0, 1, 6, 2, 0, 0x00, 0x31,
      ])
    #expect(
      tlvs(
        WMS.DeleteRequest(storage: .nv, index: 7, tag: .sent, mode: .gsmWCDMA).encoded(client: 1, transaction: 1))
        == [0x01, 1, 0, 1, 0x10, 4, 0, 7, 0, 0, 0, 0x11, 1, 0, 2, 0x12, 1, 0, 1])
    #expect(
      tlvs(WMS.ListMessagesResponse(entries: [.init(index: 3, tag: .sent)]).encoded(client: 1, transaction: 1)) == [
        0x02, 4, 0, 0, 0, 0, 0, 0x01, 9, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2,
      ])
    #expect(
      tlvs(
        WMS.SetRoutesRequest(routes: [.init(messageClass: .class1, storage: .nv, receiptAction: .storeAndNotify)])
          .encoded(client: 1, transaction: 1)) == [0x01, 6, 0, 1, 0, 0, 1, 1, 1])
    #expect(
      tlvs(WMS.SendAckRequest(transactionID: 0x01020304).encoded(client: 1, transaction: 1)) == [
        0x01, 6, 0, 4, 3, 2, 1, 1, 1,
      ])
    #expect(
      tlvs(WMS.SendFromMemoryStorageRequest(location: location).encoded(client: 1, transaction: 1)) == [
        0x01, 6, 0, 1, 1, 0, 0, 0x53, 1,
      ])
    #expect(
      tlvs(
        WMS.GetSMSCAddressResponse(try #require(WMS.SMSCAddress(digits: "+12"))).encoded(client: 1, transaction: 1))
        == [0x02, 4, 0, 0, 0, 0, 0, 0x01, 7, 0, 0x31, 0x34, 0x35, 3, 0x2B, 0x31, 0x32])
  }

  @Test func aRawMessageIsBounded() throws {
    #expect(WMS.RawMessage(octets: [UInt8](repeating: 0, count: 255)) != nil)
    #expect(WMS.RawMessage(octets: [UInt8](repeating: 0, count: 256)) == nil)
    var builder = QMIMessageBuilder(.request, service: .wms, client: 1, transaction: 1, message: 0x20)
    builder.append(0x01) { writer in
      writer.append(UInt8(6))
      writer.appendWithUInt16Count([UInt8](repeating: 0, count: 256))
    }
    let frame = builder.finish()
    #expect(throws: QMIDecodingError.invalid(0x01)) { try WMS.RawSendRequest(decoding: frame) }
  }

  func frame(_ kind: QMUXFrame.Kind, _ message: MessageID, _ tlvs: [(TLV.Tag, [UInt8])]) -> QMUXFrame {
    var builder = QMIMessageBuilder(kind, service: .wms, client: 1, transaction: 1, message: message)
    for (tag, value) in tlvs { builder.append(tag, value) }
    return builder.finish()
  }

  @Test func aRequestNotUnderstoodWholeIsRefused() {
    #expect(throws: QMIDecodingError.missing(0x01)) {
      try WMS.RawSendRequest(decoding: frame(.request, WMS.ID.rawSend, []))
    }
    #expect(throws: QMIDecodingError.truncated(0x01)) {
      try WMS.RawSendRequest(decoding: frame(.request, WMS.ID.rawSend, [(0x01, [6, 3, 0, 1, 2])]))
    }
    #expect(throws: QMIDecodingError.trailingOctets(0x01)) {
      try WMS.RawSendRequest(decoding: frame(.request, WMS.ID.rawSend, [(0x01, [6, 1, 0, 1, 2])]))
    }
    #expect(throws: QMIDecodingError.trailingOctets(0x13)) {
      try WMS.RawSendRequest(decoding: frame(.request, WMS.ID.rawSend, [(0x01, [6, 1, 0, 1]), (0x13, [1, 1])]))
    }
    #expect(throws: QMIDecodingError.truncated(0x10)) {
      try WMS.DeleteRequest(decoding: frame(.request, WMS.ID.delete, [(0x01, [1]), (0x10, [1, 0, 0])]))
    }
  }

  @Test func aResponseMayHoldMore() throws {
    let result: (TLV.Tag, [UInt8]) = (0x02, [0, 0, 0, 0])
    let read = try WMS.RawReadResponse(
      decoding: frame(.response, WMS.ID.rawRead, [result, (0x01, [1, 6, 1, 0, 0x31, 0xFF]), (0xE0, [1])]))
    #expect(read.stored?.message.octets == [0x31])
    let send = try WMS.RawSendResponse(decoding: frame(.response, WMS.ID.rawSend, [result, (0x01, [7, 0, 0])]))
    #expect(send.messageReference == 7)
  }

  @Test func aListIsBelievedAsFarAsItsOctetsGo() {
    let result: (TLV.Tag, [UInt8]) = (0x02, [0, 0, 0, 0])
    for list: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF], [2, 0, 0, 0, 1, 0, 0, 0, 1], [1, 0, 0], []] {
      #expect(throws: QMIDecodingError.truncated(0x01)) {
        try WMS.ListMessagesResponse(decoding: frame(.response, WMS.ID.listMessages, [result, (0x01, list)]))
      }
    }
    #expect(throws: QMIDecodingError.truncated(0x01)) {
      try WMS.SetRoutesRequest(decoding: frame(.request, WMS.ID.setRoutes, [(0x01, [0xFF, 0xFF, 0, 0, 1, 1])]))
    }
    #expect(throws: QMIDecodingError.invalid(0x01)) {
      let list: [UInt8] = [0x81, 0x3E] + [UInt8](repeating: 0, count: 4 * 16_001)
      return try WMS.SetRoutesRequest(decoding: frame(.request, WMS.ID.setRoutes, [(0x01, list)]))
    }
  }

  @Test func aListTooLongForAFrameIsCut() throws {
    let entries = (0..<20_000).map { WMS.ListMessagesResponse.Entry(index: $0, tag: .receivedUnread) }
    let frame = WMS.ListMessagesResponse(entries: entries).encoded(client: 1, transaction: 1)
    let decoded = try WMS.ListMessagesResponse(decoding: try QMUXFrame(frame.octets))
    #expect(decoded.entries == Array(entries.prefix(WMS.ListMessagesResponse.maximumEntryCount)))
    #expect(WMS.ListMessagesResponse.maximumEntryCount == 13_101)
  }

  @Test func onlyFailuresCarryCauses() throws {
    let success: (TLV.Tag, [UInt8]) = (0x02, [0, 0, 0, 0])
    let failure: (TLV.Tag, [UInt8]) = (0x02, [1, 0, 55, 0])
    let cause: (TLV.Tag, [UInt8]) = (0x12, [21, 0, 0xC0])
    let sent = try WMS.RawSendResponse(decoding: frame(.response, WMS.ID.rawSend, [success, cause]))
    #expect(sent.failure == nil)
    let failed = try WMS.RawSendResponse(decoding: frame(.response, WMS.ID.rawSend, [failure, cause, (0x01, [1, 0])]))
    #expect(failed.messageReference == nil)
    #expect(failed.failure?.cause == .init(rpCause: 21, tpCause: 0xC0))
    #expect(failed.failure?.isPermanent == nil)
  }

  @Test func anAddressIsBounded() {
    #expect(WMS.SMSCAddress(type: [1, 2], digits: "1") == nil)
    #expect(WMS.SMSCAddress(digits: String(repeating: "1", count: 32)) != nil)
    #expect(WMS.SMSCAddress(digits: String(repeating: "1", count: 33)) == nil)
  }

  @Test func messagesDoNotPrintTheirOctets() {
    #expect(message.description == "message of format 6, 12 octets")
    #expect(String(reflecting: message) == message.description)
    #expect(Mirror(reflecting: message).children.isEmpty)
    #expect(!"\(WMS.RawSendRequest(message: message))".contains("129"))
  }
}
