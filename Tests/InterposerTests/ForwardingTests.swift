import Interposer
import QMI
import Testing

@Suite struct ForwardingTests {
  @Test(arguments: [TapMode.off, .observe, .intercept])
  func requestAndResponsePassUnchanged(tap: TapMode) {
    let rig = Rig(tap: tap)
    let client = rig.open()
    let request = Sample.request(transaction: 0xABCD)
    rig.send(request, from: client)
    let forwarded = rig.takeRequest()
    #expect(forwarded.frame.octets == request.octets)
    #expect(forwarded.timeout == .seconds(300))
    var builder = QMIMessageBuilder(respondingTo: request)
    builder.append(0xE7, [1, 2, 3])
    let response = builder.finish()
    rig.respond(to: forwarded, response)
    #expect(rig.takeOne(client).octets == response.octets)
    #expect(rig.interposer.outstandingRequestCount == 0)
  }

  @Test func controlTransactionsAreReplacedAndPutBack() {
    let rig = Rig()
    let first = rig.open()
    let second = rig.open()
    rig.send(CTL.VersionInfoRequest().encoded(transaction: 42), from: first)
    rig.send(CTL.VersionInfoRequest().encoded(transaction: 42), from: second)
    let requests = rig.takeRequests()
    #expect(requests.map(\.frame.transaction) == [0, 0])
    // libqmi chose 200 and 201; answers come in the other order.
    let response = CTL.VersionInfoResponse(services: [.init(service: .wms, major: 1, minor: 10)])
    rig.respond(to: requests[1], response.encoded(transaction: 201))
    #expect(rig.take(first).isEmpty)
    #expect(rig.takeOne(second) == response.encoded(transaction: 42))
    rig.respond(to: requests[0], response.encoded(transaction: 200))
    #expect(rig.takeOne(first) == response.encoded(transaction: 42))
  }

  @Test func twoClientsWithTheSameIDsAreKeptApart() {
    let rig = Rig()
    let first = rig.open()
    let second = rig.open()
    rig.send(Sample.request(transaction: 9), from: first)
    rig.send(Sample.request(transaction: 9), from: second)
    let requests = rig.takeRequests()
    rig.respond(to: requests[1], requests[1].frame.response(.success))
    #expect(rig.take(first).isEmpty)
    #expect(rig.take(second).count == 1)
  }

