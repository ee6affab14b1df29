import QMI
import Telephony
import Testing
import VirtualModem

struct MessagesTests {
  // MARK: - Outgoing

  @Test func sendWaitsForTheCarrier() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    #expect(host.request(WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222")), wms) == nil)
    guard case .submit(let id, let tpdu) = try #require(host.toCarrier.first) else { throw Unexpected() }
    #expect(try SMSSubmit(decoding: tpdu).messageReference == 1)
    host.carrierSends(.submitResult(id: id, outcome: .accepted))
    #expect(try WMS.RawSendResponse(decoding: try #require(host.takeAnswer())) == .init(messageReference: 1))
    // An answer for what is no longer under way changes nothing.
    host.carrierSends(.submitResult(id: id, outcome: .accepted))
    #expect(host.takeAnswer() == nil)
  }

  @Test func refusalHasItsCauses() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    _ = host.request(WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222")), wms)
    host.carrierSends(
      .submitResult(id: 1, outcome: .refused(.congestion, failureCause: .serviceCentreBusy)))
    let answer = try WMS.RawSendResponse(decoding: try #require(host.takeAnswer()))
    #expect(answer.result == .failure(.wmsCauseCode))
    #expect(answer.failure?.cause == .init(rpCause: .congestion, tpCause: .serviceCentreBusy))
    #expect(answer.failure?.isPermanent == false)
  }

  @Test func carrierThatIsSilent() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    _ = host.request(WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222")), wms)
    #expect(host.modem.nextDeadline == .seconds(40))
    host.wait(.seconds(39))
    #expect(host.takeAnswer() == nil)
    host.wait(.seconds(1))
    #expect(host.takeAnswer()?.result == .failure(.wmsMessageNotSent))
    #expect(host.modem.nextDeadline == nil)
  }

  @Test func noServiceNoMessage() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    host.modem.setRegistration(.denied, now: .zero)
    let request = WMS.RawSendRequest(message: try submitPDU("Hi", to: "+919811112222"))
    #expect(host.request(request, wms)?.result == .failure(.networkNotReady))
    host.carrierSends(.attached)
    #expect(host.request(request, wms) == nil)
    host.modem.carrierDisconnected(now: .zero)
    host.pump()
    #expect(host.takeAnswer()?.result == .failure(.wmsMessageNotSent))
  }

  @Test func onlyMessagesToTheServiceCentreAreSent() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    let deliver = try #require(WMS.RawMessage(octets: RawPDU(tpdu: try deliverTPDU("x")).encoded()))
    #expect(host.request(WMS.RawSendRequest(message: deliver), wms)?.result == .failure(.wmsTPDUType))
    for octets in [[], [0], [200, 1], [0, 1]] as [[UInt8]] {
      let message = try #require(WMS.RawMessage(octets: octets))
      #expect(host.request(WMS.RawSendRequest(message: message), wms)?.result == .failure(.wmsEncoding))
    }
    let cdma = try #require(WMS.RawMessage(format: .cdma, octets: [0, 1, 0, 0]))
    #expect(host.request(WMS.RawSendRequest(message: cdma), wms)?.result == .failure(.wmsEncoding))
  }

  @Test func sendFromStorage() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    let message = try submitPDU("Stored", to: "+919811112222")
    let write = try #require(host.request(WMS.RawWriteRequest(storage: .nv, message: message), wms))
    let index = try #require(try WMS.RawWriteResponse(decoding: write).index)
    #expect(host.modem.storedMessages(in: .nv)[index]?.tag == .unsent)
    let location = WMS.MessageLocation(storage: .nv, index: index)
    #expect(host.request(WMS.SendFromMemoryStorageRequest(location: location), wms) == nil)
    host.carrierSends(.submitResult(id: 1, outcome: .accepted))
    let answer = try WMS.SendFromMemoryStorageResponse(decoding: try #require(host.takeAnswer()))
    #expect(answer == .init(messageReference: 1))
    #expect(host.modem.storedMessages(in: .nv)[index]?.tag == .sent)

    #expect(host.request(WMS.SendFromMemoryStorageRequest(location: location), wms) == nil)
    host.carrierSends(.submitResult(id: 2, outcome: .refused(.callBarred, failureCause: nil)))
    let failure = try WMS.SendFromMemoryStorageResponse(decoding: try #require(host.takeAnswer()))
    #expect(failure.failure?.cause == .init(rpCause: .callBarred, tpCause: .unspecified))
    #expect(failure.failure?.isPermanent == true)
  }

  // MARK: - Storage

  @Test func storage() throws {
    let host = try TestHost { $0.simCapacity = 2 }
    let wms = try host.allocate(.wms)
    let message = try submitPDU("x", to: "123")
    func write() -> QMIResult? { host.request(WMS.RawWriteRequest(storage: .uim, message: message), wms)?.result }
    #expect(write() == .success && write() == .success)
    #expect(write() == .failure(.deviceStorageFull))
    #expect(host.request(WMS.RawWriteRequest(storage: .none, message: message), wms)?.result == .failure(.invalidArgument))

    let second = WMS.MessageLocation(storage: .uim, index: 1)
    let read = try #require(host.request(WMS.RawReadRequest(location: second), wms))
    #expect(try WMS.RawReadResponse(decoding: read).stored == .init(tag: .unsent, message: message))
    #expect(host.request(WMS.ModifyTagRequest(location: second, tag: .sent), wms)?.result == .success)
    func list(_ tag: WMS.MessageTag?) throws -> [UInt32] {
      let answer = try #require(host.request(WMS.ListMessagesRequest(storage: .uim, tag: tag, mode: .gsmWCDMA), wms))
      return try WMS.ListMessagesResponse(decoding: answer).entries.map(\.index)
    }
    #expect(try list(nil) == [0, 1])
    #expect(try list(.sent) == [1])
    #expect(try list(.receivedRead) == [])
    #expect(host.request(WMS.DeleteRequest(storage: .uim, tag: .sent), wms)?.result == .success)
    #expect(try list(nil) == [0])
    #expect(host.request(WMS.DeleteRequest(storage: .uim, index: 7), wms)?.result == .failure(.noEntry))
    #expect(host.request(WMS.RawReadRequest(location: second), wms)?.result == .failure(.noEntry))
    #expect(host.request(WMS.ModifyTagRequest(location: second, tag: .sent), wms)?.result == .failure(.noEntry))
    // The lowest free index is used again.
    #expect(write() == .success)
    #expect(try list(nil) == [0, 1])
    #expect(host.request(WMS.DeleteRequest(storage: .uim), wms)?.result == .success)
    #expect(try list(nil) == [])
    #expect(host.modem.storedMessages(in: .none).isEmpty)
  }

  // MARK: - Incoming

  @Test func incomingIsStoredAndAnnounced() throws {
    let host = try TestHost()
    let listener = try host.allocateListener()
    let silent = try host.allocate(.wms)
    let tpdu = try deliverTPDU("Hello")
    host.carrierSends(.deliver(id: 77, tpdu: tpdu))
    #expect(host.toCarrier == [.deliverResult(id: 77, outcome: .accepted)])
    #expect(host.indications.map(\.clientID) == [listener])
    let report = try WMS.EventReportIndication(decoding: host.indications[0])
    #expect(report.storedMessage == .init(storage: .nv, index: 0))
    let read = try #require(host.request(WMS.RawReadRequest(location: .init(storage: .nv, index: 0)), silent))
    let stored = try #require(try WMS.RawReadResponse(decoding: read).stored)
    #expect(stored.tag == .receivedUnread)
    let pdu = try RawPDU(decoding: stored.message.octets)
    #expect(pdu.tpdu == tpdu)
    #expect(pdu.serviceCentre.dialString == "+919876543210")
  }

  @Test func classDecidesTheStorage() throws {
    let host = try TestHost()
    host.carrierSends(.deliver(id: 1, tpdu: try deliverTPDU("SIM", scheme: DataCodingScheme(rawValue: 0xF2))))
    #expect(host.modem.storedMessages(in: .uim).count == 1)
    let wms = try host.allocate(.wms)
    let discard = WMS.Route(messageClass: .class0, storage: .none, receiptAction: .discard)
    #expect(host.request(WMS.SetRoutesRequest(routes: [discard]), wms)?.result == .success)
    host.carrierSends(.deliver(id: 2, tpdu: try deliverTPDU("flash", scheme: DataCodingScheme(rawValue: 0xF0))))
    #expect(host.modem.storedMessages(in: .nv).isEmpty)
    // A silent message leaves no trace.
    host.carrierSends(.deliver(id: 3, tpdu: try deliverTPDU("ping", protocolIdentifier: .type0)))
    #expect(host.modem.storedMessages(in: .nv).isEmpty)
    #expect(host.toCarrier == [1, 2, 3].map { .deliverResult(id: $0, outcome: .accepted) })
    let routes = try WMS.GetRoutesResponse(decoding: try #require(host.request(WMS.GetRoutesRequest(), wms))).routes
    #expect(routes.first == discard && routes.count == 5)
    let nonsense = WMS.Route(messageClass: .class1, storage: .none, receiptAction: .storeAndNotify)
    #expect(host.request(WMS.SetRoutesRequest(routes: [nonsense]), wms)?.result == .failure(.invalidArgument))
  }

  @Test func transferWithAcknowledgement() throws {
    let host = try TestHost()
    let wms = try host.allocateListener()
    let route = WMS.Route(messageClass: .none, storage: .none, receiptAction: .transferAndAck)
    #expect(host.request(WMS.SetRoutesRequest(routes: [route]), wms)?.result == .success)
    host.carrierSends(.deliver(id: 5, tpdu: try deliverTPDU("Take it")))
    #expect(host.toCarrier.isEmpty)
    let transferred = try #require(try WMS.EventReportIndication(decoding: host.indications[0]).transferredMessage)
    #expect(transferred.ackIndicator == .send)
    let ack = WMS.SendAckRequest(transactionID: transferred.transactionID)
    #expect(host.request(ack, wms)?.result == .success)
    #expect(host.toCarrier == [.deliverResult(id: 5, outcome: .accepted)])
    // The second time there is nothing left to acknowledge.
    #expect(host.request(ack, wms)?.result == .failure(.ackNotSent))

    host.carrierSends(.deliver(id: 6, tpdu: try deliverTPDU("Refuse it")))
    let refusal = WMS.SendAckRequest(
      transactionID: 2, isSuccess: false, failure: .init(rpCause: 22, tpCause: .memoryCapacityExceeded))
    #expect(host.request(refusal, wms)?.result == .success)
    #expect(
      host.toCarrier.last
        == .deliverResult(id: 6, outcome: .refused(RPCause(rawValue: 22), failureCause: .memoryCapacityExceeded)))

    host.carrierSends(.deliver(id: 7, tpdu: try deliverTPDU("Forget it")))
    host.wait(.seconds(15))
    #expect(host.toCarrier.last == .deliverResult(id: 7, outcome: .refused(.protocolError, failureCause: nil)))
  }

  @Test func transferWithoutAcknowledgementOrListener() throws {
    let host = try TestHost()
    let wms = try host.allocate(.wms)
    let route = WMS.Route(messageClass: .none, storage: .none, receiptAction: .transferOnly)
    #expect(host.request(WMS.SetRoutesRequest(routes: [route]), wms)?.result == .success)
    host.carrierSends(.deliver(id: 1, tpdu: try deliverTPDU("Nobody listens")))
    #expect(host.modem.storedMessages(in: .nv).count == 1)
    #expect(host.request(WMS.SetEventReportRequest(reportsNewMessages: true), wms)?.result == .success)
    host.carrierSends(.deliver(id: 2, tpdu: try deliverTPDU("Somebody does")))
    #expect(host.modem.storedMessages(in: .nv).count == 1)
    let transferred = try WMS.EventReportIndication(decoding: try #require(host.indications.last)).transferredMessage
    #expect(transferred?.ackIndicator == .doNotSend)
    #expect(host.toCarrier.count == 2)
  }

  @Test func fullStorageIsToldAndRoomAsWell() throws {
    let host = try TestHost { $0.deviceCapacity = 1 }
    let wms = try host.allocate(.wms)
    host.carrierSends(.deliver(id: 1, tpdu: try deliverTPDU("fits")))
    host.carrierSends(.deliver(id: 2, tpdu: try deliverTPDU("does not")))
    let refusal = CarrierLink.TransferOutcome.refused(RPCause(rawValue: 22), failureCause: .memoryCapacityExceeded)
    #expect(host.toCarrier.last == .deliverResult(id: 2, outcome: refusal))
    #expect(host.request(WMS.DeleteRequest(storage: .nv, index: 0), wms)?.result == .success)
    #expect(host.toCarrier.last == .memoryAvailable)
    #expect(host.request(WMS.DeleteRequest(storage: .nv), wms)?.result == .success)
    #expect(host.toCarrier.count == 3)
  }

  struct Unexpected: Error {}
}
