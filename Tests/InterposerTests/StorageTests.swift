import Interposer
import QMI
import Telephony
import Testing

@Suite struct StorageTests {
  private func answer<Request: ServiceMessage>(
    _ request: Request, _ rig: Rig, _ client: ClientConnection, _ sourceLocation: SourceLocation = #_sourceLocation
  ) -> QMUXFrame {
    rig.send(request.encoded(client: 3, transaction: 31), from: client)
    #expect(rig.takeRequests().isEmpty, sourceLocation: sourceLocation)
    let frame = rig.takeOne(client, sourceLocation)
    #expect(frame.clientID == 3 && frame.transaction == 31, sourceLocation: sourceLocation)
    return frame
  }

  private func location(_ ordinal: UInt32) -> WMS.MessageLocation {
    .init(storage: .nv, index: StoredMessageID.base + ordinal)
  }

  // MARK: Announcing

  @Test(arguments: [TapMode.off, .observe, .intercept])
  func isAnnouncedToEachReportingClient(tap: TapMode) throws {
    let rig = Rig(tap: tap)
    let first = rig.openReporting(3)
    let second = rig.openReporting(4)
    let silent = rig.open()
    rig.send(Sample.request(.wms, client: 5, message: WMS.ID.getRoutes), from: silent)
    let message = try Sample.stored(0)
    #expect(try rig.deliver(message) == 2)
    for (client, id) in [(first, 3), (second, 4)] as [(ClientConnection, ClientID)] {
      let frame = rig.takeOne(client)
      #expect(frame.clientID == id)
      let report = try WMS.EventReportIndication(decoding: frame)
      #expect(report.storedMessage == location(0))
    }
    #expect(rig.take(silent).isEmpty)
  }

  @Test func whatNobodyWasToldOfIsAnnouncedToTheNext() throws {
    let rig = Rig()
    #expect(try rig.deliver(Sample.stored(0)) == 0)
    #expect(try rig.deliver(Sample.stored(1)) == 0)
    // After the answer to the request, and only once.
    let first = rig.openReporting(3)
    let frames = rig.take(first)
    let reports = try frames.map { try WMS.EventReportIndication(decoding: $0).storedMessage }
    #expect(reports == [location(0), location(1)])
    let second = rig.openReporting(4)
    #expect(rig.take(second).isEmpty)
    // One that was deleted meanwhile is not announced, nor is what the spool held at the start.
    let other = Rig()
    try other.interposer.restoreStored([Sample.stored(7)])
    #expect(try other.deliver(Sample.stored(0)) == 0)
    let silent = other.open()
    other.send(
      WMS.DeleteRequest(storage: .nv, index: StoredMessageID.base, mode: .gsmWCDMA).encoded(client: 9, transaction: 1),
      from: silent)
    let late = other.openReporting(3)
    #expect(other.take(late).isEmpty)
  }

