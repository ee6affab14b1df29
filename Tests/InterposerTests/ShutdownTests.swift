import Interposer
import QMI
import Telephony
import Testing

@Suite struct ShutdownTests {
  private func released(_ requests: [Rig.ModemRequest]) -> Set<CTL.ClientIDAllocation> {
    Set(requests.compactMap { try? CTL.ReleaseClientIDRequest(decoding: $0.frame).allocation })
  }

  @Test func clientsAreClosedAndAllIDsReleased() {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(Sample.request(.nas, client: 1), from: client)
    rig.send(Sample.request(.wds, client: 2, message: WDS.ID.startNetwork), from: client)
    let requests = rig.takeRequests()
    rig.respond(to: requests[1], requests[1].frame.response(.success))
    let vanished = rig.open()
    rig.send(Sample.request(.uim, client: 8), from: vanished)
    _ = rig.takeRequests()
    rig.disconnect(vanished)

    rig.beginShutdown()
    #expect(rig.closed == [client: .shuttingDown])
    let releases = rig.takeRequests()
    #expect(
      released(releases) == [
        .init(service: .nas, clientID: 1), .init(service: .uim, clientID: 8),
        .init(service: .wms, clientID: Rig.ownClientID),
      ])
    #expect(!rig.interposer.isShutDown)
    for request in releases { rig.respond(to: request, request.frame.response(.success)) }
    #expect(rig.interposer.isShutDown)
    let late = rig.connect()
    #expect(rig.closed[late] == .shuttingDown)
  }

  @Test func heldAndUndecidedMessagesGoByCarrierFirst() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let held = try #require(rig.takeSubmission())
    rig.resolve(held.id, .hold)
    rig.send(try Sample.rawSend(Sample.submit(), transaction: 5), from: client)
    let undecided = try #require(rig.takeSubmission())
    _ = rig.take(client)

    rig.beginShutdown()
    #expect(rig.takeEvents() == [.released(held.id, .shuttingDown), .released(undecided.id, .shuttingDown)])
    #expect(rig.closed.isEmpty && !rig.interposer.isShutDown)
    for request in rig.takeRequests() {
      #expect(request.frame.messageID == WMS.ID.rawSend)
      rig.respond(to: request, Sample.sent(request.frame, reference: 4))
    }
    #expect(rig.take(client).map(\.transaction) == [5])
    #expect(rig.closed == [client: .shuttingDown])
    let reports = rig.takeEvents().compactMap { if case .carried(let report) = $0 { report } else { nil } }
    #expect(reports.map(\.outcome) == [.incomplete, .sent(messageReference: 4)])
    for request in rig.takeRequests() { rig.respond(to: request, request.frame.response(.success)) }
    #expect(rig.interposer.isShutDown)
  }

  @Test func whatIsSentWhileItDrainsIsForwardedAndToldOf() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit(), transaction: 5), from: client)
    let undecided = try #require(rig.takeSubmission())
    rig.beginShutdown()
    let first = rig.takeRequest()
    rig.send(try Sample.rawSend(Sample.submit(), transaction: 6), from: client)
    let second = rig.takeRequest()
    rig.respond(to: first, Sample.sent(first.frame, reference: 4))
    rig.respond(to: second, Sample.sent(second.frame, reference: 5))
    #expect(rig.take(client).map(\.transaction) == [5, 6])
    let events = rig.takeEvents()
    #expect(events.first == .released(undecided.id, .shuttingDown))
    #expect(events.contains { if case .observed = $0 { true } else { false } })
    let reports = events.compactMap { if case .carried(let report) = $0 { report } else { nil } }
    #expect(reports.map(\.outcome) == [.sent(messageReference: 4), .sent(messageReference: 5)])
  }

  /// A rig whose shutdown waits for the modem's answer to a message.
  private func drainingRig() throws -> (Rig, ClientConnection, Rig.ModemRequest) {
    let rig = Rig(tap: .intercept)
    let client = rig.openReporting(3)
    rig.send(try Sample.rawSend(Sample.submit(), transaction: 5), from: client)
    _ = rig.takeEvents()
    rig.beginShutdown()
    _ = rig.takeEvents()
    return (rig, client, rig.takeRequest())
  }

  @Test func aCopyThatComesWhileItDrainsIsStillOne() throws {
    let (rig, client, sending) = try drainingRig()
    rig.indicate(Sample.eventReport(.init(storage: .uim, index: 7), client: 3))
    let read = rig.takeRequest()
    rig.respond(
      to: read,
      WMS.RawReadResponse(.init(tag: .receivedUnread, message: try Sample.raw(Sample.deliver().encoded())))
        .encoded(client: Rig.ownClientID, transaction: 1))
    rig.resolveIncoming(try #require(rig.takeReceived()).id, .consume)
    let deletion = rig.takeRequest()
    #expect(deletion.frame.messageID == WMS.ID.delete)
    rig.respond(to: deletion, deletion.frame.response(.success))
    rig.respond(to: sending, Sample.sent(sending.frame, reference: 4))
    #expect(rig.take(client).map(\.kind) == [.response])
  }

  @Test func whatIsUndecidedInTheEndStaysInTheModemOrIsAnnounced() throws {
    let (rig, client, sending) = try drainingRig()
    rig.indicate(Sample.eventReport(.init(storage: .uim, index: 7), client: 3))
    _ = rig.takeRequests()
    let message = try Sample.raw(Sample.deliver().encoded())
    let transferred = WMS.EventReportIndication(
      transferredMessage: .init(ackIndicator: .doNotSend, transactionID: 9, message: message), mode: .gsmWCDMA
    ).encoded(client: 3, transaction: 8)
    rig.indicate(transferred)
    rig.respond(to: sending, Sample.sent(sending.frame, reference: 4))
    // The modem has not stored the second one.
    #expect(rig.take(client).filter { $0.kind == .indication } == [transferred])
    #expect(rig.closed[client] == .shuttingDown)
    for request in rig.takeRequests() where request.frame.isControl {
      rig.respond(to: request, request.frame.response(.success))
    }
    rig.advance(.seconds(10))
    #expect(rig.interposer.queues.allSatisfy { !$0.restsEmpty || $0.count == 0 || $0.name == "requests" })
  }

  @Test func withoutAModemItEndsAtOnceAndSaysWhatWasLost() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let held = try #require(rig.takeSubmission())
    rig.resolve(held.id, .hold)
    rig.removeModem()
    _ = rig.takeEvents()
    rig.beginShutdown()
    #expect(rig.interposer.isShutDown)
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(submission: held.id, sentPartCount: 0, total: 2, outcome: .failed(SubmissionFailure(.deviceNotReady))))
      ])
  }

  @Test func idleShutdownIsImmediate() {
    let rig = Rig(isModemOpen: false)
    rig.beginShutdown()
    rig.beginShutdown()
    #expect(rig.interposer.isShutDown)
    #expect(throws: LocalSubmissionError.tooMany) { try rig.submitLocally([Sample.submit()]) }
  }
}
