import Interposer
import QMI
import Telephony
import Testing
import VirtualModem

/// Virtual storage and the modem's, behind a modem that behaves like one: one mailbox to all clients.
@Suite struct MailboxTests {
  private typealias Bench = VirtualModemTests.Bench

  /// What is in the mailbox: two received messages in each of the modem's storages, a read one and an unread one, one to be sent, and
  /// two that the modem never had.
  private struct Mailbox {
    let bench: Bench
    let clients: [(connection: ClientConnection, id: ClientID)]

    init() throws {
      let bench = try Bench()
      self.bench = bench
      bench.rig.setTapMode(.intercept)
      bench.run()
      clients = try (0..<2).map { _ in
        let connection = bench.rig.open()
        return (connection, try bench.allocate(connection))
      }
      for storage in [WMS.StorageType.uim, .nv] {
        for index in 0..<2 as Range<UInt32> {
          _ = try ask(WMS.RawWriteRequest(storage: storage, message: Sample.raw(Sample.deliver().encoded())))
          if index == 0 { _ = try ask(WMS.ModifyTagRequest(location: .init(storage: storage, index: 0), tag: .receivedRead)) }
        }
        _ = try ask(WMS.RawWriteRequest(storage: storage, message: Sample.raw(Sample.submit().encoded())))
      }
      try bench.rig.deliver(Sample.stored(0))
      try bench.rig.deliver(Sample.stored(1, tag: .receivedRead))
      _ = bench.rig.takeEvents()
    }

    func ask(_ request: some ServiceMessage, by client: Int = 0) throws -> QMUXFrame {
      let (connection, id) = clients[client]
      return try #require(bench.exchange(request.encoded(client: id, transaction: 7), connection))
    }

    /// Indexes by storage; what is not the modem's counts from 1000.
    func list(_ storage: WMS.StorageType, _ tag: WMS.MessageTag? = nil, by client: Int = 0) throws -> [UInt32] {
      try WMS.ListMessagesResponse(decoding: ask(WMS.ListMessagesRequest(storage: storage, tag: tag), by: client))
        .entries.map { StoredMessageID(rawValue: $0.index).map { 1_000 + $0.ordinal } ?? $0.index }
    }
  }

  private let virtual = (0..<2 as Range<UInt32>).map { WMS.MessageLocation(storage: .nv, index: StoredMessageID.base + $0) }

  @Test func listsSpanBothForEachClient() throws {
    let mailbox = try Mailbox()
    for client in 0..<2 {
      #expect(try mailbox.list(.nv, by: client) == [0, 1, 2, 1_000, 1_001])
      #expect(try mailbox.list(.nv, .receivedUnread, by: client) == [1, 1_000])
      #expect(try mailbox.list(.nv, .receivedRead, by: client) == [0, 1_001])
      #expect(try mailbox.list(.nv, .unsent, by: client) == [2])
      #expect(try mailbox.list(.nv, .sent, by: client) == [])
      #expect(try mailbox.list(.uim, by: client) == [0, 1, 2])
      #expect(try mailbox.list(.uim, .receivedUnread, by: client) == [1])
    }
  }

