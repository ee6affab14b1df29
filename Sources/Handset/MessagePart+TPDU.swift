internal import Sealing
internal import Telephony

extension MessagePart {
  /// What of a submitted part goes to the recipient.
  init(_ submit: SMSSubmit) {
    self.init(
      protocolIdentifier: submit.protocolIdentifier.rawValue, dataCodingScheme: submit.dataCodingScheme.rawValue,
      hasUserDataHeader: submit.userData.header != nil, userDataLength: UInt8(clamping: submit.userData.count),
      userData: submit.userData.octets)
  }

  /// The part as its sender submitted it, as far as the recipient needs to know.
  func submit(to destination: SMSAddress) throws(TPDUError) -> SMSSubmit {
    let scheme = DataCodingScheme(rawValue: dataCodingScheme)
    return try SMSSubmit(
      destinationAddress: destination, protocolIdentifier: ProtocolIdentifier(rawValue: protocolIdentifier),
      dataCodingScheme: scheme,
      userData: UserData(
        unit: scheme.userDataUnit, count: userDataLength, octets: userData, hasHeader: hasUserDataHeader))
  }
}
