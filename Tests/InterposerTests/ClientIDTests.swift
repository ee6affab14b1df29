import Interposer
import QMI
import Testing

@Suite struct ClientIDTests {
  private func allocate(_ service: QMIService, _ clientID: ClientID, _ rig: Rig, _ client: ClientConnection) {
    rig.send(CTL.AllocateClientIDRequest(service: service).encoded(transaction: 7), from: client)
    let response = CTL.AllocateClientIDResponse(.init(service: service, clientID: clientID))
    rig.respond(to: rig.takeRequest(), response.encoded(transaction: 99))
    #expect(rig.takeOne(client) == response.encoded(transaction: 7))
  }

  private func released(_ requests: [Rig.ModemRequest]) throws -> [CTL.ClientIDAllocation] {
    try requests.map { try CTL.ReleaseClientIDRequest(decoding: $0.frame).allocation }
  }

  @Test func allocatedIDsGetIndicationsAndAreReleasedAfterTheGraceTime() throws {
    let rig = Rig()
    let client = rig.open()
    allocate(.nas, 5, rig, client)
    rig.indicate(Sample.indication(.nas, client: 5))
    #expect(rig.take(client).count == 1)
    rig.disconnect(client)
    rig.advance(.milliseconds(29_999))
    #expect(rig.takeRequests().isEmpty)
    rig.advance(.milliseconds(1))
    let requests = rig.takeRequests()
    #expect(try released(requests) == [.init(service: .nas, clientID: 5)])
    #expect(requests.first?.frame.transaction == 0)
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func aReleaseThatTheModemDoesNotTakeIsTriedAgain() throws {
    let rig = Rig()
    let client = rig.open()
    allocate(.nas, 5, rig, client)
    rig.disconnect(client)
    rig.advance(.seconds(30))
    rig.fail(rig.takeRequest(), .timedOut)
    #expect(rig.keptIDs == [.init(service: .nas, clientID: 5)])
    rig.advance(.seconds(30))
    let second = rig.takeRequest()
    rig.respond(to: second, second.frame.response(.internal))
    rig.advance(.seconds(30))
    let third = rig.takeRequest()
    #expect(try released([third]) == [.init(service: .nas, clientID: 5)])
    // Not for ever: a device must come to rest.
    rig.fail(third, .timedOut)
    #expect(rig.interposer.nextDeadline == nil && rig.keptIDs.isEmpty)
  }

  @Test func whatAKilledProxyHadIsGivenBackByTheNext() throws {
    let killed = Rig(tap: .intercept)
    let client = killed.open()
    allocate(.nas, 5, killed, client)
    allocate(.dms, 6, killed, client)
    killed.send(Sample.request(.wds, client: 2, message: WDS.ID.startNetwork), from: client)
    let call = killed.takeRequest()
    killed.respond(to: call, call.frame.response(.success))
    // A data call outlives its client, and the proxy.
    let own = CTL.ClientIDAllocation(service: .wms, clientID: Rig.ownClientID)
    #expect(killed.keptIDs == [.init(service: .dms, clientID: 6), .init(service: .nas, clientID: 5), own])

    let rig = Rig(isModemOpen: false)
    rig.interposer.restoreClientIDs(killed.keptIDs)
    rig.advance(.seconds(60))
    #expect(rig.keptIDs.isEmpty && rig.takeRequests().isEmpty)
    rig.openModem()
    // One of them is still used by somebody who only came back.
    let other = rig.open()
    rig.send(Sample.request(.nas, client: 5), from: other)
    _ = rig.takeRequest()
    rig.advance(.seconds(30))
    #expect(try released(rig.takeRequests()) == [.init(service: .dms, clientID: 6), own])
    #expect(rig.keptIDs == [.init(service: .nas, clientID: 5)])
  }

  @Test func idsAreKeptBeforeAClientHearsOfThemAndVoidWithoutTheirModem() {
    var interposer = Interposer(configuration: .init(device: Rig.device))
    interposer.modemOpened(now: .zero)
    let connection = ClientConnection(rawValue: 1)
    interposer.clientConnected(connection, now: .zero)
    func send(_ frame: QMUXFrame) { frame.octets.withUnsafeBytes { interposer.clientSent($0, from: connection, now: .zero) } }
    func actions() -> [Interposer.Action] { Array(sequence(state: ()) { _ in interposer.nextAction() }) }
    send(Rig.proxyOpen(Rig.device))
    send(CTL.AllocateClientIDRequest(service: .nas).encoded(transaction: 7))
    guard case .sendToModem(let request, _, _)? = actions().last else {
      Issue.record("the request was not passed on")
      return
    }
    let allocation = CTL.ClientIDAllocation(service: .nas, clientID: 5)
    let response = CTL.AllocateClientIDResponse(allocation)
    interposer.modemResponded(request, response.encoded(transaction: 99), now: .zero)
    #expect(
      actions() == [.keepClientIDs([allocation]), .sendToClient(connection, response.encoded(transaction: 7).octets)])
    interposer.modemRemoved(now: .zero)
    #expect(actions() == [.closeClient(connection, .modemRemoved), .keepClientIDs([])])
  }

