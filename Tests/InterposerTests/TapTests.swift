import Interposer
import QMI
import Telephony
import Testing

@Suite struct TapTests {
  @Test func offReportsNothing() throws {
    let rig = Rig(tap: .off)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let request = rig.takeRequest()
    #expect(request.frame == frame)
    rig.respond(to: request, Sample.sent(frame, reference: 8))
    #expect(rig.takeOne(client) == Sample.sent(frame, reference: 8))
    #expect(rig.takeEvents().isEmpty)
  }

  @Test func observeForwardsAtOnceAndReports() throws {
    let rig = Rig(tap: .observe)
    let client = rig.open()
    let submit = try Sample.submit()
    let frame = try Sample.rawSend(submit)
    rig.send(frame, from: client)
    let request = rig.takeRequest()
    #expect(request.frame == frame)
    let observed = rig.takeEvents()
    guard case .observed(let submission) = observed.first else {
      Issue.record("\(observed)")
      return
    }
    #expect(submission.origin == .client(client) && submission.isComplete)
    #expect(submission.parts.map(\.submit) == [submit])
    rig.respond(to: request, Sample.sent(frame, reference: 8))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 1, total: 1, outcome: .sent(messageReference: 8)))
      ])
    #expect(rig.takeOne(client) == Sample.sent(frame, reference: 8))
  }

  @Test func forwardSendsTheOriginalFrameAndReturnsTheModemsAnswer() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    #expect(rig.takeRequests().isEmpty)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    let request = rig.takeRequest()
    #expect(request.frame == frame && request.timeout == .seconds(300))
    rig.respond(to: request, Sample.refused(frame))
    #expect(rig.takeOne(client) == Sample.refused(frame))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 1, outcome: .failed(Sample.refusal)))
      ])
    #expect(!rig.resolve(submission.id, .forward))
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func succeedAnswersAsAModemWould() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .succeed(messageReference: 200))
    #expect(rig.takeOne(client) == Sample.sent(frame, reference: 200))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty)
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func failAnswersAsAModemWould() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .fail(Sample.refusal))
    #expect(rig.takeOne(client) == Sample.refused(frame))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty)
  }

  @Test func holdOnACompleteMessageIsForward() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    #expect(rig.takeRequests().count == 1)
  }

  @Test func otherTrafficIsNotHeldUpByADecision() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    rig.send(Sample.request(), from: client)
    #expect(rig.takeRequest().frame == Sample.request())
  }

  @Test func modemThatNeverAnswersIsReported() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    rig.fail(rig.takeRequest(), .timedOut)
    #expect(rig.take(client).isEmpty)
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 1, outcome: .unanswered))
      ])
  }

  @Test func aDecisionThatNeverComesIsForward() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.advance(.milliseconds(19_999))
    #expect(rig.takeRequests().isEmpty)
    rig.advance(.milliseconds(1))
    #expect(rig.takeRequest().frame == frame)
    #expect(rig.takeEvents() == [.released(submission.id, .undecided)])
    #expect(!rig.resolve(submission.id, .succeed(messageReference: 1)))
    #expect(rig.take(client).isEmpty)
  }

  // MARK: What is not understood

  static let undecodable: [[UInt8]] = [
    [], [0], [0, 0x01], [12] + [UInt8](repeating: 0, count: 5), [0] + [UInt8](repeating: 0xFF, count: 40),
    // SMS-COMMAND
    [0, 0x02, 0, 0, 0, 0, 0],
  ]

  @Test(arguments: undecodable)
  func whatDoesNotDecodeIsForwardedUntouched(octets: [UInt8]) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let message = try #require(WMS.RawMessage(octets: octets))
    let frame = WMS.RawSendRequest(message: message).encoded(client: 3, transaction: 4)
    try expectUnparsed(rig, client, frame)
  }

  @Test func anotherFormatIsForwardedUntouched() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let message = try #require(WMS.RawMessage(format: .cdma, octets: Sample.raw(Sample.submit().encoded()).octets))
    try expectUnparsed(rig, client, WMS.RawSendRequest(message: message).encoded(client: 3, transaction: 4))
  }

  @Test func aRawSendWithoutMessageIsForwardedUntouched() throws {
    let rig = Rig(tap: .observe)
    let client = rig.open()
    try expectUnparsed(
      rig, client,
      QMIMessageBuilder(.request, service: .wms, client: 3, transaction: 4, message: WMS.ID.rawSend).finish())
  }

  private func expectUnparsed(_ rig: Rig, _ client: ClientConnection, _ frame: QMUXFrame) throws {
    rig.send(frame, from: client)
    let request = rig.takeRequest()
    #expect(request.frame == frame)
    let events = rig.takeEvents()
    guard events.count == 1, case .unparsed(let unparsed) = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(unparsed.client == client && unparsed.reason == .undecodable)
    let response = frame.response(.wmsTPDUType)
    rig.respond(to: request, response)
    #expect(rig.takeOne(client) == response)
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(
            submission: unparsed.id, sentPartCount: 0, total: 1, outcome: .failed(SubmissionFailure(.wmsTPDUType))))
      ])
  }

  // MARK: Clients that leave

  @Test func aDecisionCountsAfterItsClientHasGone() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.disconnect(client)
    #expect(rig.takeEvents() == [.submitterGone(submission.id)])
    rig.resolve(submission.id, .forward)
    let request = rig.takeRequest()
    #expect(request.frame.clientID == Rig.ownClientID && request.frame.messageID == WMS.ID.rawSend)
    #expect(request.frame.value(of: 0x01) == frame.value(of: 0x01))
    rig.respond(to: request, Sample.sent(request.frame, reference: 5))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 1, total: 1, outcome: .sent(messageReference: 5)))
      ])
    #expect(rig.take(client).isEmpty)
  }

  @Test(arguments: [SubmissionResolution.succeed(messageReference: 1), .fail(Sample.refusal)])
  func otherDecisionsForAVanishedClientEndIt(resolution: SubmissionResolution) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.disconnect(client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, resolution)
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty && rig.take(client).isEmpty)
  }

  @Test func aMessageOnItsWayIsReportedThoughItsClientHasGone() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    let request = rig.takeRequest()
    rig.disconnect(client)
    rig.respond(to: request, Sample.sent(frame, reference: 3))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 1, total: 1, outcome: .sent(messageReference: 3)))
      ])
  }

  @Test func modemRemovedWhileItWasOnItsWay() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    _ = rig.takeRequest()
    rig.removeModem()
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(
            submission: submission.id, sentPartCount: 0, total: 1,
            outcome: .failed(SubmissionFailure(.deviceNotReady))))
      ])
  }

  @Test func modemRemovedWhileItWasDecided() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.rawSend(Sample.submit()), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.removeModem()
    #expect(rig.takeEvents() == [.submitterGone(submission.id)])
    rig.resolve(submission.id, .forward)
    #expect(
      rig.takeEvents() == [
        .carried(
          .init(
            submission: submission.id, sentPartCount: 0, total: 1,
            outcome: .failed(SubmissionFailure(.deviceNotReady))))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func unparsedIsReportedWhenTheModemGoes() throws {
    let rig = Rig(tap: .observe)
    let client = rig.open()
    rig.send(
      QMIMessageBuilder(.request, service: .wms, client: 3, transaction: 4, message: WMS.ID.rawSend).finish(),
      from: client)
    _ = rig.takeEvents()
    rig.removeModem()
    let events = rig.takeEvents()
    guard events.count == 1, case .carried(let report) = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(report.outcome == .failed(SubmissionFailure(.deviceNotReady)))
  }

  @Test func undecidedMessagesAreBounded() throws {
    let rig = Rig(tap: .intercept) { $0.limits.submissions = 2 }
    let client = rig.open()
    for index in 1...3 {
      rig.send(try Sample.rawSend(Sample.submit(), transaction: UInt16(index)), from: client)
    }
    let events = rig.takeEvents()
    #expect(events.count == 3)
    guard case .unparsed(let unparsed) = events.last else {
      Issue.record("\(events)")
      return
    }
    #expect(unparsed.reason == .tooMany)
    #expect(rig.takeRequest().frame.transaction == 3)
  }

  @Test func leavingInterceptStillWaitsForDecisions() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let frame = try Sample.rawSend(Sample.submit())
    rig.send(frame, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.setTapMode(.observe)
    #expect(rig.takeRequests().isEmpty)
    #expect(rig.resolve(submission.id, .forward))
    #expect(rig.takeRequest().frame == frame)
  }
}
