import Interposer
import QMI
import Telephony
import Testing
import VirtualModem

/// The Interposer before a modem that behaves like one.
@Suite struct VirtualModemTests {
  final class Bench {
    let rig: Rig
    var modem: VirtualModem
    private var waiting: [(request: Rig.ModemRequest, sent: QMUXFrame)] = []
    private var lastControlTransaction: UInt16 = 0
    private(set) var carrierRequests: [CarrierLink.Request] = []
    /// What the carrier says to a message at once; nil leaves that to the test.
    var carrierOutcome: CarrierLink.TransferOutcome?

    init() throws {
      let identity = try ModemIdentity(
        number: PhoneNumber(e164: "+919876543210"), homeNetwork: HomeNetwork(mcc: "404", mnc: "45"))
      modem = VirtualModem(configuration: .init(identity: identity))
      modem.carrierConnected(now: .zero)
      modem.carrierSent(.attached, now: .zero)
      rig = Rig()
    }

    /// Passes frames back and forth until nothing moves.
    func run() {
      while true {
        let requests = rig.takeRequests()
        for request in requests {
          var frame = request.frame
          if frame.isControl {
            lastControlTransaction = lastControlTransaction % 255 + 1
            frame.transaction = lastControlTransaction
          }
          waiting.append((request, frame))
          modem.hostSent(frame, now: rig.now)
        }
        var isIdle = requests.isEmpty
        while let action = modem.nextAction() {
          isIdle = false
          switch action {
          case .sendToHost(let frame): received(frame)
          case .sendToCarrier(let request):
            carrierRequests.append(request)
            if case .submit(let id, _) = request, let outcome = carrierOutcome {
              modem.carrierSent(.submitResult(id: id, outcome: outcome), now: rig.now)
            }
          case .unplugged: rig.removeModem()
          }
        }
        if isIdle { return }
      }
    }

    private func received(_ frame: QMUXFrame) {
      guard frame.kind == .response else {
        rig.indicate(frame)
        return
      }
      let index = waiting.firstIndex {
        $0.sent.service == frame.service && $0.sent.clientID == frame.clientID && $0.sent.transaction == frame.transaction
      }
      guard let index else {
        Issue.record("an answer to nothing: \(frame)")
        return
      }
      rig.respond(to: waiting.remove(at: index).request, frame)
    }

    func exchange(_ frame: QMUXFrame, _ client: ClientConnection) -> QMUXFrame? {
      rig.send(frame, from: client)
      run()
      return rig.take(client).first { $0.kind == .response }
    }

    func allocate(_ client: ClientConnection) throws -> ClientID {
      let response = try #require(exchange(CTL.AllocateClientIDRequest(service: .wms).encoded(transaction: 1), client))
      return try #require(CTL.AllocateClientIDResponse(decoding: response).allocation).clientID
    }

    func takeCarrierRequests() -> [CarrierLink.Request] {
      defer { carrierRequests = [] }
      return carrierRequests
    }
  }

  @Test func idsOfAVanishedClientComeBack() throws {
    let bench = try Bench()
    for _ in 0..<40 {
      let client = bench.rig.open()
      _ = try bench.allocate(client)
      bench.rig.disconnect(client)
      bench.rig.advance(.seconds(30))
      bench.run()
    }
    #expect(bench.modem.allocatedClientIDs(of: .wms).isEmpty)
  }

  @Test func aStoredMessageIsSentByCarrierOrNot() throws {
    let bench = try Bench()
    bench.rig.setTapMode(.intercept)
    let client = bench.rig.open()
    let id = try bench.allocate(client)
    bench.run()
    _ = bench.takeCarrierRequests()
    let message = try Sample.raw(Sample.submit().encoded())
    let write = WMS.RawWriteRequest(storage: .nv, message: message).encoded(client: id, transaction: 2)
    let written = try #require(bench.exchange(write, client))
    let index = try #require(WMS.RawWriteResponse(decoding: written).index)
    let send = WMS.SendFromMemoryStorageRequest(location: .init(storage: .nv, index: index))
    #expect(bench.exchange(send.encoded(client: id, transaction: 3), client) == nil)
    let submission = try #require(bench.rig.takeSubmission())
    bench.rig.resolve(submission.id, .succeed(messageReference: 11))
    bench.run()
    let response = try WMS.SendFromMemoryStorageResponse(decoding: bench.rig.takeOne(client))
    #expect(response.messageReference == 11)
    #expect(bench.takeCarrierRequests().isEmpty)
    let list = WMS.ListMessagesRequest(storage: .nv, tag: .sent).encoded(client: id, transaction: 4)
    let listed = try #require(bench.exchange(list, client))
    let sent = try WMS.ListMessagesResponse(decoding: listed)
    #expect(sent.entries.map(\.index) == [index])

    #expect(bench.exchange(send.encoded(client: id, transaction: 5), client) == nil)
    let second = try #require(bench.rig.takeSubmission())
    bench.rig.resolve(second.id, .forward)
    bench.run()
    #expect(bench.takeCarrierRequests().count == 1)
  }

  enum Fate: CaseIterable { case byIP, byCarrier, refusedByCarrier, failed }