  @Test func reportsEndWithTheirRequestIDResetClientOrModem() throws {
    func count(_ end: (Rig, ClientConnection) -> Void) throws -> Int {
      let rig = Rig()
      let client = rig.openReporting(3)
      end(rig, client)
      return try rig.deliver(Sample.stored(0))
    }
    #expect(try count { _, _ in } == 1)
    #expect(
      try count { rig, client in
        rig.send(WMS.SetEventReportRequest(reportsNewMessages: false).encoded(client: 3, transaction: 1), from: client)
        let request = rig.takeRequest()
        rig.respond(to: request, request.frame.response(.success))
      } == 0)
    #expect(
      try count { rig, client in
        rig.send(Sample.request(.wms, client: 3, message: WMS.ID.reset), from: client)
        let request = rig.takeRequest()
        rig.respond(to: request, request.frame.response(.success))
      } == 0)
    #expect(
      try count { rig, client in
        rig.send(CTL.ReleaseClientIDRequest(.init(service: .wms, clientID: 3)).encoded(transaction: 1), from: client)
      } == 0)
    #expect(try count { rig, client in rig.disconnect(client) } == 0)
    #expect(try count { rig, _ in rig.removeModem() } == 0)
  }

  @Test func refusedOrEmptyRequestsChangeNothing() throws {
    let rig = Rig()
    let client = rig.open()
    rig.send(WMS.SetEventReportRequest(reportsNewMessages: true).encoded(client: 3, transaction: 1), from: client)
    let request = rig.takeRequest()
    rig.respond(to: request, request.frame.response(.internal))
    #expect(try rig.deliver(Sample.stored(0)) == 0)
    let reporting = rig.openReporting(4)
    rig.send(WMS.SetEventReportRequest(reportsNewMessages: nil).encoded(client: 4, transaction: 1), from: reporting)
    let second = rig.takeRequest()
    rig.respond(to: second, second.frame.response(.success))
    #expect(try rig.deliver(Sample.stored(1)) == 1)
  }

  @Test func reportsOfAVanishedClientAreAdoptedWithItsID() throws {
    let rig = Rig()
    let client = rig.openReporting(3)
    rig.disconnect(client)
    let next = rig.open()
    rig.send(Sample.request(.wms, client: 3, message: WMS.ID.getRoutes), from: next)
    #expect(try rig.deliver(Sample.stored(0)) == 1)
    #expect(rig.take(next).count == 1)
  }

  @Test func restoredMessagesAreNotAnnounced() throws {
    let rig = Rig()
    let client = rig.openReporting(3)
    try rig.interposer.restoreStored([Sample.stored(4), Sample.stored(5)])
    rig.drain()
    #expect(rig.take(client).isEmpty)
    #expect(rig.interposer.storedMessageCount == 2)
  }

  // MARK: One message

  @Test(arguments: [TapMode.off, .observe, .intercept])
  func isReadTaggedAndDeleted(tap: TapMode) throws {
    let rig = Rig(tap: tap)
    let client = rig.open()
    let message = try Sample.stored(3)
    try rig.deliver(message)

    let read = try WMS.RawReadResponse(
      decoding: answer(WMS.RawReadRequest(location: location(3), mode: .gsmWCDMA), rig, client))
    #expect(read.stored == .init(tag: .receivedUnread, message: message.message))

    let tagged = answer(WMS.ModifyTagRequest(location: location(3), tag: .receivedRead), rig, client)
    #expect(tagged.result == .success)
    #expect(rig.takeEvents() == [.retagged(message.id, .receivedRead)])
    let again = try WMS.RawReadResponse(decoding: answer(WMS.RawReadRequest(location: location(3)), rig, client))
    #expect(again.stored?.tag == .receivedRead)

    let deleted = answer(WMS.DeleteRequest(storage: .nv, index: message.id.rawValue), rig, client)
    #expect(deleted.result == .success)
    #expect(rig.takeEvents() == [.deletedFromStorage(message.id)])
    #expect(rig.interposer.storedMessage(message.id) == nil)
  }

  @Test func whatIsNotThereIsNoEntry() {
    let rig = Rig()
    let client = rig.open()
    let expected = QMIResult.failure(.noEntry)
    #expect(answer(WMS.RawReadRequest(location: location(9)), rig, client).result == expected)
    #expect(answer(WMS.ModifyTagRequest(location: location(9), tag: .receivedRead), rig, client).result == expected)
    #expect(answer(WMS.DeleteRequest(storage: .nv, index: StoredMessageID.base), rig, client).result == expected)
    #expect(rig.takeEvents().isEmpty)
  }

  @Test(arguments: [StoredMessageID.base - 1, StoredMessageID.base + StoredMessageID.count, 0, .max])
  func otherIndexesAreTheModems(index: UInt32) throws {
    let rig = Rig()
    let client = rig.open()
    try rig.deliver(Sample.stored(0))
    let place = WMS.MessageLocation(storage: .nv, index: index)
    let frames = [
      WMS.RawReadRequest(location: place).encoded(client: 3, transaction: 1),
      WMS.ModifyTagRequest(location: place, tag: .receivedRead).encoded(client: 3, transaction: 2),
      WMS.DeleteRequest(storage: .nv, index: index).encoded(client: 3, transaction: 3),
    ]
    for frame in frames { rig.send(frame, from: client) }
    #expect(rig.takeRequests().map(\.frame) == frames)
  }

  @Test func theSIMIsTheModems() throws {
    let rig = Rig()
    let client = rig.open()
    try rig.deliver(Sample.stored(0))
    let place = WMS.MessageLocation(storage: .uim, index: StoredMessageID.base)
    let frames = [
      WMS.RawReadRequest(location: place).encoded(client: 3, transaction: 1),
      WMS.ModifyTagRequest(location: place, tag: .receivedRead).encoded(client: 3, transaction: 2),
      WMS.DeleteRequest(storage: .uim, index: StoredMessageID.base).encoded(client: 3, transaction: 3),
      WMS.DeleteRequest(storage: .uim).encoded(client: 3, transaction: 4),
      WMS.ListMessagesRequest(storage: .uim).encoded(client: 3, transaction: 5),
    ]
    for frame in frames { rig.send(frame, from: client) }
    let requests = rig.takeRequests()
    #expect(requests.map(\.frame) == frames)
    let list = WMS.ListMessagesResponse(entries: [.init(index: 1, tag: .receivedRead)]).encoded(client: 3, transaction: 5)
    rig.respond(to: requests[4], list)
    #expect(rig.takeOne(client) == list)
  }

  // MARK: Lists

  private func list(
    _ request: WMS.ListMessagesRequest, _ rig: Rig, modem response: WMS.ListMessagesResponse
  ) throws -> WMS.ListMessagesResponse {
    let client = rig.open()
    rig.send(request.encoded(client: 3, transaction: 6), from: client)
    rig.respond(to: rig.takeRequest(), response.encoded(client: 3, transaction: 6))
    let frame = rig.takeOne(client)
    #expect(frame.clientID == 3 && frame.transaction == 6)
    return try WMS.ListMessagesResponse(decoding: frame)
  }

  @Test func listsAreMerged() throws {
    let rig = Rig()
    try rig.deliver(Sample.stored(1))
    try rig.deliver(Sample.stored(0, tag: .receivedRead))
    let modem = WMS.ListMessagesResponse(entries: [.init(index: 12, tag: .sent)])
    let own: [WMS.ListMessagesResponse.Entry] = [
      .init(index: StoredMessageID.base, tag: .receivedRead), .init(index: StoredMessageID.base + 1, tag: .receivedUnread),
    ]
    #expect(try list(.init(storage: .nv), rig, modem: modem).entries == modem.entries + own)
    #expect(try list(.init(storage: .nv, mode: .gsmWCDMA), rig, modem: modem).entries == modem.entries + own)
    #expect(try list(.init(storage: .nv, tag: .receivedUnread), rig, modem: .init(entries: [])).entries == [own[1]])
    #expect(try list(.init(storage: .nv, tag: .sent), rig, modem: modem) == modem)
    #expect(try list(.init(storage: .nv, mode: .cdma), rig, modem: modem) == modem)
  }

  @Test func aModemWithoutDeviceStorageStillListsOurs() throws {
    let rig = Rig()
    let refusal = WMS.ListMessagesResponse(failure: .invalidArgument)
    #expect(try list(.init(storage: .nv), rig, modem: refusal) == refusal)
    try rig.deliver(Sample.stored(0))
    #expect(try list(.init(storage: .nv), rig, modem: refusal).entries.count == 1)
  }

  @Test func aListThatIsTooLongIsCut() throws {
    let rig = Rig()
    try rig.deliver(Sample.stored(0))
    let maximum = WMS.ListMessagesResponse.maximumEntryCount
    let modem = WMS.ListMessagesResponse(
      entries: (0..<maximum).map { .init(index: UInt32($0), tag: .receivedRead) })
    let merged = try list(.init(storage: .nv), rig, modem: modem)
    #expect(merged.entries.count == maximum)
    #expect(merged.entries.last?.index == StoredMessageID.base)
  }

  @Test func aMalformedListPassesUnchanged() throws {
    let rig = Rig()
    try rig.deliver(Sample.stored(0))
    let client = rig.open()
    rig.send(WMS.ListMessagesRequest(storage: .nv).encoded(client: 3, transaction: 6), from: client)
    let request = rig.takeRequest()
    var builder = QMIMessageBuilder(respondingTo: request.frame)
    builder.append(0x01, [9, 0, 0, 0])
    let response = builder.finish()
    rig.respond(to: request, response)
    #expect(rig.takeOne(client) == response)
  }

  // MARK: Deleting many

  @Test func deletingByTagOrAllTakesOursToo() throws {
    let rig = Rig()
    let client = rig.open()
    for ordinal in 0..<3 as Range<UInt32> {
      try rig.deliver(Sample.stored(ordinal, tag: ordinal == 1 ? .receivedRead : .receivedUnread))
    }
    func delete(_ tag: WMS.MessageTag?, _ result: QMIResult) -> QMIResult? {
      rig.send(WMS.DeleteRequest(storage: .nv, tag: tag).encoded(client: 3, transaction: 2), from: client)
      let request = rig.takeRequest()
      rig.respond(to: request, request.frame.response(result))
      return rig.takeOne(client).result
    }
    #expect(delete(.sent, .failure(.noEntry)) == .failure(.noEntry))
    #expect(delete(.receivedRead, .failure(.internal)) == .failure(.internal))
    #expect(rig.takeEvents().isEmpty && rig.interposer.storedMessageCount == 3)
    #expect(delete(.receivedRead, .failure(.noEntry)) == .success)
    #expect(rig.takeEvents() == [.deletedFromStorage(try Sample.stored(1).id)])
    #expect(delete(nil, .success) == .success)
    #expect(
      rig.takeEvents() == [
        .deletedFromStorage(try Sample.stored(0).id), .deletedFromStorage(try Sample.stored(2).id),
      ])
  }

  // MARK: Bounds and names

  @Test func storageIsBounded() throws {
    let rig = Rig { $0.limits.storedMessages = 2 }
    try rig.deliver(Sample.stored(0))
    try rig.deliver(Sample.stored(1))
    try rig.deliver(Sample.stored(1))
    #expect(throws: VirtualStorageError.full) { try rig.deliver(Sample.stored(2)) }
    #expect(throws: VirtualStorageError.full) { try rig.interposer.restoreStored([Sample.stored(2)]) }
    #expect(rig.interposer.storedMessageCount == 2)
  }

  @Test func identifiersStayInTheirRange() {
    #expect(StoredMessageID(rawValue: 0x52FF_FFFF) == nil)
    #expect(StoredMessageID(rawValue: 0x5300_0000)?.ordinal == 0)
    #expect(StoredMessageID(rawValue: 0x530F_FFFF)?.ordinal == 0xF_FFFF)
    #expect(StoredMessageID(rawValue: 0x5310_0000) == nil)
    #expect(StoredMessageID(ordinal: 1 << 20) == nil)
  }
}