  @Test func syncIsAnsweredHere() {
    let rig = Rig()
    let client = rig.open()
    rig.send(CTL.SyncRequest().encoded(transaction: 4), from: client)
    #expect(rig.takeOne(client) == CTL.SyncResponse().encoded(transaction: 4))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test(arguments: [0xFF22, 0xFF23, 0xFF01, 0xFFFF] as [UInt16])
  func messagesForOtherProxiesAreRefused(message: UInt16) {
    let rig = Rig()
    let client = rig.open()
    let frame = QMIMessageBuilder(
      .request, service: .control, client: 0, transaction: 8, message: MessageID(rawValue: message)
    ).finish()
    rig.send(frame, from: client)
    let answer = rig.takeOne(client)
    #expect(answer.result == .failure(.invalidQMICommand) && answer.transaction == 8)
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func onlyRequestsAreForwarded() {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request().response(.success), from: client)
    rig.send(Sample.indication(.nas, client: 1), from: client)
    #expect(rig.takeRequests().isEmpty && rig.take(client).isEmpty && rig.closed.isEmpty)
  }

  // MARK: Streams

  @Test func framesComeInAnyPieces() {
    let rig = Rig()
    let client = rig.open()
    let frames = (1...3).map { Sample.request(transaction: $0) }
    for octet in frames.flatMap(\.octets) { rig.send([octet], from: client) }
    #expect(rig.takeRequests().map(\.frame) == frames)
    rig.send(frames.flatMap(\.octets), from: client)
    #expect(rig.takeRequests().map(\.frame) == frames)
  }

  @Test func garbageClosesTheClientAndNoOther() {
    let rig = Rig()
    let bad = rig.open()
    let good = rig.open()
    rig.send(Sample.request().octets + [0x02, 0x00, 0x01], from: bad)
    #expect(rig.closed == [bad: .malformedStream])
    #expect(rig.takeRequests().count == 1)
    rig.send(Sample.request(), from: bad)
    #expect(rig.takeRequests().isEmpty)
    rig.send(Sample.request(), from: good)
    #expect(rig.takeRequests().count == 1)
  }

  @Test func aFrameWhoseLengthsDisagreeIsDropped() {
    let rig = Rig()
    let client = rig.open()
    var bad = Sample.request().octets
    bad[11] &+= 1
    rig.send(bad + Sample.request(transaction: 7).octets, from: client)
    #expect(rig.takeRequest().frame.transaction == 7)
    #expect(rig.closed.isEmpty)
  }

  @Test func halfAFrameHoldsNobodyUp() {
    let rig = Rig()
    let slow = rig.open()
    let other = rig.open()
    let frame = Sample.request()
    rig.send(Array(frame.octets.prefix(9)), from: slow)
    rig.send(frame, from: other)
    #expect(rig.takeRequests().count == 1)
    rig.disconnect(slow)
    #expect(rig.interposer.clientCount == 1)
  }

  @Test func theLargestFramePasses() {
    let rig = Rig()
    let client = rig.open()
    let frame = Sample.request(payloadCount: QMUXFrame.maximumOctetCount - 13 - 3)
    #expect(frame.octets.count == 65_536)
    for start in stride(from: 0, to: frame.octets.count, by: 4096) {
      rig.send(Array(frame.octets[start..<min(start + 4096, frame.octets.count)]), from: client)
    }
    let forwarded = rig.takeRequest()
    #expect(forwarded.frame == frame)
    var builder = QMIMessageBuilder(respondingTo: frame)
    builder.append(0x10, [UInt8](repeating: 9, count: builder.remainingOctetCount - 3))
    let response = builder.finish()
    rig.respond(to: forwarded, response)
    #expect(rig.takeOne(client) == response)
  }

  @Test func aClientThatStopsReadingIsCutOff() {
    let rig = Rig { $0.limits.backlogOctets = 1000 }
    let client = rig.open()
    let other = rig.open()
    rig.interposer.clientBacklog(client, octetCount: 1000, now: .zero)
    rig.drain()
    #expect(rig.closed.isEmpty)
    rig.interposer.clientBacklog(client, octetCount: 1001, now: .zero)
    rig.drain()
    #expect(rig.closed == [client: .stoppedReading])
    rig.interposer.clientBacklog(client, octetCount: 5000, now: .zero)
    rig.drain()
    rig.send(Sample.request(), from: other)
    #expect(rig.takeRequests().count == 1)
  }

  // MARK: Requests without an answer

  @Test func whatTheModemNeverAnswersIsNotAnswered() {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(transaction: 1), from: client)
    rig.send(Sample.request(transaction: 2), from: client)
    let requests = rig.takeRequests()
    rig.fail(requests[0], .timedOut)
    #expect(rig.take(client).isEmpty)
    rig.respond(to: requests[1], requests[1].frame.response(.success))
    #expect(rig.takeOne(client).transaction == 2)
    #expect(rig.interposer.outstandingRequestCount == 0)
    // A response after the timeout finds nobody, even when its slot is in use again.
    rig.send(Sample.request(transaction: 3), from: client)
    rig.respond(to: requests[0], requests[0].frame.response(.success))
    #expect(rig.take(client).isEmpty)
  }

