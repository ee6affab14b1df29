import QMI
import Testing

@testable import Interposer

@Suite struct MessageReferencesTests {
  @Test func theyGoRoundWithoutNought() {
    var references = MessageReferences()
    let given = (0..<510).map { _ in references.next() }
    #expect(given == (0..<510).map { UInt16($0 % 255 + 1) })
  }

  /// Status reports of the modem's messages may be under way: apps tell them by the reference.
  @Test(arguments: [0, 1, 100, 200, 254, 255] as [UInt8])
  func theModemsLatestAndNextAreLeftToIt(start: UInt8) {
    var references = MessageReferences()
    var recent: [UInt16] = []
    var ours: [UInt16] = []
    for step in 0..<2_000 {
      let modems = start &+ UInt8(truncatingIfNeeded: step)
      #expect(!ours.suffix(16).contains(UInt16(modems)), "used for another message a moment ago")
      references.modemGave(UInt16(modems))
      recent = Array((recent + [UInt16(modems)]).suffix(MessageReferences.distance))
      for _ in 0..<(step % 3) {
        let reference = references.next()
        #expect(!recent.contains(reference) && reference != 0)
        ours.append(reference)
      }
    }
  }

  @Test func aModemThatCountsOtherwiseIsHeeded() {
    var references = MessageReferences()
    let modems: [UInt16] = [7, 8, 3, 900, 65_535, 2]
    for reference in modems { references.modemGave(reference) }
    let given = (0..<128).map { _ in references.next() }
    #expect(Set(given).isDisjoint(with: modems) && given.allSatisfy { (1...255).contains($0) })
  }

  /// One sequence for all that the modem does not number.
  @Test func noTwoMessagesHaveOneReference() throws {
    let rig = Rig(tap: .intercept)
    let client = rig.open()
    var given: [UInt16] = []
    for reference in 1...3 as ClosedRange<UInt16> {
      rig.send(try Sample.part(1, of: 2, reference: reference), from: client)
      rig.resolve(try #require(rig.takeSubmission()).id, .hold)
      let held = try WMS.RawSendResponse(decoding: rig.takeOne(client))
      rig.send(try Sample.part(2, of: 2, reference: reference), from: client)
      let whole = try #require(rig.takeSubmission())
      #expect(whole.parts.map(\.messageReference) == [held.messageReference, nil])
      let last = rig.interposer.nextMessageReference()
      rig.resolve(whole.id, .succeed(messageReference: last))
      #expect(try WMS.RawSendResponse(decoding: rig.takeOne(client)).messageReference == last)
      given += [held.messageReference ?? 0, last]
      // The modem numbers one in between.
      rig.send(try Sample.rawSend(Sample.submit()), from: client)
      rig.resolve(try #require(rig.takeSubmission()).id, .forward)
      let request = rig.takeRequest()
      let modems = given.max().map { $0 + 1 } ?? 0
      rig.respond(to: request, Sample.sent(request.frame, reference: modems))
      _ = rig.takeEvents()
      _ = rig.take(client)
      given.append(modems)
    }
    #expect(Set(given).count == given.count)
  }
}
