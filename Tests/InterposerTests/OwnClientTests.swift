import Interposer
import QMI
import Telephony
import Testing

@Suite struct OwnClientTests {
  /// Intercepting, with a client that has reports of new messages: the Interposer needs no id yet.
  private func reportingRig() -> (Rig, ClientConnection) {
    let rig = Rig(tap: .off)
    let client = rig.openReporting(3)
    rig.setTapMode(.intercept)
    #expect(rig.takeRequests().isEmpty)
    return (rig, client)
  }

  private func exhausted(_ rig: Rig) {
    let request = rig.takeRequest()
    #expect(request.frame.messageID == CTL.ID.allocateClientID && request.timeout == .seconds(300))
    rig.respond(to: request, CTL.AllocateClientIDResponse(failure: .clientIDsExhausted).encoded(transaction: 1))
  }

  @Test func withoutAnIDTheClientsOwnFramesAreSent() throws {
    let (rig, client) = reportingRig()
    rig.send(try Sample.part(1, of: 2), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.take(client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .forward)
    exhausted(rig)
    let first = rig.takeRequest()
    #expect(first.frame == (try Sample.part(1, of: 2)))
    rig.respond(to: first, Sample.sent(first.frame, reference: 1))
    // The answer to a part that was answered long ago is not the client's.
    #expect(rig.take(client).isEmpty)
    let second = rig.takeRequest()
    #expect(second.frame == (try Sample.part(2, of: 2)))
    rig.respond(to: second, Sample.sent(second.frame, reference: 2))
    #expect(rig.takeOne(client) == Sample.sent(second.frame, reference: 2))
  }

  /// A part has been answered with success and is held; its client has gone.
  private func orphaned(_ rig: Rig, _ client: ClientConnection, releasingID: Bool) throws -> SubmissionID {
    rig.send(try Sample.part(1, of: 2), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    if releasingID {
      rig.send(CTL.ReleaseClientIDRequest(.init(service: .wms, clientID: 3)).encoded(transaction: 5), from: client)
    }
    rig.disconnect(client)
    return submission.id
  }

  @Test func withoutAnIDTheOneThatAClientLeftIsUsed() throws {
    let (rig, client) = reportingRig()
    _ = try orphaned(rig, client, releasingID: false)
    rig.fail(rig.takeRequest(), .timedOut)
    let send = rig.takeRequest()
    #expect(send.frame == (try Sample.part(1, of: 2)))
    rig.respond(to: send, Sample.sent(send.frame, reference: 1))
    #expect(rig.interposer.heldPartCount == 0)
  }

  /// Never given to the modem, so it can't have gone out.
  @Test func withoutAnyIDItHasFailed() throws {
    let (rig, client) = reportingRig()
    let id = try orphaned(rig, client, releasingID: true)
    rig.advance(.seconds(60))
    #expect(!rig.takeRequests().contains { $0.frame.messageID == WMS.ID.rawSend })
    let report = CarrierReport(submission: id, sentPartCount: 0, total: 2, outcome: .failed(SubmissionFailure(.internal)))
    #expect(rig.takeEvents().contains(.carried(report)))
  }

  @Test func withoutAnIDAndWithoutAClientItIsTriedAgain() throws {
    let (rig, client) = reportingRig()
    _ = try orphaned(rig, client, releasingID: true)
    let requests = rig.takeRequests()
    let allocation = try #require(requests.first { $0.frame.messageID == CTL.ID.allocateClientID })
    rig.respond(to: allocation, CTL.AllocateClientIDResponse(failure: .internal).encoded(transaction: 1))
    #expect(rig.interposer.heldPartCount == 1)
    rig.advance(.seconds(10))
    rig.grantOwnClient()
    #expect(rig.takeRequests().contains { $0.frame.messageID == WMS.ID.rawSend })
  }

  @Test func anIDThatComesTooLateIsGivenBack() throws {
    let (rig, client) = reportingRig()
    _ = try orphaned(rig, client, releasingID: true)
    let allocation = try #require(rig.takeRequests().first { $0.frame.messageID == CTL.ID.allocateClientID })
    // The held part is tried again with another id.
    rig.advance(.seconds(13))
    rig.grantOwnClient()
    _ = rig.takeRequests()
    rig.respond(
      to: allocation, CTL.AllocateClientIDResponse(.init(service: .wms, clientID: 0x41)).encoded(transaction: 1))
    let released = rig.takeRequests().compactMap { try? CTL.ReleaseClientIDRequest(decoding: $0.frame).allocation }
    #expect(released == [.init(service: .wms, clientID: 0x41)])
  }

  @Test func theIDIsReleasedWhenThereIsNoUseForIt() throws {
    let rig = Rig(tap: .observe)
    _ = try rig.submitLocally([Sample.submit()])
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    rig.grantOwnClient()
    let send = rig.takeRequest()
    rig.respond(to: send, Sample.sent(send.frame, reference: 1))
    rig.advance(.milliseconds(29_999))
    #expect(rig.takeRequests().isEmpty)
    rig.advance(.milliseconds(1))
    let release = try CTL.ReleaseClientIDRequest(decoding: rig.takeRequest().frame)
    #expect(release.allocation == .init(service: .wms, clientID: Rig.ownClientID))
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func reportsAreAskedForOnlyWithoutAClientThatHasThem() {
    let (rig, client) = reportingRig()
    rig.disconnect(client)
    rig.grantOwnClient()
    let reports = rig.takeRequest()
    #expect((try? WMS.SetEventReportRequest(decoding: reports.frame))?.reportsNewMessages == true)
    #expect(reports.frame.clientID == Rig.ownClientID)
  }

  @Test func reportsAreAskedForAgainWhenTheyWereRefused() {
    let (rig, client) = reportingRig()
    rig.send(WMS.SetEventReportRequest(reportsNewMessages: false).encoded(client: 3, transaction: 2), from: client)
    let request = rig.takeRequest()
    rig.respond(to: request, request.frame.response(.success))
    exhausted(rig)
    rig.advance(.seconds(30))
    rig.grantOwnClient()
    let reports = rig.takeRequest()
    rig.fail(reports, .timedOut)
    rig.advance(.seconds(30))
    #expect(rig.takeRequest().frame.messageID == WMS.ID.eventReport)
  }

  @Test func aMessageIsCaughtWithoutAnyClient() throws {
    let rig = Rig(tap: .intercept)
    let location = WMS.MessageLocation(storage: .nv, index: 2)
    rig.indicate(Sample.eventReport(location, client: Rig.ownClientID))
    let read = rig.takeRequest()
    rig.respond(to: read, try storedMessage(Sample.deliver()).encoded(client: Rig.ownClientID, transaction: 2))
    let message = try #require(rig.takeReceived())
    rig.resolveIncoming(message.id, .consume)
    #expect(try WMS.DeleteRequest(decoding: rig.takeRequest().frame).index == 2)
  }

  private func storedMessage(_ deliver: SMSDeliver) throws -> WMS.RawReadResponse {
    WMS.RawReadResponse(.init(tag: .receivedUnread, message: try Sample.raw(deliver.encoded())))
  }
}

@Suite struct LocalSubmissionTests {
  @Test(arguments: [TapMode.off, .observe, .intercept])
  func goesTheSameWay(tap: TapMode) throws {
    let rig = Rig(tap: tap)
    let submits = try (1...2).map { try Sample.submit(part: Sample.concatenation($0, of: 2)) }
    let id = try rig.submitLocally(submits)
    let submission = try #require(rig.takeSubmission())
    #expect(submission.id == id && submission.origin == .local && submission.isComplete)
    #expect(submission.parts.map(\.submit) == submits)
    rig.resolve(id, .forward)
    if tap != .intercept { rig.grantOwnClient() }
    for submit in submits {
      let request = rig.takeRequest()
      #expect(try WMS.RawSendRequest(decoding: request.frame).message.octets == [0] + submit.encoded())
      #expect(request.timeout == .seconds(60))
      rig.respond(to: request, Sample.sent(request.frame, reference: 6))
    }
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: id, sentPartCount: 2, total: 2, outcome: .sent(messageReference: 6)))
      ])
  }

  @Test func stopsAtAFailure() throws {
    let rig = Rig(tap: .intercept)
    let id = try rig.submitLocally((1...3).map { try Sample.submit(part: Sample.concatenation($0, of: 3)) })
    _ = rig.takeEvents()
    rig.resolve(id, .forward)
    let request = rig.takeRequest()
    rig.respond(to: request, Sample.refused(request.frame))
    #expect(rig.takeRequests().isEmpty)
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: id, sentPartCount: 0, total: 3, outcome: .failed(Sample.refusal)))
      ])
  }

  @Test(arguments: [SubmissionResolution.succeed(messageReference: 3), .fail(Sample.refusal)])
  func needsNoAnswer(resolution: SubmissionResolution) throws {
    let rig = Rig(tap: .intercept)
    let id = try rig.submitLocally([Sample.submit()])
    _ = rig.takeEvents()
    #expect(rig.resolve(id, resolution))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty && rig.interposer.nextDeadline == nil)
  }

  @Test func withoutAModemItFails() throws {
    let rig = Rig(isModemOpen: false)
    let id = try rig.submitLocally((1...2).map { try Sample.submit(part: Sample.concatenation($0, of: 2)) })
    _ = rig.takeEvents()
    rig.resolve(id, .forward)
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(submission: id, sentPartCount: 0, total: 2, outcome: .failed(SubmissionFailure(.deviceNotReady))))
      ])
  }

  @Test func modemGoesWhileItIsSent() throws {
    let rig = Rig(tap: .intercept)
    let id = try rig.submitLocally((1...2).map { try Sample.submit(part: Sample.concatenation($0, of: 2)) })
    _ = rig.takeEvents()
    rig.resolve(id, .forward)
    _ = rig.takeRequest()
    rig.removeModem()
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(submission: id, sentPartCount: 0, total: 2, outcome: .failed(SubmissionFailure(.deviceNotReady))))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func withoutAnIDItFails() throws {
    let rig = Rig(tap: .off)
    let id = try rig.submitLocally([Sample.submit()])
    _ = rig.takeEvents()
    rig.resolve(id, .forward)
    rig.fail(rig.takeRequest(), .timedOut)
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: id, sentPartCount: 0, total: 1, outcome: .failed(SubmissionFailure(.internal))))
      ])
  }

  @Test func takesOneTo255Parts() throws {
    let rig = Rig { $0.limits.submissions = 1 }
    #expect(throws: LocalSubmissionError.partCount) { try rig.submitLocally([]) }
    let one = try Sample.submit()
    #expect(throws: LocalSubmissionError.partCount) {
      try rig.submitLocally([SMSSubmit](repeating: one, count: 256))
    }
    _ = try rig.submitLocally([SMSSubmit](repeating: one, count: 255))
    #expect(throws: LocalSubmissionError.tooMany) { try rig.submitLocally([one]) }
  }
}

