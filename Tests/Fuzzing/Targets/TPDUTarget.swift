import Telephony

/// Decodes the input as every kind of TPDU and as text to send. What decodes has to come back the same.
enum TPDUTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    if let raw = try? RawPDU(decoding: input) {
      try check(raw.encoded() == input, "raw PDU changed")
      _ = raw.serviceCentre.dialString
      try decode(raw.tpdu)
    }
    try decode(input)
    try compose(input)
  }

  private static func decode(_ octets: [UInt8]) throws(Finding) {
    if let submit = try? SMSSubmit(decoding: octets) {
      try check(submit.encoded() == octets, "SMS-SUBMIT changed")
      try look(submit.destinationAddress, submit.userData, submit.dataCodingScheme)
      _ = submit.specialHandling
      _ = submit.validityPeriod?.duration
      if case .absolute(let time) = submit.validityPeriod { _ = time.wallTime }
      let timestamp = ServiceCentreTimestamp(WallTime(millisecondsSince1970: 0))
      for deliver in SMSDeliver.delivers([submit], from: submit.destinationAddress, at: timestamp, reference: 0x0102) {
        try check((try? SMSDeliver(decoding: deliver.encoded())) == deliver, "delivered message does not decode")
      }
    }
    if let deliver = try? SMSDeliver(decoding: octets) {
      try check(deliver.encoded() == octets, "SMS-DELIVER changed")
      try look(deliver.originatingAddress, deliver.userData, deliver.dataCodingScheme)
      if let time = deliver.serviceCentreTimestamp.wallTime, let quarters = deliver.serviceCentreTimestamp.quartersFromUTC {
        try check(ServiceCentreTimestamp(time, quartersFromUTC: quarters).wallTime == time, "timestamp changed")
      }
    }
    if let report = try? SMSStatusReport(decoding: octets) {
      try check(report.encoded() == octets, "SMS-STATUS-REPORT changed")
      try look(report.recipientAddress, report.userData ?? .empty(.octets), report.dataCodingScheme ?? .gsm7)
      _ = report.status.kind
    }
  }

  private static func look(_ address: SMSAddress, _ userData: UserData, _ scheme: DataCodingScheme) throws(Finding) {
    _ = address.displayText
    _ = address.phoneNumber?.masked
    _ = userData.header?.concatenation
    if let text = MessageText.decode(userData, scheme), scheme.alphabet == .gsm7 {
      let alphabet = GSMAlphabet(userData.header)
      if let septets = alphabet.encode(text) { try check(alphabet.decode(septets) == text, "text changed") }
    }
    if let wide = userData.wideningConcatenation(reference: 0xABCD) {
      try check(wide.header?.concatenation?.reference == 0xABCD, "reference not replaced")
    }
  }

  /// After an octet that hardly any TPDU starts with: one that chooses how to send, then the text in UTF-8. Composing is slow
  /// beside decoding, so not every input is tried as text.
  private static func compose(_ octets: [UInt8]) throws(Finding) {
    guard octets.count >= 2, octets[0] == 0xFF, let destination = try? SMSAddress(dialled: "+919876543210") else { return }
    let choice = octets[1]
    let text = String(decoding: octets.dropFirst(2), as: UTF8.self)
    var options = MessageComposer.Options()
    options.usesWideReference = choice & 0x80 != 0
    options.nationalLanguages = NationalLanguage(rawValue: choice & 0x0F).map { [$0] } ?? []
    guard let submits = try? MessageComposer.submits(text: text, to: destination, reference: 0x1234, options: options)
    else { return }
    for submit in submits {
      try check((try? SMSSubmit(decoding: submit.encoded())) == submit, "composed message does not decode")
    }
    let back = MessageText.decode(submits.map { ($0.userData, $0.dataCodingScheme) })
    try check(back?.unicodeScalars.elementsEqual(text.unicodeScalars) == true, "composed text changed")
    let timestamp = ServiceCentreTimestamp(WallTime(millisecondsSince1970: 0))
    let delivers = SMSDeliver.delivers(submits, from: destination, at: timestamp, reference: 0x0102)
    let delivered = MessageText.decode(delivers.map { ($0.userData, $0.dataCodingScheme) })
    try check(delivered == back, "delivered text changed")
  }
}
