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