  @Test func whatOneClientDoesTheOtherSees() throws {
    let mailbox = try Mailbox()
    #expect(try mailbox.ask(WMS.ModifyTagRequest(location: virtual[0], tag: .receivedRead)).result == .success)
    #expect(try mailbox.list(.nv, .receivedRead, by: 1) == [0, 1_000, 1_001])
    #expect(try WMS.RawReadResponse(decoding: mailbox.ask(WMS.RawReadRequest(location: virtual[0]), by: 1)).stored?.tag == .receivedRead)
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, index: virtual[1].index), by: 1).result == .success)
    #expect(try mailbox.list(.nv) == [0, 1, 2, 1_000])
    #expect(try mailbox.ask(WMS.RawReadRequest(location: virtual[1])).result == .failure(.noEntry))
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, index: virtual[1].index)).result == .failure(.noEntry))
    // The modem's own go on as ever.
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, index: 2)).result == .success)
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .uim, index: 0), by: 1).result == .success)
    #expect(try mailbox.list(.nv, by: 1) == [0, 1, 1_000])
    #expect(try mailbox.list(.uim) == [1, 2])
  }

  @Test func deletionByTagTakesThoseOfBothAndNoOther() throws {
    let mailbox = try Mailbox()
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, tag: .receivedRead)).result == .success)
    #expect(mailbox.bench.rig.takeEvents() == [.deletedFromStorage(try Sample.stored(1).id)])
    #expect(try mailbox.list(.nv, by: 1) == [1, 2, 1_000])
    #expect(try mailbox.list(.uim, by: 1) == [0, 1, 2])
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, tag: .receivedUnread), by: 1).result == .success)
    #expect(try mailbox.list(.nv) == [2])
  }

  @Test func deletionOfAllIsOfOneStorage() throws {
    let mailbox = try Mailbox()
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .uim)).result == .success)
    #expect(try mailbox.list(.uim) == [])
    #expect(try mailbox.list(.nv, by: 1) == [0, 1, 2, 1_000, 1_001])
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, mode: .gsmWCDMA), by: 1).result == .success)
    #expect(try mailbox.list(.nv) == [])
    #expect(mailbox.bench.rig.interposer.storedMessageCount == 0)
    // What comes then has a place again.
    #expect(try mailbox.bench.rig.deliver(Sample.stored(2)) == 0)
    #expect(try mailbox.list(.nv) == [1_002])
  }

  /// Newer ModemManager asks for the routes first, and may read or acknowledge a message twice.
  @Test func aClientLikeNewerModemManagerIsServed() throws {
    let mailbox = try Mailbox()
    let bench = mailbox.bench
    let connection = mailbox.clients[0].connection
    let routes = try WMS.GetRoutesResponse(decoding: mailbox.ask(WMS.GetRoutesRequest()))
    #expect(routes.result == .success && !routes.routes.isEmpty)
    #expect(try mailbox.ask(WMS.SetRoutesRequest(routes: routes.routes)).result == .success)
    let counts = try [mailbox.list(.uim).count, mailbox.list(.nv).count]
    #expect(counts == [3, 5])
    #expect(try mailbox.ask(WMS.SetEventReportRequest(reportsNewMessages: true)).result == .success)
    try bench.rig.deliver(Sample.stored(3))
    let announced = try WMS.EventReportIndication(decoding: bench.rig.takeOne(connection))
    let place = try #require(announced.storedMessage)
    let reads = try (0..<2).map { _ in try WMS.RawReadResponse(decoding: mailbox.ask(WMS.RawReadRequest(location: place, mode: .gsmWCDMA))) }
    let message = try Sample.stored(3).message
    #expect(reads[0] == reads[1] && reads[0].stored?.message == message)
    #expect(try mailbox.ask(WMS.DeleteRequest(storage: .nv, index: place.index, mode: .gsmWCDMA)).result == .success)
    #expect(try mailbox.ask(WMS.RawReadRequest(location: place)).result == .failure(.noEntry))
    _ = bench.rig.takeEvents()

    // A message that the carrier has brought and the modem wants acknowledged: the second acknowledgement harms nothing.
    bench.rig.indicate(
      WMS.EventReportIndication(
        transferredMessage: .init(ackIndicator: .send, transactionID: 5, message: try Sample.raw(Sample.deliver().encoded())),
        mode: .gsmWCDMA
      ).encoded(client: mailbox.clients[0].id, transaction: 8))
    let received = try #require(bench.rig.takeReceived())
    bench.rig.resolveIncoming(received.id, .announce)
    #expect(bench.rig.takeOne(connection).kind == .indication)
    for _ in 0..<2 {
      let answer = try mailbox.ask(WMS.SendAckRequest(transactionID: 5))
      #expect(answer.kind == .response && answer.messageID == WMS.ID.sendAck)
    }
    #expect(try mailbox.list(.nv) == [0, 1, 2, 1_000, 1_001] && bench.rig.interposer.outstandingRequestCount == 0)
  }
}
