import Interposer
import QMI
import Telephony
import Testing

@Suite struct IncomingTests {
  private static let location = WMS.MessageLocation(storage: .uim, index: 7)

  private func interceptingRig(_ adjust: (inout Interposer.Configuration) -> Void = { _ in }) -> (Rig, ClientConnection) {
    let rig = Rig(tap: .intercept, adjust)
    return (rig, rig.openReporting(3))
  }

  private func read(_ message: WMS.RawMessage) -> QMUXFrame {
    WMS.RawReadResponse(.init(tag: .receivedUnread, message: message))
      .encoded(client: Rig.ownClientID, transaction: 1)
  }

  /// Announces a message and lets it be read.
  private func announce(
    _ rig: Rig, _ deliver: SMSDeliver
  ) throws -> (QMUXFrame, IncomingCarrierMessage) {
    let location = Self.location
    let indication = Sample.eventReport(location, client: 3)
    rig.indicate(indication)
    let request = rig.takeRequest()
    #expect(request.frame.clientID == Rig.ownClientID && request.timeout == .seconds(3))
    #expect(try WMS.RawReadRequest(decoding: request.frame).location == location)
    rig.respond(to: request, read(try Sample.raw(deliver.encoded())))
    return (indication, try #require(rig.takeReceived()))
  }

  @Test(arguments: [TapMode.off, .observe])
  func isNotHeldUnlessIntercepting(tap: TapMode) {
    let rig = Rig(tap: tap)
    let client = rig.openReporting(3)
    let indication = Sample.eventReport(Self.location, client: 3)
    rig.indicate(indication)
    #expect(rig.take(client) == [indication])
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func announceLetsItThroughUnchanged() throws {
    let (rig, client) = interceptingRig()
    let deliver = try Sample.deliver()
    let (indication, message) = try announce(rig, deliver)
    #expect(message.source == .stored(Self.location) && message.deliver == deliver)
    #expect(rig.take(client).isEmpty)
    #expect(rig.resolveIncoming(message.id, .announce))
    #expect(rig.take(client) == [indication])
    #expect(!rig.resolveIncoming(message.id, .announce))
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func consumeDeletesItAndTellsNobody() throws {
    let (rig, client) = interceptingRig()
    let (_, message) = try announce(rig, Sample.deliver())
    rig.resolveIncoming(message.id, .consume)
    let request = rig.takeRequest()
    let deletion = try WMS.DeleteRequest(decoding: request.frame)
    #expect(deletion.storage == .uim && deletion.index == 7 && deletion.tag == nil)
    #expect(rig.takeEvents().isEmpty)
    rig.respond(to: request, request.frame.response(.success))
    #expect(rig.takeEvents() == [.consumed(message.id)])
    #expect(rig.take(client).isEmpty && rig.interposer.nextDeadline == nil)
  }

  enum Trouble: CaseIterable { case refused, late }

  @Test(arguments: Trouble.allCases)
  func whatCannotBeDeletedIsAnnounced(trouble: Trouble) throws {
    let (rig, client) = interceptingRig()
    let (indication, message) = try announce(rig, Sample.deliver())
    rig.resolveIncoming(message.id, .consume)
    let request = rig.takeRequest()
    if trouble == .refused {
      rig.respond(to: request, request.frame.response(.internal))
    } else {
      rig.advance(.seconds(3))
    }
    #expect(rig.take(client) == [indication])
  }

  enum ReadTrouble: CaseIterable { case refused, timedOut, notSent, late, malformed, otherFormat }

  @Test(arguments: ReadTrouble.allCases)
  func whatCannotBeReadIsAnnounced(trouble: ReadTrouble) throws {
    let (rig, client) = interceptingRig()
    let indication = Sample.eventReport(Self.location, client: 3)
    rig.indicate(indication)
    let request = rig.takeRequest()
    switch trouble {
    case .refused: rig.respond(to: request, request.frame.response(.noEntry))
    case .timedOut: rig.fail(request, .timedOut)
    case .notSent: rig.fail(request, .notSent)
    case .late: rig.advance(.seconds(3))
    case .malformed: rig.respond(to: request, request.frame.response(.success))
    case .otherFormat:
      rig.respond(to: request, read(try #require(WMS.RawMessage(format: .cdma, octets: [1, 2]))))
    }
    #expect(rig.take(client) == [indication])
    #expect(rig.takeEvents().isEmpty)
    rig.respond(to: request, read(try Sample.raw(Sample.deliver().encoded())))
    #expect(rig.takeEvents().isEmpty && rig.take(client).isEmpty)
  }

  @Test func withoutAnIDItIsAnnounced() throws {
    let rig = Rig(tap: .off)
    let client = rig.openReporting(3)
    rig.setTapMode(.intercept)
    let indication = Sample.eventReport(Self.location, client: 3)
    rig.indicate(indication)
    let request = rig.takeRequest()
    #expect(request.frame.messageID == CTL.ID.allocateClientID)
    rig.respond(to: request, CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 2))
    #expect(rig.take(client) == [indication])
  }

  @Test func aDecisionThatNeverComesIsAnnounce() throws {
    let (rig, client) = interceptingRig()
    let (indication, message) = try announce(rig, Sample.deliver())
    rig.advance(.seconds(5))
    #expect(rig.take(client) == [indication])
    #expect(!rig.resolveIncoming(message.id, .consume))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func aStatusReportIsShownUndecoded() throws {
    let (rig, client) = interceptingRig()
    rig.indicate(Sample.eventReport(Self.location, client: 3))
    let report: [UInt8] = [0x02, 9, 2, 0x91, 0x21] + [UInt8](repeating: 0x11, count: 14) + [0]
    rig.respond(to: rig.takeRequest(), read(try Sample.raw(report)))
    let message = try #require(rig.takeReceived())
    #expect(message.deliver == nil)
    rig.resolveIncoming(message.id, .announce)
    #expect(rig.take(client).count == 1)
  }

  // MARK: Order and copies

  @Test func announcementsKeepTheirOrder() throws {
    let (rig, client) = interceptingRig()
    let first = Sample.eventReport(.init(storage: .uim, index: 1), client: 3)
    let second = Sample.eventReport(.init(storage: .uim, index: 2), client: 3)
    let other = Sample.indication(.wms, client: 3, message: 0x46)
    rig.indicate(first)
    rig.indicate(second)
    rig.indicate(other)
    let requests = rig.takeRequests()
    #expect(requests.count == 2)
    rig.respond(to: requests[1], read(try Sample.raw(Sample.deliver().encoded())))
    rig.resolveIncoming(try #require(rig.takeReceived()).id, .announce)
    #expect(rig.take(client).isEmpty)
    rig.respond(to: requests[0], read(try Sample.raw(Sample.deliver().encoded())))
    rig.resolveIncoming(try #require(rig.takeReceived()).id, .announce)
    #expect(rig.take(client) == [first, second, other])
    // With nothing held, others pass at once.
    rig.indicate(other)
    #expect(rig.take(client) == [other])
  }

  @Test func otherServicesAreNotHeldUp() throws {
    let (rig, client) = interceptingRig()
    rig.send(Sample.request(.nas, client: 1), from: client)
    _ = rig.takeRequest()
    rig.indicate(Sample.eventReport(Self.location, client: 3))
    rig.indicate(Sample.indication(.nas, client: 1))
    #expect(rig.take(client).count == 1)
  }

  @Test func eachClientsCopyWaitsForOneDecision() throws {
    let (rig, first) = interceptingRig()
    let second = rig.openReporting(4)
    rig.indicate(Sample.eventReport(Self.location, client: 3))
    rig.indicate(Sample.eventReport(Self.location, client: 4))
    rig.respond(to: rig.takeRequest(), read(try Sample.raw(Sample.deliver().encoded())))
    let message = try #require(rig.takeReceived())
    rig.resolveIncoming(message.id, .announce)
    #expect(rig.take(first).count == 1 && rig.take(second).count == 1)
  }

  @Test func anIndexInUseAgainIsAnotherMessage() throws {
    let (rig, client) = interceptingRig()
    let (_, first) = try announce(rig, Sample.deliver())
    rig.resolveIncoming(first.id, .consume)
    let deletion = rig.takeRequest()
    // The modem has deleted it and uses the index again before its answer is read.
    rig.indicate(Sample.eventReport(Self.location, client: 3))
    let secondRead = rig.takeRequest()
    rig.respond(to: deletion, deletion.frame.response(.success))
    rig.respond(to: secondRead, read(try Sample.raw(Sample.deliver(body: [0x41]).encoded())))
    let second = try #require(rig.takeReceived())
    rig.resolveIncoming(second.id, .announce)
    #expect(rig.take(client).count == 1)
  }

  @Test(arguments: [nil, 7] as [UInt32?])
  func aClientsOwnDeletionEndsTheDecision(index: UInt32?) throws {
    let (rig, client) = interceptingRig()
    let (indication, message) = try announce(rig, Sample.deliver())
    let deletion = WMS.DeleteRequest(storage: .uim, index: index).encoded(client: 3, transaction: 9)
    rig.send(deletion, from: client)
    #expect(rig.takeRequest().frame == deletion)
    #expect(rig.take(client) == [indication])
    #expect(!rig.resolveIncoming(message.id, .consume))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func anotherDeletionDoesNot() throws {
    let (rig, client) = interceptingRig()
    let (_, message) = try announce(rig, Sample.deliver())
    rig.send(WMS.DeleteRequest(storage: .uim, index: 8).encoded(client: 3, transaction: 9), from: client)
    rig.send(WMS.DeleteRequest(storage: .nv).encoded(client: 3, transaction: 9), from: client)
    #expect(rig.take(client).isEmpty)
    #expect(rig.resolveIncoming(message.id, .announce))
  }

  @Test func heldAnnouncementsAreBounded() throws {
    let (rig, client) = interceptingRig { $0.limits.heldIndications = 3 }
    for index in 1...4 { rig.indicate(Sample.eventReport(.init(storage: .uim, index: UInt32(index)), client: 3)) }
    #expect(rig.take(client) == [Sample.eventReport(.init(storage: .uim, index: 1), client: 3)])
    rig.indicate(Sample.indication(.wms, client: 3, message: 0x46))
    #expect(rig.take(client) == [Sample.eventReport(.init(storage: .uim, index: 2), client: 3)])
  }

  @Test func leavingInterceptAnnouncesWhatIsHeld() throws {
    let (rig, client) = interceptingRig()
    let (indication, _) = try announce(rig, Sample.deliver())
    rig.setTapMode(.observe)
    #expect(rig.take(client) == [indication])
  }

  @Test func removalForgetsWhatIsHeld() throws {
    let (rig, _) = interceptingRig()
    let (_, message) = try announce(rig, Sample.deliver())
    rig.removeModem()
    #expect(!rig.resolveIncoming(message.id, .consume))
    #expect(rig.interposer.nextDeadline == nil)
  }

  // MARK: Transfer route

  private func transferred(_ ack: WMS.AckIndicator, format: WMS.MessageFormat = .gsmWCDMAPointToPoint) throws -> QMUXFrame {
    let message = try #require(WMS.RawMessage(format: format, octets: Sample.raw(Sample.deliver().encoded()).octets))
    return WMS.EventReportIndication(
      transferredMessage: .init(ackIndicator: ack, transactionID: 0xABCD_EF01, message: message), mode: .gsmWCDMA
    ).encoded(client: 3, transaction: 1)
  }

  @Test func transferredMessageIsDecidedWithoutReading() throws {
    let (rig, client) = interceptingRig()
    let indication = try transferred(.send)
    rig.indicate(indication)
    #expect(rig.takeRequests().isEmpty)
    let message = try #require(rig.takeReceived())
    let deliver = try Sample.deliver()
    #expect(message.source == .transferred && message.deliver == deliver)
    rig.resolveIncoming(message.id, .announce)
    #expect(rig.take(client) == [indication])
  }

  @Test func consumingATransferredMessageAcknowledgesIt() throws {
    let (rig, client) = interceptingRig()
    rig.indicate(try transferred(.send))
    let message = try #require(rig.takeReceived())
    rig.resolveIncoming(message.id, .consume)
    let request = rig.takeRequest()
    let ack = try WMS.SendAckRequest(decoding: request.frame)
    #expect(ack.transactionID == 0xABCD_EF01 && ack.isSuccess && ack.messageProtocol == .wcdma)
    rig.respond(to: request, request.frame.response(.success))
    #expect(rig.take(client).isEmpty)
  }

  @Test func consumingWithoutAckNeedsNothing() throws {
    let (rig, client) = interceptingRig()
    rig.indicate(try transferred(.doNotSend))
    let message = try #require(rig.takeReceived())
    rig.resolveIncoming(message.id, .consume)
    #expect(rig.takeRequests().isEmpty && rig.take(client).isEmpty)
  }

  @Test func anUnacknowledgedMessageIsAnnounced() throws {
    let (rig, client) = interceptingRig()
    let indication = try transferred(.send)
    rig.indicate(indication)
    rig.resolveIncoming(try #require(rig.takeReceived()).id, .consume)
    let request = rig.takeRequest()
    rig.respond(to: request, request.frame.response(.ackNotSent))
    #expect(rig.take(client) == [indication])
  }

  @Test func otherFormatsAndModesPass() throws {
    let (rig, client) = interceptingRig()
    let broadcast = try transferred(.send, format: .gsmWCDMABroadcast)
    rig.indicate(broadcast)
    let cdma = WMS.EventReportIndication(storedMessage: Self.location, mode: .cdma).encoded(client: 3, transaction: 1)
    rig.indicate(cdma)
    let empty = WMS.EventReportIndication().encoded(client: 3, transaction: 1)
    rig.indicate(empty)
    #expect(rig.take(client) == [broadcast, cdma, empty])
    #expect(rig.takeRequests().isEmpty)
  }
}