  @Test func whatNeverLeftIsAnsweredWithAFailure() {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(transaction: 77), from: client)
    rig.fail(rig.takeRequest(), .notSent)
    let answer = rig.takeOne(client)
    #expect(answer.result == .failure(.internal) && answer.transaction == 77 && answer.messageID == 0x4D)
    rig.send(CTL.VersionInfoRequest().encoded(transaction: 3), from: client)
    rig.fail(rig.takeRequest(), .notSent)
    #expect(rig.takeOne(client).transaction == 3)
  }

  @Test func outstandingRequestsAreBoundedPerClient() {
    let rig = Rig { $0.limits.requests = 3 }
    let busy = rig.open()
    let other = rig.open()
    for transaction in 1...4 { rig.send(Sample.request(transaction: UInt16(transaction)), from: busy) }
    let refused = rig.takeOne(busy)
    #expect(refused.transaction == 4 && refused.result == .failure(.insufficientResources))
    let requests = rig.takeRequests()
    #expect(requests.count == 3)
    rig.send(Sample.request(), from: other)
    #expect(rig.takeRequests().count == 1)
    rig.respond(to: requests[0], requests[0].frame.response(.success))
    _ = rig.take(busy)
    rig.send(Sample.request(transaction: 5), from: busy)
    #expect(rig.takeRequests().count == 1)
  }

  @Test func theBoundHoldsForMessagesTooAndIsAskedBeforeTheTap() throws {
    let rig = Rig(tap: .intercept) { $0.limits.requests = 1 }
    let client = rig.open()
    rig.send(Sample.request(), from: client)
    _ = rig.takeRequest()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    #expect(rig.takeOne(client).result == .failure(.insufficientResources))
    #expect(rig.takeEvents().isEmpty)
  }

  @Test func clientsAreBounded() {
    let rig = Rig { $0.limits.clients = 2 }
    _ = rig.connect()
    let second = rig.connect()
    let third = rig.connect()
    #expect(rig.closed == [third: .tooManyClients])
    rig.disconnect(second)
    let fourth = rig.connect()
    #expect(rig.closed[fourth] == nil)
  }

  // MARK: Indications

  @Test func indicationsGoToTheHoldersOfTheID() {
    let rig = Rig()
    let first = rig.open()
    let second = rig.open()
    rig.send(Sample.request(.nas, client: 1), from: first)
    rig.send(Sample.request(.nas, client: 2), from: second)
    let indication = Sample.indication(.nas, client: 2)
    rig.indicate(indication)
    #expect(rig.take(first).isEmpty)
    #expect(rig.take(second) == [indication])
    rig.indicate(Sample.indication(.dms, client: 2))
    rig.indicate(Sample.indication(.nas, client: 3))
    #expect(rig.take(first).isEmpty && rig.take(second).isEmpty)
  }

  @Test func broadcastsGoOnceToEachUserOfTheService() {
    let rig = Rig()
    let twice = rig.open()
    let once = rig.open()
    let never = rig.open()
    rig.send(Sample.request(.nas, client: 1), from: twice)
    rig.send(Sample.request(.nas, client: 2), from: twice)
    rig.send(Sample.request(.nas, client: 3), from: once)
    rig.send(Sample.request(.dms, client: 3), from: never)
    rig.indicate(Sample.indication(.nas, client: .broadcast))
    #expect(rig.take(twice).count == 1)
    #expect(rig.take(once).count == 1)
    #expect(rig.take(never).isEmpty)
  }

  @Test func anIDUsedByTwoClientsReachesBoth() {
    let rig = Rig()
    let first = rig.open()
    let second = rig.open()
    rig.send(Sample.request(.nas, client: 1), from: first)
    rig.send(Sample.request(.nas, client: 1), from: second)
    rig.indicate(Sample.indication(.nas, client: 1))
    #expect(rig.take(first).count == 1 && rig.take(second).count == 1)
  }

  @Test func controlIndicationsAndStrayKindsStayHere() {
    let rig = Rig()
    let client = rig.open()
    rig.indicate(CTL.SyncIndication().encoded(transaction: 0))
    rig.indicate(Sample.request())
    #expect(rig.take(client).isEmpty)
  }

  // MARK: Unplugged

  @Test func removalClosesEveryoneAndVoidsIDsAndRequests() {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(), from: client)
    let request = rig.takeRequest()
    rig.removeModem()
    #expect(rig.closed == [client: .modemRemoved])
    #expect(rig.interposer.clientCount == 0 && !rig.interposer.isModemOpen)
    #expect(rig.interposer.nextDeadline == nil)
    rig.respond(to: request, request.frame.response(.success))
    rig.fail(request, .removed)
    #expect(rig.take(client).isEmpty)

    let again = rig.connect()
    rig.send(Rig.proxyOpen(Rig.device), from: again)
    #expect(rig.takeEvents() == [.openModem])
    rig.openModem()
    #expect(rig.takeOne(again).result == .success)
    rig.send(Sample.request(), from: again)
    #expect(rig.takeRequests().count == 1)
    // An id from before means nothing to the new modem: nothing is released.
    rig.advance(.seconds(60))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func removalWithNothingOpenIsHarmless() {
    let rig = Rig(isModemOpen: false)
    rig.removeModem()
    rig.removeModem()
    #expect(rig.closed.isEmpty)
  }
}