  @Test func idsReleasedByTheirClientAreNotReleasedAgain() throws {
    let rig = Rig()
    let client = rig.open()
    allocate(.nas, 5, rig, client)
    rig.send(CTL.ReleaseClientIDRequest(.init(service: .nas, clientID: 5)).encoded(transaction: 3), from: client)
    let request = rig.takeRequest()
    rig.respond(to: request, CTL.ReleaseClientIDResponse(.init(service: .nas, clientID: 5)).encoded(transaction: 50))
    #expect(rig.takeOne(client).transaction == 3)
    rig.indicate(Sample.indication(.nas, client: 5))
    #expect(rig.take(client).isEmpty)
    rig.disconnect(client)
    rig.advance(.seconds(60))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func aVanishedClientsIDIsAdoptedOnUse() {
    let rig = Rig()
    let first = rig.open()
    allocate(.nas, 5, rig, first)
    rig.disconnect(first)
    rig.advance(.seconds(29))
    let second = rig.open()
    rig.send(Sample.request(.nas, client: 5), from: second)
    #expect(rig.takeRequests().count == 1)
    rig.advance(.seconds(60))
    #expect(rig.takeRequests().isEmpty)
    rig.indicate(Sample.indication(.nas, client: 5))
    #expect(rig.take(second).count == 1)
  }

  @Test func anIDFromBeforeThisProxyIsAdoptedAndReleased() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(.uim, client: 9), from: client)
    _ = rig.takeRequests()
    rig.disconnect(client)
    rig.advance(.seconds(30))
    #expect(try released(rig.takeRequests()) == [.init(service: .uim, clientID: 9)])
  }

  @Test func anIDThatAnotherClientStillUsesIsKept() {
    let rig = Rig()
    let first = rig.open()
    let second = rig.open()
    rig.send(Sample.request(.nas, client: 5), from: first)
    rig.send(Sample.request(.nas, client: 5), from: second)
    _ = rig.takeRequests()
    rig.disconnect(first)
    rig.advance(.seconds(60))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func anotherClientMayReleaseAVanishedOnesID() {
    let rig = Rig()
    let first = rig.open()
    allocate(.nas, 5, rig, first)
    rig.disconnect(first)
    let second = rig.open()
    rig.send(CTL.ReleaseClientIDRequest(.init(service: .nas, clientID: 5)).encoded(transaction: 3), from: second)
    #expect(rig.takeRequests().count == 1)
    rig.advance(.seconds(60))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func anIDGivenToAClientThatHasGoneIsReleasedAtOnce() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(CTL.AllocateClientIDRequest(service: .nas).encoded(transaction: 7), from: client)
    let request = rig.takeRequest()
    rig.disconnect(client)
    rig.respond(to: request, CTL.AllocateClientIDResponse(.init(service: .nas, clientID: 6)).encoded(transaction: 9))
    #expect(try released(rig.takeRequests()) == [.init(service: .nas, clientID: 6)])
    #expect(rig.take(client).isEmpty)
  }

  @Test func aFailedAllocationTracksNothing() {
    let rig = Rig()
    let client = rig.open()
    rig.send(CTL.AllocateClientIDRequest(service: .nas).encoded(transaction: 7), from: client)
    rig.respond(
      to: rig.takeRequest(), CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 9))
    #expect(rig.takeOne(client).result == .failure(.clientIDsExhausted))
    rig.disconnect(client)
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func aModemWithoutIDsGetsThoseOfVanishedClientsBackAtOnce() throws {
    let rig = Rig()
    let vanished = rig.open()
    allocate(.nas, 5, rig, vanished)
    rig.advance(.seconds(1))
    let other = rig.open()
    allocate(.dms, 6, rig, other)
    rig.disconnect(other)
    rig.disconnect(vanished)
    let client = rig.open()
    rig.send(CTL.AllocateClientIDRequest(service: .nas).encoded(transaction: 7), from: client)
    let exhausted = CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 9)
    rig.respond(to: rig.takeRequest(), exhausted)
    #expect(rig.take(client).isEmpty)
    let requests = rig.takeRequests()
    #expect(try requests.count == 2 && released([requests[0]]) == [.init(service: .nas, clientID: 5)])
    rig.respond(to: requests[0], requests[0].frame.response(.success))
    let response = CTL.AllocateClientIDResponse(.init(service: .nas, clientID: 5))
    rig.respond(to: requests[1], response.encoded(transaction: 10))
    #expect(rig.takeOne(client) == response.encoded(transaction: 7))
    #expect(rig.keptIDs == [.init(service: .dms, clientID: 6), .init(service: .nas, clientID: 5)])
    // Where nobody has vanished there is nothing to give back.
    rig.send(CTL.AllocateClientIDRequest(service: .nas).encoded(transaction: 8), from: client)
    rig.respond(to: rig.takeRequest(), exhausted)
    #expect(rig.takeOne(client).result == .failure(.clientIDsExhausted))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func theInterposersOwnClientMakesRoom() throws {
    let rig = Rig()
    let vanished = rig.open()
    allocate(.wms, 5, rig, vanished)
    rig.disconnect(vanished)
    rig.setTapMode(.intercept)
    rig.respond(to: rig.takeRequest(), CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 9))
    let requests = rig.takeRequests()
    #expect(try requests.count == 2 && released([requests[0]]) == [.init(service: .wms, clientID: 5)])
    rig.respond(to: requests[0], requests[0].frame.response(.success))
    rig.respond(to: requests[1], CTL.AllocateClientIDResponse(.init(service: .wms, clientID: 5)).encoded(transaction: 9))
    #expect(rig.keptIDs == [.init(service: .wms, clientID: 5)])
  }

  @Test func aDataCallOutlivesItsClient() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(.wds, client: 4, message: WDS.ID.startNetwork), from: client)
    let start = rig.takeRequest()
    rig.respond(to: start, start.frame.response(.success))
    rig.disconnect(client)
    rig.advance(.seconds(3600))
    #expect(rig.takeRequests().isEmpty)

    let next = rig.open()
    rig.send(Sample.request(.wds, client: 4, message: WDS.ID.stopNetwork), from: next)
    let stop = rig.takeRequest()
    rig.respond(to: stop, stop.frame.response(.success))
    rig.disconnect(next)
    rig.advance(.seconds(30))
    #expect(try released(rig.takeRequests()) == [.init(service: .wds, clientID: 4)])
  }

  @Test func aDataCallThatNeverStartedDoesNot() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(.wds, client: 4, message: WDS.ID.startNetwork), from: client)
    let start = rig.takeRequest()
    rig.respond(to: start, start.frame.response(.callFailed))
    rig.disconnect(client)
    rig.advance(.seconds(30))
    #expect(rig.takeRequests().count == 1)
  }

  @Test func aDataCallStoppedAfterItsClientLeftIsReleased() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(.wds, client: 4, message: WDS.ID.startNetwork), from: client)
    let start = rig.takeRequest()
    rig.respond(to: start, start.frame.response(.success))
    rig.send(Sample.request(.wds, client: 4, message: WDS.ID.stopNetwork), from: client)
    let stop = rig.takeRequest()
    rig.disconnect(client)
    rig.respond(to: stop, stop.frame.response(.success))
    rig.advance(.seconds(30))
    #expect(try released(rig.takeRequests()) == [.init(service: .wds, clientID: 4)])
  }

  @Test func answersForAVanishedClientGoNowhere() {
    let rig = Rig()
    let client = rig.open()
    rig.send(Sample.request(), from: client)
    let request = rig.takeRequest()
    rig.disconnect(client)
    let other = rig.open()
    rig.respond(to: request, request.frame.response(.success))
    #expect(rig.take(other).isEmpty && rig.take(client).isEmpty)
  }

  @Test func trackedIDsAreBounded() {
    let rig = Rig { $0.limits.clientIDs = 2 }
    let client = rig.open()
    for id in 1...5 { rig.send(Sample.request(.nas, client: ClientID(rawValue: UInt8(id))), from: client) }
    #expect(rig.takeRequests().count == 5)
    rig.disconnect(client)
    rig.advance(.seconds(30))
    #expect(rig.takeRequests().count == 2)
  }

  @Test func theInterposersOwnIDCannotBeReleasedByAClient() {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(CTL.ReleaseClientIDRequest(.init(service: .wms, clientID: Rig.ownClientID)).encoded(transaction: 3), from: client)
    #expect(rig.takeOne(client).result == .failure(.invalidClientID))
    #expect(rig.takeRequests().isEmpty)
  }
}
