import Testing
@testable import Telephony

/// TPDUs worked out by hand from the specification or published with their meaning.
@Suite struct KnownAnswerTests {
  @Test func submitWithRelativeValidity() throws {
    let octets = hex("11 00 0B 91 6407281553F8 00 00 AA 0A E8329BFD4697D9EC37")
    let submit = try SMSSubmit(decoding: octets)
    #expect(submit.messageReference == 0)
    #expect(submit.destinationAddress.phoneNumber?.e164 == "+46708251358")
    #expect(submit.protocolIdentifier == .shortMessage)
    #expect(submit.dataCodingScheme == .gsm7)
    #expect(submit.validityPeriod?.duration == .seconds(4 * 86_400))
    #expect(!submit.requestsStatusReport && !submit.rejectsDuplicates && !submit.hasReplyPath)
    #expect(submit.userData.count == 10)
    #expect(MessageText.decode(submit.userData, submit.dataCodingScheme) == "hellohello")
    #expect(submit.encoded() == octets)
    let built = try SMSSubmit(
      destinationAddress: SMSAddress(number("+46708251358")), dataCodingScheme: .gsm7, validityPeriod: .relative(0xAA),
      userData: UserData(septets: septets("hellohello")))
    #expect(built == submit)
  }

  @Test func deliverWithTimestamp() throws {
    let raw = try RawPDU(decoding: hex("07 917283010010F5 04 0B C8 7238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37"))
    let deliver = try SMSDeliver(decoding: raw.tpdu)
    #expect(raw.serviceCentre.dialString == "+27381000015")
    #expect(!deliver.hasMoreMessages)
    #expect(deliver.originatingAddress.digits == "27838890001")
    #expect(deliver.originatingAddress.typeOfNumber == .subscriber)
    #expect(deliver.originatingAddress.numberingPlan == .national)
    #expect(deliver.serviceCentreTimestamp.wallTime?.rfc3339 == "1999-03-29T13:16:59.000Z")
    #expect(deliver.serviceCentreTimestamp.quartersFromUTC == 8)
    #expect(MessageText.decode(deliver.userData, deliver.dataCodingScheme) == "hellohello")
    #expect(deliver.encoded() == raw.tpdu)
  }

  @Test func statusReport() throws {
    let octets = hex("06 D6 0B 91 1326880736F4 11101171955140 11101171957140 00")
    let report = try SMSStatusReport(decoding: octets)
    #expect(report.messageReference == 0xD6)
    #expect(report.recipientAddress.phoneNumber?.e164 == "+31628870634")
    #expect(report.serviceCentreTimestamp.wallTime?.rfc3339 == "2011-01-11T16:59:15.000Z")
    #expect(report.dischargeTime.wallTime?.rfc3339 == "2011-01-11T16:59:17.000Z")
    #expect(report.status == .received && report.status.kind == .completed)
    #expect(!report.hasMoreMessages && !report.answersCommand)
    #expect(report.encoded() == octets)
    #expect(try TPDU(decoding: octets, .fromServiceCentre) == .statusReport(report))
  }

  @Test func statusReportWithEveryOption() throws {
    let octets = hex("62 01 03 81 11F2 62113200000000 62113200000000 46 07 00 04 05 03 70 01 AA BB")
    let report = try SMSStatusReport(decoding: octets)
    #expect(report.protocolIdentifier == .shortMessage)
    #expect(report.dataCodingScheme == .octets)
    #expect(report.userData?.content == .octets([0xBB]))
    #expect(report.userData?.header?.elements.first?.data == [0xAA])
    #expect(report.status.kind == .failed)
    #expect(report.answersCommand && report.hasMoreMessages)
    #expect(report.encoded() == octets)
    // Without TP-DCS the default alphabet counts septets; TP-PI may also announce nothing.
    let bare = hex("02 01 03 81 11F2 62113200000000 62113200000000 00 04 0A E8329BFD4697D9EC37")
    #expect(try SMSStatusReport(decoding: bare).userData?.count == 10)
    #expect(try SMSStatusReport(decoding: bare).encoded() == bare)
    let announced = hex("02 01 03 81 11F2 62113200000000 62113200000000 00 00")
    #expect(try SMSStatusReport(decoding: announced).encoded() == announced)
    #expect(throws: TPDUError.reserved(.parameterIndicator)) { try SMSStatusReport(decoding: announced.dropLast() + [0x80]) }
    #expect(throws: TPDUError.reserved(.parameterIndicator)) { try SMSStatusReport(decoding: announced.dropLast() + [0x08]) }
    #expect(throws: TPDUError.malformed(.userDataHeader)) { try SMSStatusReport(decoding: [0x42] + announced.dropFirst()) }
  }

  @Test func ucs2Text() throws {
    // Привет, then U+1F600 as the pair D83D DE00.
    let octets = hex("01 07 0C 91 198967452301 00 08 10 041F04400438043204350442 D83DDE00")
    let submit = try SMSSubmit(decoding: octets)
    #expect(submit.destinationAddress.phoneNumber?.e164 == "+919876543210")
    #expect(submit.validityPeriod == nil)
    #expect(submit.messageReference == 7)
    #expect(MessageText.decode(submit.userData, submit.dataCodingScheme) == "Привет😀")
    #expect(submit.encoded() == octets)
  }