  /// Two parts, written to both storages as a client may; what becomes of their tags is what the modem would have made of them.
  @Test(arguments: Fate.allCases) func storedPartsAreTaggedAsWhatBecameOfThem(fate: Fate) throws {
    let bench = try Bench()
    bench.carrierOutcome = fate == .refusedByCarrier ? .refused(.congestion, failureCause: nil) : .accepted
    bench.rig.setTapMode(.intercept)
    let client = bench.rig.open()
    let id = try bench.allocate(client)
    bench.run()
    var places: [WMS.MessageLocation] = []
    for (number, storage) in [(1, WMS.StorageType.uim), (2, .nv)] {
      let message = try Sample.raw(Sample.submit(part: Sample.concatenation(number, of: 2)).encoded())
      let write = WMS.RawWriteRequest(storage: storage, message: message).encoded(client: id, transaction: 2)
      let written = try #require(bench.exchange(write, client))
      let index = try #require(WMS.RawWriteResponse(decoding: written).index)
      places.append(.init(storage: storage, index: index))
    }
    func tags() throws -> [WMS.MessageTag?] {
      try places.map { place in
        let read = bench.exchange(WMS.RawReadRequest(location: place).encoded(client: id, transaction: 9), client)
        return try WMS.RawReadResponse(decoding: try #require(read)).stored?.tag
      }
    }
    #expect(try tags() == [.unsent, .unsent])
    _ = bench.takeCarrierRequests()
    for (index, place) in places.enumerated() {
      bench.rig.send(
        WMS.SendFromMemoryStorageRequest(location: place).encoded(client: id, transaction: ServiceTransactionID(rawValue: UInt16(20 + index))),
        from: client)
      bench.run()
      let submission = try #require(bench.rig.takeSubmission())
      let isWhole = index == 1
      #expect(submission.isComplete == isWhole)
      let resolution: SubmissionResolution =
        switch fate {
        case _ where !isWhole: .hold
        case .byIP: .succeed(messageReference: 9)
        case .byCarrier, .refusedByCarrier: .forward
        case .failed: .fail(Sample.refusal)
        }
      bench.rig.resolve(submission.id, resolution)
      bench.run()
      let response = try WMS.SendFromMemoryStorageResponse(decoding: bench.rig.takeOne(client))
      #expect(response.result.isSuccess == (!isWhole || fate == .byIP || fate == .byCarrier))
    }
    _ = bench.rig.takeEvents()
    let isSent = fate == .byIP || fate == .byCarrier
    #expect(try tags() == Array(repeating: isSent ? .sent : .unsent, count: 2))
    let submitted = bench.takeCarrierRequests().filter { if case .submit = $0 { true } else { false } }
    #expect(submitted.count == [.byIP: 0, .byCarrier: 2, .refusedByCarrier: 1, .failed: 0][fate])
  }

  @Test func anIncomingMessageIsConsumedOrAnnounced() throws {
    let bench = try Bench()
    bench.rig.setTapMode(.intercept)
    let client = bench.rig.open()
    let id = try bench.allocate(client)
    let enable = WMS.SetEventReportRequest(reportsNewMessages: true).encoded(client: id, transaction: 2)
    #expect(bench.exchange(enable, client)?.result == .success)
    for resolution in [IncomingResolution.consume, .announce] {
      bench.modem.carrierSent(.deliver(id: 1, tpdu: try Sample.deliver().encoded()), now: bench.rig.now)
      bench.run()
      let message = try #require(bench.rig.takeReceived())
      #expect(message.deliver == (try? Sample.deliver()))
      #expect(bench.rig.take(client).isEmpty)
      bench.rig.resolveIncoming(message.id, resolution)
      bench.run()
      #expect(bench.rig.take(client).count == (resolution == .announce ? 1 : 0))
      var count = 0
      for storage in [WMS.StorageType.uim, .nv] {
        let list = WMS.ListMessagesRequest(storage: storage).encoded(client: id, transaction: 3)
        if let response = bench.exchange(list, client) {
          count += (try? WMS.ListMessagesResponse(decoding: response).entries.count) ?? 0
        }
      }
      #expect(count == (resolution == .announce ? 1 : 0))
    }
  }

  @Test func virtualAndRealMessagesAreListedAndDeletedTogether() throws {
    let bench = try Bench()
    let client = bench.rig.open()
    let id = try bench.allocate(client)
    let message = try Sample.raw(Sample.submit().encoded())
    let write = WMS.RawWriteRequest(storage: .nv, message: message).encoded(client: id, transaction: 2)
    #expect(bench.exchange(write, client)?.result == .success)
    try bench.rig.deliver(Sample.stored(0))
    let list = WMS.ListMessagesRequest(storage: .nv, mode: .gsmWCDMA)
    let listed = try #require(bench.exchange(list.encoded(client: id, transaction: 3), client))
    let both = try WMS.ListMessagesResponse(decoding: listed)
    #expect(both.entries.count == 2)
    let delete = WMS.DeleteRequest(storage: .nv, mode: .gsmWCDMA).encoded(client: id, transaction: 4)
    #expect(bench.exchange(delete, client)?.result == .success)
    let none = bench.exchange(list.encoded(client: id, transaction: 5), client)
    #expect((try none.map { try WMS.ListMessagesResponse(decoding: $0).entries }) ?? [] == [])
    #expect(bench.rig.interposer.storedMessageCount == 0)
  }
}
