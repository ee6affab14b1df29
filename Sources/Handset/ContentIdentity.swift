internal import Telephony

/// What makes two copies of a part the same text, whatever the route: coding, user data, and the part's place
/// in its message, but not the concatenation reference.
struct ContentIdentity {
  let octets: [UInt8]

  init(_ submit: SMSSubmit) {
    self.init(submit.protocolIdentifier, submit.dataCodingScheme, submit.userData, submit.concatenation)
  }

  init(_ deliver: SMSDeliver) {
    self.init(deliver.protocolIdentifier, deliver.dataCodingScheme, deliver.userData, deliver.concatenation)
  }

  private init(
    _ protocolIdentifier: ProtocolIdentifier, _ scheme: DataCodingScheme, _ userData: UserData,
    _ concatenation: Concatenation?
  ) {
    var octets: [UInt8] = [protocolIdentifier.rawValue, scheme.rawValue]
    if let concatenation { octets += [concatenation.total, concatenation.number] }
    switch userData.content {
    case .septets(let septets): octets += [7] + septets
    case .octets(let data): octets += [8] + data
    }
    self.octets = octets
  }
}
