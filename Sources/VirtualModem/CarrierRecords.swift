import Telephony

extension VirtualCarrier {
  mutating func record(
    _ kind: CarrierRecord.Kind, _ outcome: CarrierRecord.Outcome, _ sender: String, _ recipient: String,
    _ content: (UserData, DataCodingScheme)?, _ tpdu: [UInt8]
  ) {
    let part = content?.0.header?.concatenation.map {
      CarrierRecord.Part(reference: $0.reference, total: $0.total, number: $0.number)
    }
    let record = CarrierRecord(
      number: nextRecordNumber, time: clock.wallTime, kind: kind, outcome: outcome, sender: sender, recipient: recipient,
      text: content.flatMap { MessageText.decode($0.0, $0.1) } ?? "", part: part, tpdu: tpdu)
    nextRecordNumber += 1
    if records.count >= configuration.recordCapacity { records.removeFirst(max(1, configuration.recordCapacity / 10)) }
    records.append(record)
    for (link, state) in links.sorted(by: { $0.key < $1.key }) where state.followsRecords {
      actions.append(.send(.record(record), to: link))
    }
  }

  mutating func record(_ underWay: Mailbox.UnderWay, _ outcome: CarrierRecord.Outcome) {
    let parcel = underWay.parcel
    switch parcel.content {
    case .message(let submit, _):
      record(.deliver, outcome, parcel.sender, parcel.recipient, submit.userDataAndCoding, underWay.tpdu)
    case .report:
      record(.statusReport, outcome, parcel.sender, parcel.recipient, nil, underWay.tpdu)
    }
  }

  mutating func sendRecords(from first: UInt64, follow: Bool, to link: LinkID) {
    for record in records where record.number >= first { actions.append(.send(.record(record), to: link)) }
    actions.append(.send(.recordsEnd(next: nextRecordNumber), to: link))
    links[link]?.followsRecords = follow
  }
}
