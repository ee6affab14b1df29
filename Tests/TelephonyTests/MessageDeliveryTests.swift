import Testing
@testable import Telephony

@Suite struct MessageDeliveryTests {
  private let timestamp = ServiceCentreTimestamp(WallTime(millisecondsSince1970: 1_795_392_931_000), quartersFromUTC: 22)

  private func deliver(_ submits: [SMSSubmit]) throws -> [SMSDeliver] {
    let delivers = SMSDeliver.delivers(submits, from: .sample, at: timestamp, reference: 0xBEEF)
    for deliver in delivers { #expect(try SMSDeliver(decoding: deliver.encoded()) == deliver) }
    return delivers
  }

  private func text(_ delivers: [SMSDeliver]) -> String? { MessageText.decode(delivers.map { ($0.userData, $0.dataCodingScheme) }) }

  @Test func aSinglePartStaysAsItIs() throws {
    let submits = try MessageComposer.submits(text: "hello", to: .sample, reference: 1)
    let delivers = try deliver(submits)
    #expect(delivers.count == 1)
    #expect(delivers[0].userData == submits[0].userData)
    #expect(delivers[0].originatingAddress == .sample)
    #expect(delivers[0].serviceCentreTimestamp == timestamp)
    #expect(!delivers[0].hasMoreMessages && !delivers[0].indicatesStatusReport)
    #expect(try deliver([]).isEmpty)
  }

  @Test(arguments: [200, 306, 307, 459, 1000]) func fullPartsAreCutAnew(_ count: Int) throws {
    let long = String((0..<count).map { Character(Unicode.Scalar(UInt8(0x61 + $0 % 26))) })
    let delivers = try deliver(MessageComposer.submits(text: long, to: .sample, reference: 9))
    #expect(text(delivers) == long)
    for (index, deliver) in delivers.enumerated() {
      #expect(
        deliver.concatenation
          == Concatenation(reference: 0xBEEF, total: UInt8(delivers.count), number: UInt8(index + 1), isWide: true))
      #expect(deliver.userData.count <= 160)
    }
  }

  @Test func partsWithRoomKeepTheirContent() throws {
    let submits = try (1...2).map { number in
      try SMSSubmit(
        destinationAddress: .sample, dataCodingScheme: .gsm7,
        userData: UserData(
          septets: septets("part \(number)"),
          header: UserDataHeader([
            #require(Concatenation(reference: 5, total: 2, number: UInt8(number), isWide: false)).element,
            InformationElement(.nationalLanguageSingleShift, data: [1]),
          ])))
    }
    let delivers = try deliver(submits)
    #expect(delivers.map { MessageText.decode($0.userData, .gsm7) } == ["part 1", "part 2"])
    #expect(delivers.map(\.userData.header?.singleShift) == [.turkish, .turkish])
    #expect(delivers.compactMap(\.concatenation?.reference) == [0xBEEF, 0xBEEF])
  }

  @Test func emojiAndDataAreCutAnewToo() throws {
    let emoji = String(repeating: "😀", count: 100)
    let delivers = try deliver(MessageComposer.submits(text: emoji, to: .sample, reference: 9))
    #expect(text(delivers) == emoji)
    #expect(delivers.allSatisfy { $0.concatenation?.isWide == true })

    let parts = try (1...2).map { number in
      try SMSSubmit(
        destinationAddress: .sample, dataCodingScheme: .octets,
        userData: UserData(
          octets: [UInt8](repeating: UInt8(number), count: 134),
          header: UserDataHeader([#require(Concatenation(reference: 5, total: 2, number: UInt8(number), isWide: false)).element])))
    }
    let data = try deliver(parts).flatMap { deliver -> [UInt8] in
      guard case .octets(let octets) = deliver.userData.content else { return [] }
      return octets
    }
    #expect(data == [UInt8](repeating: 1, count: 134) + [UInt8](repeating: 2, count: 134))
  }

  @Test func whatIsNotCompleteKeepsItsReference() throws {
    let submits = try MessageComposer.submits(text: String(repeating: "x", count: 400), to: .sample, reference: 9)
    let delivers = try deliver([submits[0], submits[2]])
    #expect(delivers.map(\.userData) == [submits[0].userData, submits[2].userData])
  }

  @Test func reportsNameTheRecipient() throws {
    let submit = try MessageComposer.submits(text: "x", to: .sample, reference: 1)[0]
    let report = SMSStatusReport(on: submit, messageReference: 42, submitted: timestamp, discharged: timestamp, status: .received)
    #expect(report.recipientAddress == .sample)
    #expect(report.messageReference == 42)
    #expect(try SMSStatusReport(decoding: report.encoded()) == report)
  }
}
