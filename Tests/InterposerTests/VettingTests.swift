import Interposer
import QMI
import Telephony
import Testing

/// Before clients may list what the modem has stored, it is looked at.
@Suite struct VettingTests {
  private func entries(_ rig: Rig, _ entries: [(UInt32, WMS.MessageTag)]) throws {
    let request = rig.takeRequest()
    #expect(request.frame.messageID == WMS.ID.listMessages && request.timeout == .seconds(3))
    rig.respond(
      to: request,
      WMS.ListMessagesResponse(entries: entries.map { .init(index: $0.0, tag: $0.1) })
        .encoded(client: Rig.ownClientID, transaction: 1))
  }

  private func vettingRig(_ adjust: (inout Interposer.Configuration) -> Void = { _ in }) -> (Rig, ClientConnection) {
    let rig = Rig(tap: .intercept, adjust)
    rig.vetStorage()
    return (rig, rig.open())
  }

  private func answerRead(_ rig: Rig, _ place: WMS.MessageLocation) throws {
    let request = rig.takeRequest()
    #expect(try WMS.RawReadRequest(decoding: request.frame).location == place)
    rig.respond(
      to: request,
      WMS.RawReadResponse(.init(tag: .receivedUnread, message: try Sample.raw(Sample.deliver().encoded())))
        .encoded(client: Rig.ownClientID, transaction: 1))
  }

  private static let list = WMS.ListMessagesRequest(storage: .uim, mode: .gsmWCDMA).encoded(client: 3, transaction: 9)

  @Test func clientsListWhenAllHasBeenLookedAt() throws {
    let (rig, client) = vettingRig()
    rig.send(Self.list, from: client)
    // The SIM first, then the device; of each what came in, unread messages first.
    try entries(rig, [(4, .receivedRead), (5, .receivedUnread), (6, .sent), (7, .unsent)])
    try entries(rig, [(2, .receivedUnread)])
    for place in [WMS.MessageLocation(storage: .nv, index: 2), .init(storage: .uim, index: 5), .init(storage: .uim, index: 4)] {
      try answerRead(rig, place)
      let message = try #require(rig.takeReceived())
      #expect(message.source == .found(place))
      #expect(rig.resolveIncoming(message.id, place.index == 5 ? .consume : .announce))
      if place.index == 5 {
        let deletion = rig.takeRequest()
        let request = try WMS.DeleteRequest(decoding: deletion.frame)
        #expect(request.storage == .uim && request.index == 5)
        rig.respond(to: deletion, deletion.frame.response(.success))
      }
    }
    #expect(rig.takeRequest().frame == Self.list)
    #expect(rig.interposer.nextDeadline == nil && rig.take(client).isEmpty)
  }

  @Test func aModemThatDoesNotAnswerHoldsNobodyUp() throws {
    let (rig, client) = vettingRig()
    _ = rig.takeRequest()
    rig.send(Self.list, from: client)
    rig.advance(.milliseconds(2_900))
    #expect(rig.takeRequests().isEmpty)
    rig.advance(.milliseconds(200))
    #expect(rig.takeRequest().frame == Self.list)
  }

  @Test func anAnswerThatNeverEndsHoldsNobodyUp() throws {
    let (rig, client) = vettingRig()
    rig.send(Self.list, from: client)
    try entries(rig, (1...40).map { ($0, .receivedUnread) })
    try entries(rig, [])
    for _ in 0..<3 {
      rig.advance(.milliseconds(900))
      let request = rig.takeRequest()
      rig.respond(to: request, request.frame.response(.noEntry))
    }
    rig.advance(.milliseconds(400))
    #expect(rig.takeRequests().contains { $0.frame == Self.list })
    // And it is not gone on with.
    rig.advance(.seconds(30))
    #expect(rig.takeRequests().isEmpty && rig.interposer.nextDeadline == nil)
  }

  @Test(arguments: [QMIError.noEntry, .notSupported]) func aStorageThatCannotBeListedIsEmpty(error: QMIError) throws {
    let (rig, client) = vettingRig()
    rig.send(Self.list, from: client)
    for _ in 0..<2 {
      let request = rig.takeRequest()
      rig.respond(to: request, request.frame.response(error))
    }
    #expect(rig.takeRequest().frame == Self.list)
  }

