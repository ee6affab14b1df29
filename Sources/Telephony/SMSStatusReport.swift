/// SMS-STATUS-REPORT (3GPP TS 23.040 §9.2.2.3): tells a phone what became of a message it sent.
///
/// What decodes encodes to the same octets again. A TP-PI with its extension bit or a reserved bit is refused: nothing says
/// what would follow.
public struct SMSStatusReport: Hashable, Sendable {
  /// TP-MMS, which the wire inverts: more messages are waiting.
  public var hasMoreMessages: Bool
  /// TP-LP.
  public var isForwarded: Bool
  /// TP-SRQ: the report answers an SMS-COMMAND instead of an SMS-SUBMIT.
  public var answersCommand: Bool
  /// TP-MR of the message reported on.
  public var messageReference: UInt8
  /// TP-RA.
  public var recipientAddress: SMSAddress
  /// TP-SCTS: when the service centre got the message.
  public var serviceCentreTimestamp: ServiceCentreTimestamp
  /// TP-DT: when what ``status`` says came about.
  public var dischargeTime: ServiceCentreTimestamp
  /// TP-ST.
  public var status: DeliveryStatus
  /// TP-PID, when there is one.
  public let protocolIdentifier: ProtocolIdentifier?
  /// TP-DCS, when there is one.
  public let dataCodingScheme: DataCodingScheme?
  /// TP-UDL and TP-UD, when there are any.
  public let userData: UserData?
  /// Whether TP-PI is there, maybe saying that nothing follows.
  let hasParameterIndicator: Bool
  /// Bits 4 and 7 of the first octet, which nothing defines: kept.
  let reservedBits: UInt8

  /// A report without optional fields.
  public init(
    messageReference: UInt8, recipientAddress: SMSAddress, serviceCentreTimestamp: ServiceCentreTimestamp,
    dischargeTime: ServiceCentreTimestamp, status: DeliveryStatus, hasMoreMessages: Bool = false,
    isForwarded: Bool = false, answersCommand: Bool = false
  ) {
    self.hasMoreMessages = hasMoreMessages
    self.isForwarded = isForwarded
    self.answersCommand = answersCommand
    self.messageReference = messageReference
    self.recipientAddress = recipientAddress
    self.serviceCentreTimestamp = serviceCentreTimestamp
    self.dischargeTime = dischargeTime
    self.status = status
    protocolIdentifier = nil
    dataCodingScheme = nil
    userData = nil
    hasParameterIndicator = false
    reservedBits = 0
  }

  /// The report on a submitted message.
  /// - Parameters:
  ///   - messageReference: the one the sender was told.
  ///   - submitted: when the message was taken over.
  ///   - discharged: when `status` came about.
  public init(
    on submit: SMSSubmit, messageReference: UInt8, submitted: ServiceCentreTimestamp, discharged: ServiceCentreTimestamp,
    status: DeliveryStatus
  ) {
    self.init(
      messageReference: messageReference, recipientAddress: submit.destinationAddress, serviceCentreTimestamp: submitted,
      dischargeTime: discharged, status: status)
  }

  /// Reads exactly one SMS-STATUS-REPORT, without service centre address.
  public init(decoding octets: [UInt8]) throws(TPDUError) {
    var reader = OctetReader(octets)
    let first = try reader.octet(.firstOctet)
    guard first & FirstOctet.messageType == 0x02 else { throw .wrongMessageType(first & FirstOctet.messageType) }
    hasMoreMessages = first & 0x04 == 0
    isForwarded = first & 0x08 != 0
    answersCommand = first & FirstOctet.statusReport != 0
    reservedBits = first & 0x90
    messageReference = try reader.octet(.messageReference)
    recipientAddress = try SMSAddress(from: &reader)
    serviceCentreTimestamp = try ServiceCentreTimestamp(from: &reader, .timestamp)
    dischargeTime = try ServiceCentreTimestamp(from: &reader, .timestamp)
    status = DeliveryStatus(rawValue: try reader.octet(.status))
    hasParameterIndicator = reader.remainingCount > 0
    let parameters = hasParameterIndicator ? try reader.octet(.parameterIndicator) : 0
    guard parameters & ~Parameter.all == 0 else { throw .reserved(.parameterIndicator) }
    protocolIdentifier =
      parameters & Parameter.protocolIdentifier == 0
      ? nil : ProtocolIdentifier(rawValue: try reader.octet(.protocolIdentifier))
    let scheme =
      parameters & Parameter.dataCodingScheme == 0
      ? nil : DataCodingScheme(rawValue: try reader.octet(.dataCodingScheme))
    dataCodingScheme = scheme
    let hasHeader = first & FirstOctet.userDataHeader != 0
    if parameters & Parameter.userData != 0 {
      // Without TP-DCS the default alphabet applies (§9.2.3.27).
      userData = try UserData(from: &reader, unit: (scheme ?? .gsm7).userDataUnit, hasHeader: hasHeader)
    } else {
      guard !hasHeader else { throw .malformed(.userDataHeader) }
      userData = nil
    }
    try reader.end()
  }

  /// The TPDU, without service centre address.
  public func encoded() -> [UInt8] {
    var first = 0x02 | reservedBits
    if !hasMoreMessages { first |= 0x04 }
    if isForwarded { first |= 0x08 }
    if answersCommand { first |= FirstOctet.statusReport }
    if userData?.header != nil { first |= FirstOctet.userDataHeader }
    var octets = [first, messageReference] + recipientAddress.octets
    octets += serviceCentreTimestamp.octets + dischargeTime.octets + [status.rawValue]
    guard hasParameterIndicator else { return octets }
    var parameters: UInt8 = 0
    if protocolIdentifier != nil { parameters |= Parameter.protocolIdentifier }
    if dataCodingScheme != nil { parameters |= Parameter.dataCodingScheme }
    if userData != nil { parameters |= Parameter.userData }
    octets.append(parameters)
    if let protocolIdentifier { octets.append(protocolIdentifier.rawValue) }
    if let dataCodingScheme { octets.append(dataCodingScheme.rawValue) }
    if let userData { octets += userData.encoded }
    return octets
  }

  /// Bits of TP-PI (§9.2.3.27).
  private enum Parameter {
    static let protocolIdentifier: UInt8 = 0x01
    static let dataCodingScheme: UInt8 = 0x02
    static let userData: UInt8 = 0x04
    static let all: UInt8 = 0x07
  }
}