@Suite struct StoredSubmissionTests {
  private static let location = WMS.MessageLocation(storage: .uim, index: 4)

  private func request(_ location: WMS.MessageLocation = Self.location, mode: WMS.MessageMode = .gsmWCDMA) -> QMUXFrame {
    WMS.SendFromMemoryStorageRequest(location: location, mode: mode).encoded(client: 3, transaction: 21)
  }

  private func stored(_ submit: SMSSubmit) throws -> QMUXFrame {
    WMS.RawReadResponse(.init(tag: .unsent, message: try Sample.raw(submit.encoded())))
      .encoded(client: Rig.ownClientID, transaction: 1)
  }

  @Test func isReadThenDecided() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(), from: client)
    let read = rig.takeRequest()
    #expect(try WMS.RawReadRequest(decoding: read.frame).location == Self.location)
    let submit = try Sample.submit()
    rig.respond(to: read, try stored(submit))
    let submission = try #require(rig.takeSubmission())
    #expect(submission.parts.map(\.submit) == [submit])

    rig.resolve(submission.id, .forward)
    let send = rig.takeRequest()
    #expect(send.frame == request())
    rig.respond(to: send, Sample.sent(send.frame, reference: 2))
    #expect(rig.takeOne(client) == Sample.sent(send.frame, reference: 2))
    let events = rig.takeEvents()
    #expect(
      events == [
        .carried(.init(submission: submission.id, sentPartCount: 1, total: 1, outcome: .sent(messageReference: 2)))
      ])
  }

  @Test func isTaggedAsSentWhenItWentAnotherWay() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(), from: client)
    rig.respond(to: rig.takeRequest(), try stored(Sample.submit()))
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .succeed(messageReference: 30))
    #expect(rig.takeOne(client) == Sample.sent(request(), reference: 30))
    let tag = try WMS.ModifyTagRequest(decoding: rig.takeRequest().frame)
    #expect(tag.location == Self.location && tag.tag == .sent)
  }

  @Test func failsAsAModemWould() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(), from: client)
    rig.respond(to: rig.takeRequest(), try stored(Sample.submit()))
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .fail(Sample.refusal))
    let response = try WMS.SendFromMemoryStorageResponse(decoding: rig.takeOne(client))
    #expect(response.result == .failure(.wmsCauseCode) && response.failure == Sample.refusal.details)
  }

  @Test func heldPartsAreSentFromWhatWasRead() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let part = try Sample.submit(part: Sample.concatenation(1, of: 2))
    rig.send(request(), from: client)
    rig.respond(to: rig.takeRequest(), try stored(part))
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    #expect(try WMS.SendFromMemoryStorageResponse(decoding: rig.takeOne(client)).result == .success)
    rig.disconnect(client)
    let send = rig.takeRequest()
    #expect(try WMS.RawSendRequest(decoding: send.frame).message.octets == [0] + part.encoded())
  }

  enum Trouble: CaseIterable { case refused, unanswered, notASubmit, otherFormat }

  @Test(arguments: Trouble.allCases)
  func isForwardedWhenItCannotBeRead(trouble: Trouble) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(), from: client)
    let read = rig.takeRequest()
    switch trouble {
    case .refused: rig.respond(to: read, read.frame.response(.noEntry))
    case .unanswered: rig.advance(.seconds(3))
    case .notASubmit:
      let message = try Sample.raw(Sample.deliver().encoded())
      rig.respond(
        to: read, WMS.RawReadResponse(.init(tag: .unsent, message: message)).encoded(client: 1, transaction: 1))
    case .otherFormat:
      let message = try #require(WMS.RawMessage(format: .cdma, octets: [1, 2, 3]))
      rig.respond(
        to: read, WMS.RawReadResponse(.init(tag: .unsent, message: message)).encoded(client: 1, transaction: 1))
    }
    #expect(rig.takeRequest().frame == request())
    let events = rig.takeEvents()
    guard events.count == 1, case .unparsed(let unparsed) = events.first else {
      Issue.record("\(events)")
      return
    }
    let isUndecodable = trouble == .notASubmit || trouble == .otherFormat
    #expect(unparsed.reason == (isUndecodable ? .undecodable : .unreadable))
    // The read that comes after all changes nothing.
    rig.respond(to: read, try stored(Sample.submit()))
    #expect(rig.takeEvents().isEmpty && rig.takeRequests().isEmpty)
  }

  @Test func observeAndOffForwardAtOnce() {
    for tap in [TapMode.off, .observe] {
      let rig = Rig(tap: tap)
      let client = rig.open()
      rig.send(request(), from: client)
      #expect(rig.takeRequest().frame == request())
      #expect(rig.takeEvents().count == (tap == .off ? 0 : 1))
    }
  }

  @Test func threeGPP2IsForwarded() {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(mode: .cdma), from: client)
    #expect(rig.takeRequest().frame == request(mode: .cdma))
  }

  @Test func virtualMessagesAreNotSent() {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(.init(storage: .nv, index: StoredMessageID.base)), from: client)
    #expect(rig.takeOne(client).result == .failure(.noEntry))
    #expect(rig.takeRequests().isEmpty)
  }

  @Test func aVanishedClientsMessageIsStillDecided() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(request(), from: client)
    let read = rig.takeRequest()
    rig.disconnect(client)
    rig.respond(to: read, try stored(Sample.submit()))
    let events = rig.takeEvents()
    guard events.count == 2, case .submitted(let submission) = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(events.last == .submitterGone(submission.id))
    rig.resolve(submission.id, .forward)
    #expect(rig.takeRequest().frame.messageID == WMS.ID.rawSend)
  }
}
