import Interposer
import QMI
import Telephony
import Testing

@Suite struct MultipartTests {
  /// Sends parts 1…`count` of `total` after *hold* for the first; checks that each was answered with success.
  private func hold(_ count: Int, of total: Int, _ rig: Rig, _ client: ClientConnection) throws -> Submission {
    rig.send(try Sample.part(1, of: total), from: client)
    let submission = try #require(rig.takeSubmission())
    #expect(submission.total == total && submission.parts.map(\.number) == [1] && !submission.isComplete)
    #expect(rig.take(client).isEmpty)
    rig.resolve(submission.id, .hold)
    try expectSuccess(rig.takeOne(client), transaction: 101)
    for number in 2..<(count + 1) where count > 1 {
      rig.send(try Sample.part(number, of: total), from: client)
      try expectSuccess(rig.takeOne(client), transaction: UInt16(100 + number))
    }
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty)
    #expect(rig.interposer.heldPartCount == count)
    return submission
  }

  private func expectSuccess(_ frame: QMUXFrame, transaction: UInt16) throws {
    let response = try WMS.RawSendResponse(decoding: frame)
    #expect(response.result == .success && response.messageReference != nil)
    #expect(frame.transaction == transaction)
  }

  /// Answers own sends one by one with success; what was sent, in order.
  private func sendAll(_ rig: Rig) -> [QMUXFrame] {
    var sent: [QMUXFrame] = []
    while true {
      let requests = rig.takeRequests()
      guard let request = requests.first else { return sent }
      #expect(requests.count == 1)
      sent.append(request.frame)
      rig.respond(to: request, Sample.sent(request.frame, reference: UInt16(sent.count)))
    }
  }

  private func messages(_ frames: [QMUXFrame]) -> [ArraySlice<UInt8>?] { frames.map { $0.value(of: 0x01) } }
  private func parts(_ numbers: ClosedRange<Int>, of total: Int) throws -> [ArraySlice<UInt8>?] {
    try numbers.map { try Sample.part($0, of: total).value(of: 0x01) }
  }

  @Test func theLastPartIsAskedAboutWithAll() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let first = try hold(2, of: 3, rig, client)
    rig.send(try Sample.part(3, of: 3), from: client)
    let whole = try #require(rig.takeSubmission())
    #expect(whole.id == first.id && whole.isComplete && whole.parts.map(\.number) == [1, 2, 3])
    rig.resolve(whole.id, .succeed(messageReference: 9))
    #expect(rig.takeOne(client) == Sample.sent(try Sample.part(3, of: 3), reference: 9))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty)
    #expect(rig.interposer.heldPartCount == 0 && rig.interposer.nextDeadline == nil)
  }

  @Test func forwardOnTheFirstLetsTheOthersPass() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    for number in 1...2 {
      if number == 2 { rig.send(try Sample.part(2, of: 2), from: client) }
      let request = rig.takeRequest()
      #expect(request.frame == (try Sample.part(number, of: 2)))
      rig.respond(to: request, Sample.sent(request.frame, reference: UInt16(number)))
      #expect(rig.take(client).count == 1)
    }
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 2, total: 2, outcome: .sent(messageReference: 2)))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func observeTellsOneMessageAsOne() throws {
    let rig = Rig(tap: .observe)
    let client = rig.open()
    var observedCount = 0
    for number in 1...3 {
      rig.send(try Sample.part(number, of: 3), from: client)
      for case .observed(let submission) in rig.takeEvents() {
        observedCount += 1
        #expect(submission.total == 3)
      }
      let request = rig.takeRequest()
      rig.respond(to: request, Sample.sent(request.frame, reference: UInt16(number)))
    }
    #expect(observedCount == 1)
    let events = rig.takeEvents()
    guard events.count == 1, case .carried(let report) = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(report.sentPartCount == 3 && report.outcome == .sent(messageReference: 3))
  }

  @Test func carrierAfterAllSendsHeldPartsFirstAndAnswersWithTheLast() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    let last = try Sample.part(3, of: 3)
    rig.send(last, from: client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .forward)
    let sent = sendAll(rig)
    #expect(messages(sent) == (try parts(1...3, of: 3)))
    #expect(sent.map(\.clientID) == [Rig.ownClientID, Rig.ownClientID, 3])
    #expect(sent.last == last)
    #expect(rig.takeOne(client) == Sample.sent(last, reference: 3))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 3, total: 3, outcome: .sent(messageReference: 3)))
      ])
    #expect(rig.interposer.heldPartCount == 0 && rig.interposer.nextDeadline == nil)
  }

  @Test func aHeldPartThatFailsIsTheLastPartsAnswer() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    let last = try Sample.part(2, of: 2)
    rig.send(last, from: client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .forward)
    let request = rig.takeRequest()
    rig.respond(to: request, Sample.refused(request.frame))
    #expect(rig.takeOne(client) == Sample.refused(last))
    #expect(rig.takeRequests().isEmpty)
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 2, outcome: .failed(Sample.refusal)))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func aHeldPartThatIsNeverAnsweredFailsTheLast() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .forward)
    rig.fail(rig.takeRequest(), .timedOut)
    #expect(rig.takeOne(client).result == .failure(.wmsMessageNotSent))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 2, outcome: .unanswered))
      ])
  }

  @Test func failAnswersTheLast() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .fail(Sample.refusal))
    #expect(rig.takeOne(client) == Sample.refused(try Sample.part(2, of: 2)))
    #expect(rig.interposer.heldPartCount == 0)
  }

  // MARK: Parts that do not come

  @Test func heldPartsGoByCarrierAfterAMinute() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    rig.advance(.milliseconds(59_999))
    #expect(rig.takeRequests().isEmpty)
    rig.advance(.milliseconds(1))
    #expect(rig.takeEvents() == [.released(submission.id, .incomplete)])
    let sent = sendAll(rig)
    #expect(messages(sent) == (try parts(1...2, of: 3)))
    #expect(sent.allSatisfy { $0.clientID == Rig.ownClientID })
    #expect(rig.interposer.heldPartCount == 0)
    // The last part is late: it goes where the others went.
    rig.send(try Sample.part(3, of: 3), from: client)
    let late = rig.takeRequest()
    #expect(late.frame == (try Sample.part(3, of: 3)))
    rig.respond(to: late, Sample.sent(late.frame, reference: 7))
    #expect(rig.take(client).count == 1)
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 3, total: 3, outcome: .sent(messageReference: 7)))
      ])
  }

  @Test func aLatePartWaitsForThoseBeforeIt() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    _ = try hold(1, of: 2, rig, client)
    rig.advance(.seconds(60))
    let held = rig.takeRequest()
    rig.send(try Sample.part(2, of: 2), from: client)
    #expect(rig.takeRequests().isEmpty)
    rig.respond(to: held, Sample.sent(held.frame, reference: 1))
    let late = rig.takeRequest()
    #expect(late.frame == (try Sample.part(2, of: 2)))
    rig.respond(to: late, Sample.refused(late.frame))
    #expect(rig.takeOne(client) == Sample.refused(late.frame))
  }

  @Test func whatNeverComesIsReportedAsIncomplete() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    rig.advance(.seconds(60))
    _ = rig.takeEvents()
    _ = sendAll(rig)
    #expect(rig.takeEvents().isEmpty)
    rig.advance(.seconds(60))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 2, total: 3, outcome: .incomplete))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func heldPartsOfAVanishedClientGoByCarrier() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    rig.disconnect(client)
    #expect(rig.takeEvents() == [.released(submission.id, .clientGone)])
    #expect(messages(sendAll(rig)) == (try parts(1...2, of: 3)))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 2, total: 3, outcome: .incomplete))
      ])
  }

  @Test func clientVanishesWhileTheFirstPartIsDecided() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.disconnect(client)
    #expect(rig.takeEvents() == [.submitterGone(submission.id)])
    rig.resolve(submission.id, .hold)
    #expect(rig.takeEvents() == [.released(submission.id, .clientGone)])
    #expect(messages(sendAll(rig)) == (try parts(1...1, of: 2)))
  }

  @Test(arguments: [SubmissionResolution.forward, .fail(Sample.refusal)])
  func clientVanishesWhileTheWholeIsDecided(resolution: SubmissionResolution) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.takeEvents()
    rig.disconnect(client)
    #expect(rig.takeEvents() == [.submitterGone(submission.id)])
    rig.resolve(submission.id, resolution)
    #expect(messages(sendAll(rig)) == (try parts(1...2, of: 2)))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 2, total: 2, outcome: .sent(messageReference: 2)))
      ])
  }

  @Test func clientVanishesWhileHeldPartsAreSent() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.takeEvents()
    rig.resolve(submission.id, .forward)
    let first = rig.takeRequest()
    rig.disconnect(client)
    rig.respond(to: first, Sample.refused(first.frame))
    // Nobody can be told that it failed: it is tried again, then the rest follows.
    rig.advance(.seconds(10))
    #expect(messages(sendAll(rig)) == (try parts(1...2, of: 2)))
  }

  @Test func heldPartsAreTriedAgainAndGivenUpInTheEnd() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    rig.disconnect(client)
    _ = rig.takeEvents()
    for attempt in 1...3 {
      let request = rig.takeRequest()
      rig.respond(to: request, Sample.refused(request.frame))
      if attempt < 3 { #expect(rig.takeEvents().isEmpty) }
      #expect(rig.interposer.heldPartCount == (attempt < 3 ? 1 : 0))
      rig.advance(.seconds(10))
    }
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 2, outcome: .failed(Sample.refusal)))
      ])
    #expect(rig.takeRequests().allSatisfy { $0.frame.messageID != WMS.ID.rawSend })
  }

  @Test func heldPartsOutliveTheModem() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    rig.removeModem()
    #expect(rig.takeEvents() == [.released(submission.id, .clientGone)])
    #expect(rig.takeRequests().isEmpty && rig.interposer.heldPartCount == 2)
    rig.advance(.seconds(10))
    #expect(rig.takeEvents() == [.openModem])
    rig.openModem()
    rig.grantOwnClient()
    var sent: [QMUXFrame] = []
    while let request = rig.takeRequests().first(where: { $0.frame.messageID == WMS.ID.rawSend }) {
      sent.append(request.frame)
      rig.respond(to: request, Sample.sent(request.frame, reference: 1))
    }
    #expect(messages(sent) == (try parts(1...2, of: 3)))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 2, total: 3, outcome: .incomplete))
      ])
  }

  @Test func aPartOnItsWayWhenTheModemGoesIsSentAgain() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    _ = try hold(1, of: 2, rig, client)
    rig.disconnect(client)
    _ = rig.takeRequest()
    rig.removeModem()
    #expect(rig.interposer.heldPartCount == 1)
    rig.openModem()
    rig.grantOwnClient()
    #expect(rig.takeRequests().contains { $0.frame.messageID == WMS.ID.rawSend })
  }


  // MARK: Ends of the tap

  @Test func closingTheTapReleasesHeldParts() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(2, of: 3, rig, client)
    rig.setTapMode(.off)
    #expect(rig.takeEvents() == [.released(submission.id, .tapClosed)])
    #expect(messages(sendAll(rig)) == (try parts(1...2, of: 3)))
  }

  // MARK: Order and identity

  @Test func partsInAnyOrderMakeOneMessage() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(3, of: 3), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    rig.send(try Sample.part(1, of: 3), from: client)
    rig.send(try Sample.part(2, of: 3), from: client)
    #expect(rig.take(client).count == 2)
    let whole = try #require(rig.takeSubmission())
    #expect(whole.parts.map(\.number) == [1, 2, 3])
    rig.resolve(whole.id, .forward)
    #expect(messages(sendAll(rig)) == (try parts(1...3, of: 3)))
    // The one that came last is answered when all have gone.
    #expect(rig.takeOne(client).transaction == 102)
  }

  @Test func partsThatComeDuringTheDecisionWait() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    for number in 1...3 { rig.send(try Sample.part(number, of: 3), from: client) }
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    #expect(rig.take(client).map(\.transaction) == [101, 102])
    #expect(try #require(rig.takeSubmission()).isComplete)
    rig.resolve(submission.id, .succeed(messageReference: 1))
    #expect(rig.take(client).map(\.transaction) == [103])
  }

  @Test func allPartsThatWaitAreAnsweredWithAFailure() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    for number in 1...2 { rig.send(try Sample.part(number, of: 3), from: client) }
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .fail(Sample.refusal))
    #expect(rig.take(client).map(\.result) == [.failure(.wmsCauseCode), .failure(.wmsCauseCode)])
  }

  @Test func clientsWithTheSameReferenceAreKeptApart() throws {
    let rig = Rig(tap: .intercept)
    let first = rig.open()
    let second = rig.open()
    let held = try hold(1, of: 2, rig, first)
    rig.send(try Sample.part(2, of: 2), from: second)
    let other = try #require(rig.takeSubmission())
    #expect(other.id != held.id && other.parts.map(\.number) == [2])
  }

  @Test func recipientsWithTheSameReferenceAreKeptApart() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let held = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2, to: "+15550100"), from: client)
    let other = try #require(rig.takeSubmission())
    #expect(other.id != held.id && !other.isComplete)
  }

  @Test func aRepeatedPartIsAnsweredAgain() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    _ = try hold(2, of: 3, rig, client)
    rig.send(try Sample.part(2, of: 3), from: client)
    try expectSuccess(rig.takeOne(client), transaction: 102)
    #expect(rig.interposer.heldPartCount == 2 && rig.takeEvents().isEmpty)
  }

  /// A client that sends each part twice, without waiting for any answer.
  @Test func eachPartTwiceIsOneMessage() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    var octets: [UInt8] = []
    for number in 1...3 { for _ in 0..<2 { octets += try Sample.part(number, of: 3).octets } }
    rig.send(octets, from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .hold)
    let whole = try #require(rig.takeSubmission())
    #expect(whole.id == submission.id && whole.parts.map(\.number) == [1, 2, 3])
    rig.resolve(whole.id, .succeed(messageReference: 9))
    let answers = try rig.take(client).map { ($0.transaction, try WMS.RawSendResponse(decoding: $0)) }
    #expect(answers.map(\.0) == [101, 101, 102, 102, 103, 103])
    #expect(answers.map(\.1.result) == Array(repeating: .success, count: 6))
    #expect(answers[0].1 == answers[1].1 && answers[2].1 == answers[3].1 && answers[5].1.messageReference == 9)
    rig.advance(.seconds(120))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty && rig.interposer.nextDeadline == nil)
  }

  @Test(arguments: [SubmissionResolution.succeed(messageReference: 9), .forward, .fail(Sample.refusal)])
  func aLastPartRepeatedBeforeItsAnswerGetsTheSame(resolution: SubmissionResolution) throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    let last = try Sample.part(2, of: 2)
    for _ in 0..<2 { rig.send(last, from: client) }
    #expect(try #require(rig.takeSubmission()).isComplete)
    // The first part once more: it was answered.
    rig.send(try Sample.part(1, of: 2), from: client)
    try expectSuccess(rig.takeOne(client), transaction: 101)
    rig.resolve(submission.id, resolution)
    if resolution == .forward {
      #expect(rig.take(client).isEmpty)
      // And while the carrier is slow.
      let first = rig.takeRequest()
      for number in 1...2 { rig.send(try Sample.part(number, of: 2), from: client) }
      try expectSuccess(rig.takeOne(client), transaction: 101)
      rig.respond(to: first, Sample.sent(first.frame, reference: 8))
      let second = rig.takeRequest()
      #expect(second.frame == last)
      rig.respond(to: second, Sample.sent(second.frame, reference: 9))
      #expect(rig.take(client) == Array(repeating: Sample.sent(last, reference: 9), count: 3))
      let events = rig.takeEvents()
      #expect(
        events == [
          .carried(.init(submission: submission.id, sentPartCount: 2, total: 2, outcome: .sent(messageReference: 9)))
        ])
    } else {
      let answer = resolution == .succeed(messageReference: 9) ? Sample.sent(last, reference: 9) : Sample.refused(last)
      #expect(rig.take(client) == [answer, answer])
    }
    rig.advance(.seconds(120))
    #expect(rig.takeRequests().isEmpty && rig.takeEvents().isEmpty && rig.interposer.heldPartCount == 0)
  }

  @Test func repeatsThatWaitAreBounded() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(1, of: 2, rig, client)
    let last = try Sample.part(2, of: 2)
    for _ in 0..<100 { rig.send(last, from: client) }
    _ = rig.takeEvents()
    rig.resolve(submission.id, .succeed(messageReference: 9))
    #expect(rig.take(client) == Array(repeating: Sample.sent(last, reference: 9), count: 33))
  }

  /// A modem would send it twice, and so it does; it is one message all the same.
  @Test func aRepeatedPartOfAForwardedMessageIsForwardedAgain() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 3), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    for number in [2, 2, 3] { rig.send(try Sample.part(number, of: 3), from: client) }
    rig.send(try Sample.part(3, of: 3), from: client)
    let requests = rig.takeRequests()
    #expect(requests.map(\.frame) == (try [1, 2, 2, 3, 3].map { try Sample.part($0, of: 3) }))
    #expect(rig.takeEvents().isEmpty)
    for request in requests { rig.respond(to: request, Sample.sent(request.frame, reference: request.frame.transaction)) }
    #expect(rig.take(client).map(\.transaction) == [101, 102, 102, 103, 103])
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 3, total: 3, outcome: .sent(messageReference: 103)))
      ])
    #expect(rig.interposer.nextDeadline == nil)
  }

  @Test func theSameMessageAfterItsAnswerIsAnotherMessage() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    var seen: [SubmissionID] = []
    for resolution in [SubmissionResolution.succeed(messageReference: 9), .fail(Sample.refusal), .succeed(messageReference: 10)] {
      let submission = try hold(1, of: 2, rig, client)
      rig.send(try Sample.part(2, of: 2), from: client)
      _ = rig.takeEvents()
      rig.resolve(submission.id, resolution)
      #expect(rig.take(client).count == 1)
      seen.append(submission.id)
    }
    // By the carrier, which refuses it; then it is sent again.
    let refused = try hold(1, of: 2, rig, client)
    rig.send(try Sample.part(2, of: 2), from: client)
    _ = rig.takeEvents()
    rig.resolve(refused.id, .forward)
    let request = rig.takeRequest()
    rig.respond(to: request, Sample.refused(request.frame))
    #expect(rig.takeOne(client) == Sample.refused(try Sample.part(2, of: 2)))
    _ = rig.takeEvents()
    let again = try hold(1, of: 2, rig, client)
    #expect(Set(seen + [refused.id, again.id]).count == 5)
  }

  @Test func twoClientsSendLongMessagesAtTheSameTime() throws {
    let rig = Rig(tap: .intercept)
    let clients = [rig.open(), rig.open()]
    var ids: [SubmissionID] = []
    for number in 1...3 {
      for client in clients {
        rig.send(try Sample.part(number, of: 3), from: client)
        if number == 1 {
          let submission = try #require(rig.takeSubmission())
          ids.append(submission.id)
          rig.resolve(submission.id, .hold)
        }
      }
    }
    let events = rig.takeEvents()
    guard events.count == 2, case .submitted(let first) = events[0], case .submitted(let second) = events[1] else {
      Issue.record("\(events)")
      return
    }
    #expect([first.id, second.id] == ids && first.isComplete && second.isComplete)
    for client in clients { #expect(rig.take(client).map(\.transaction) == [101, 102]) }
    // One arrives, the other does not.
    rig.resolve(second.id, .succeed(messageReference: 4))
    #expect(rig.takeOne(clients[1]) == Sample.sent(try Sample.part(3, of: 3), reference: 4))
    rig.resolve(first.id, .forward)
    #expect(messages(sendAll(rig)) == (try parts(1...3, of: 3)))
    #expect(rig.takeOne(clients[0]).transaction == 103)
    #expect(rig.take(clients[1]).isEmpty && rig.interposer.heldPartCount == 0)
  }

  @Test func anotherMessageUnderTheSameReferenceReleasesTheFirst() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let first = try hold(1, of: 2, rig, client)
    let other = try Sample.rawSend(
      Sample.submit(body: [0x7A], part: Sample.concatenation(1, of: 2)), transaction: 55)
    rig.send(other, from: client)
    let events = rig.takeEvents()
    #expect(events.first == .released(first.id, .superseded))
    guard events.count == 2, case .submitted(let second) = events.last else {
      Issue.record("\(events)")
      return
    }
    #expect(second.id != first.id)
    #expect(messages(sendAll(rig)) == (try parts(1...1, of: 2)))
  }

  @Test func aReferenceInUseAgainWhileTheFirstIsDecided() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let first = try #require(rig.takeSubmission())
    rig.send(
      try Sample.rawSend(Sample.submit(body: [0x7A], part: Sample.concatenation(1, of: 2)), transaction: 55), from: client)
    let second = try #require(rig.takeSubmission())
    #expect(first.id != second.id)
    // The first can get no further part, so holding it is of no use.
    rig.resolve(first.id, .hold)
    #expect(rig.takeEvents() == [.released(first.id, .superseded)])
    #expect(sendAll(rig).count == 1)
  }

  @Test func heldPartsAreBounded() throws {
    let rig = Rig(tap: .intercept) { $0.limits.heldParts = 2 }
    let client = rig.open()
    let submission = try hold(2, of: 4, rig, client)
    rig.send(try Sample.part(3, of: 4), from: client)
    #expect(rig.takeEvents() == [.released(submission.id, .tooManyHeldParts)])
    let sent = sendAll(rig)
    #expect(messages(sent) == (try parts(1...3, of: 4)))
    #expect(rig.takeOne(client).transaction == 103)
  }

  /// With the bound reached by one message, the first part of another is not called sent before it is.
  @Test func beyondTheBoundNothingMoreIsHeld() throws {
    let rig = Rig(tap: .intercept) { $0.limits.heldParts = 2 }
    let client = rig.open()
    let first = try hold(2, of: 4, rig, client)
    rig.send(try Sample.part(1, of: 2, reference: 99), from: client)
    let second = try #require(rig.takeSubmission())
    #expect(rig.resolve(second.id, .hold))
    #expect(rig.takeEvents() == [.released(second.id, .tooManyHeldParts)])
    #expect(rig.interposer.heldPartCount == 2 && rig.take(client).isEmpty)
    let request = rig.takeRequest()
    #expect(request.frame == (try Sample.part(1, of: 2, reference: 99)))
    rig.respond(to: request, Sample.sent(request.frame, reference: 5))
    #expect(rig.takeOne(client) == Sample.sent(request.frame, reference: 5))
    #expect(!rig.takeEvents().contains { if case .released(first.id, _) = $0 { true } else { false } })
  }

  @Test func twoHundredFiftyFiveParts() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    let submission = try hold(254, of: 255, rig, client)
    rig.send(try Sample.part(255, of: 255), from: client)
    #expect(try #require(rig.takeSubmission()).parts.count == 255)
    rig.resolve(submission.id, .forward)
    #expect(messages(sendAll(rig)) == (try parts(1...255, of: 255)))
    #expect(rig.takeOne(client).transaction == 355)
    #expect(rig.interposer.heldPartCount == 0)
  }

  @Test func twoHundredFiftyFivePartsInReverseArriveOtherwise() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    for number in (1...255).reversed() {
      rig.send(try Sample.part(number, of: 255), from: client)
      if number == 255 { rig.resolve(try #require(rig.takeSubmission()).id, .hold) }
    }
    let whole = try #require(rig.takeSubmission())
    #expect(whole.parts.map(\.number) == Array(1...255))
    #expect(rig.take(client).count == 254)
    rig.resolve(whole.id, .succeed(messageReference: 3))
    #expect(rig.takeOne(client).transaction == 101)
    #expect(rig.takeRequests().isEmpty && rig.interposer.heldPartCount == 0 && rig.interposer.nextDeadline == nil)
  }

  @Test func succeedOnTheFirstPartMeansHold() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 2), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .succeed(messageReference: 4))
    #expect(rig.take(client).count == 1 && rig.interposer.heldPartCount == 1)
  }

  @Test func aFailedPartEndsAForwardedMessage() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    rig.send(try Sample.part(1, of: 3), from: client)
    let submission = try #require(rig.takeSubmission())
    rig.resolve(submission.id, .forward)
    let request = rig.takeRequest()
    rig.respond(to: request, Sample.refused(request.frame))
    #expect(
      rig.takeEvents() == [
        .carried(.init(submission: submission.id, sentPartCount: 0, total: 3, outcome: .failed(Sample.refusal)))
      ])
    // A client that goes on all the same has its parts forwarded; there is nothing new to report.
    rig.send(try Sample.part(2, of: 3), from: client)
    let second = rig.takeRequest()
    rig.respond(to: second, Sample.sent(second.frame, reference: 3))
    #expect(rig.takeEvents().isEmpty)
    // One that tries again starts a new message.
    rig.send(try Sample.part(1, of: 3), from: client)
    #expect(try #require(rig.takeSubmission()).id != submission.id)
  }
}