  @Test func concatenatedSeptetsStartAfterFillBits() throws {
    // Six octets of header are 48 bits: one fill bit, then 'A' (0x41) in the eighth septet.
    let octets = hex("41 00 03 81 11F2 00 00 08 05 00 03 CC 02 01 82")
    let submit = try SMSSubmit(decoding: octets)
    #expect(submit.concatenation == Concatenation(reference: 0xCC, total: 2, number: 1, isWide: false))
    #expect(submit.userData.content == .septets([0x41]))
    #expect(submit.encoded() == octets)
    // Seven octets are 56 bits, no fill.
    let wide = hex("41 00 03 81 11F2 00 00 09 06 08 04 12 34 02 02 41")
    #expect(try SMSSubmit(decoding: wide).concatenation == Concatenation(reference: 0x1234, total: 2, number: 2, isWide: true))
    #expect(try SMSSubmit(decoding: wide).userData.content == .septets([0x41]))
    #expect(try SMSSubmit(decoding: wide).encoded() == wide)
  }

  @Test func nationalLanguageMessage() throws {
    // Single shift and locking shift, Turkish: headers of 7 octets need no fill bits. İ stands at 0x40 of the main table, ç at 1B 63.
    let header = hex("06 24 01 01 25 01 01")
    let body = Septets.pack([0x40, 0x1B, 0x63, 0x04], precededByBits: 0)
    let octets = hex("41 00 03 81 11F2 00 00 0C") + header + body
    let submit = try SMSSubmit(decoding: octets)
    #expect(MessageText.decode(submit.userData, submit.dataCodingScheme) == "İç€")
    #expect(submit.encoded() == octets)
  }

  @Test func everyFlagAndValidityForm() throws {
    for first in UInt8.min...UInt8.max where first & 0x43 == 0x01 {
      let validity: [UInt8] =
        switch first & 0x18 {
        case 0x10: [0x05]
        case 0x08: hex("43 0A 00 00 00 00 00")
        case 0x18: hex("62 11 32 00 51 13 22")
        default: []
        }
      let octets = [first] + hex("2A 03 81 11F2 00 04") + validity + hex("02 CAFE")
      let submit = try SMSSubmit(decoding: octets)
      #expect(submit.rejectsDuplicates == (first & 0x04 != 0))
      #expect(submit.requestsStatusReport == (first & 0x20 != 0))
      #expect(submit.hasReplyPath == (first & 0x80 != 0))
      #expect(submit.encoded() == octets)
    }
    for first in UInt8.min...UInt8.max where first & 0x43 == 0x00 {
      let octets = [first] + hex("03 81 11F2 00 04 62113200511322 02 CAFE")
      let deliver = try SMSDeliver(decoding: octets)
      #expect(deliver.hasMoreMessages == (first & 0x04 == 0))
      #expect(deliver.isForwarded == (first & 0x08 != 0))
      #expect(deliver.encoded() == octets)
    }
  }

  @Test func directionDecidesTheKind() throws {
    let submit = hex("01 00 03 81 11F2 00 00 00")
    #expect(try TPDU(decoding: submit, .toServiceCentre).encoded() == submit)
    #expect(throws: TPDUError.wrongMessageType(1)) { try TPDU(decoding: submit, .fromServiceCentre) }
    #expect(throws: TPDUError.wrongMessageType(2)) { try TPDU(decoding: [0x02], .toServiceCentre) }
    #expect(throws: TPDUError.wrongMessageType(0)) { try TPDU(decoding: [0x00], .toServiceCentre) }
    #expect(throws: TPDUError.wrongMessageType(3)) { try TPDU(decoding: [0x03], .fromServiceCentre) }
    #expect(throws: TPDUError.truncated(.firstOctet)) { try TPDU(decoding: [], .fromServiceCentre) }
    #expect(throws: TPDUError.wrongMessageType(0)) { try SMSSubmit(decoding: [0x00]) }
    #expect(throws: TPDUError.wrongMessageType(1)) { try SMSDeliver(decoding: [0x01]) }
    #expect(throws: TPDUError.wrongMessageType(1)) { try SMSStatusReport(decoding: [0x01]) }
  }

  @Test func everyTruncationIsRefused() throws {
    let messages = [
      (hex("51 00 0B 91 6407281553F8 00 00 AA 08 05 00 03 CC 02 01 82"), TPDU.Direction.toServiceCentre),
      (hex("04 0B C8 7238880900F1 00 00 99309251619580 0A E8329BFD4697D9EC37"), .fromServiceCentre),
    ]
    for (octets, direction) in messages {
      _ = try TPDU(decoding: octets, direction)
      for count in 0..<octets.count {
        #expect(throws: TPDUError.self) { try TPDU(decoding: Array(octets.prefix(count)), direction) }
      }
      #expect(throws: TPDUError.trailingOctets(1)) { try TPDU(decoding: octets + [0], direction) }
    }
  }
}