  @Test func moreThanCanBeLookedAtIsLeftAlone() throws {
    let (rig, _) = vettingRig { $0.limits.vettedMessages = 2 }
    try entries(rig, [(1, .receivedRead), (2, .receivedUnread), (3, .receivedUnread), (4, .receivedUnread)])
    try entries(rig, [])
    for index: UInt32 in [4, 3] {
      try answerRead(rig, WMS.MessageLocation(storage: .uim, index: index))
      rig.resolveIncoming(try #require(rig.takeReceived()).id, .announce)
    }
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func whatIsAnnouncedMeanwhileIsLookedAtOnce() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.openReporting(3)
    rig.vetStorage()
    try entries(rig, [(1, .receivedUnread), (2, .receivedUnread)])
    try entries(rig, [])
    // Announced before it is looked at, and while it is read.
    for index: UInt32 in [1, 2] { rig.indicate(Sample.eventReport(.init(storage: .uim, index: index), client: 3)) }
    let requests = rig.takeRequests()
    #expect(try requests.map { try WMS.RawReadRequest(decoding: $0.frame).location.index } == [2, 1])
    for request in requests {
      rig.respond(
        to: request,
        WMS.RawReadResponse(.init(tag: .receivedUnread, message: try Sample.raw(Sample.deliver().encoded())))
          .encoded(client: Rig.ownClientID, transaction: 1))
      let message = try #require(rig.takeReceived())
      guard case .stored = message.source else {
        Issue.record("\(message.source)")
        continue
      }
      rig.resolveIncoming(message.id, .announce)
    }
    #expect(rig.take(client).count == 2 && rig.takeRequests().isEmpty && rig.interposer.nextDeadline == nil)
  }

  @Test func readsThatWaitAreBoundedAndForgottenWithTheirClient() throws {
    let (rig, client) = vettingRig { $0.limits.heldReads = 3 }
    _ = rig.takeRequest()
    let leaver = rig.open()
    let place = WMS.MessageLocation(storage: .uim, index: 1)
    rig.send(WMS.RawReadRequest(location: place, mode: .gsmWCDMA).encoded(client: 4, transaction: 1), from: leaver)
    for transaction: ServiceTransactionID in [1, 2, 3] {
      rig.send(WMS.RawReadRequest(location: place, mode: .gsmWCDMA).encoded(client: 3, transaction: transaction), from: client)
    }
    #expect(rig.takeRequests().map(\.frame.transaction) == [3])
    rig.disconnect(leaver)
    rig.advance(.seconds(3))
    #expect(rig.takeRequests().filter { $0.frame.messageID == WMS.ID.rawRead }.map(\.frame.transaction) == [1, 2])
  }

  @Test func withTheModemAllOfItIsForgotten() throws {
    let (rig, client) = vettingRig()
    rig.send(Self.list, from: client)
    _ = rig.takeRequests()
    rig.removeModem()
    #expect(rig.closed[client] == .modemRemoved && rig.takeRequests().isEmpty)
    rig.vetStorage()
    #expect(rig.takeRequests().isEmpty)
    #expect(rig.interposer.queues.allSatisfy { !$0.restsEmpty || $0.count == 0 })
  }

  @Test(arguments: [true, false]) func aListWaitsForTheDecisionAboutAnAnnouncedMessage(isCopy: Bool) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.openReporting(3)
    let place = WMS.MessageLocation(storage: .uim, index: 7)
    rig.indicate(Sample.eventReport(place, client: 3))
    rig.send(Self.list, from: client)
    // What is elsewhere can be read.
    let other = WMS.RawReadRequest(location: .init(storage: .uim, index: 8), mode: .gsmWCDMA).encoded(client: 3, transaction: 10)
    rig.send(other, from: client)
    let requests = rig.takeRequests()
    #expect(requests.count == 2 && requests[1].frame == other)
    rig.respond(
      to: requests[0],
      WMS.RawReadResponse(.init(tag: .receivedUnread, message: try Sample.raw(Sample.deliver().encoded())))
        .encoded(client: Rig.ownClientID, transaction: 1))
    let message = try #require(rig.takeReceived())
    #expect(rig.takeRequests().isEmpty)
    rig.resolveIncoming(message.id, isCopy ? .consume : .announce)
    if isCopy {
      let deletion = rig.takeRequest()
      rig.respond(to: deletion, deletion.frame.response(.success))
    }
    #expect(rig.takeRequest().frame == Self.list)
    #expect(rig.take(client).count == (isCopy ? 0 : 1))
  }
}
