/// SMS-DELIVER (3GPP TS 23.040 §9.2.2.1): a message on its way from the service centre to a phone.
///
/// What decodes encodes to the same octets again.
public struct SMSDeliver: Hashable, Sendable {
  /// TP-MMS, which the wire inverts: more messages are waiting.
  public var hasMoreMessages: Bool
  /// TP-LP: the message was forwarded or spawned already.
  public var isForwarded: Bool
  /// TP-SRI: the sender asked for a status report.
  public var indicatesStatusReport: Bool
  /// TP-RP.
  public var hasReplyPath: Bool
  /// TP-OA.
  public var originatingAddress: SMSAddress
  /// TP-PID.
  public var protocolIdentifier: ProtocolIdentifier
  /// TP-DCS.
  public let dataCodingScheme: DataCodingScheme
  /// TP-SCTS.
  public var serviceCentreTimestamp: ServiceCentreTimestamp
  /// TP-UDL and TP-UD, with TP-UDHI by ``UserData/header``.
  public let userData: UserData
  /// Bit 4 of the first octet, which nothing defines: kept.
  let reservedBits: UInt8

  /// Throws when `userData` is not counted in the unit that `dataCodingScheme` implies.
  public init(
    originatingAddress: SMSAddress, protocolIdentifier: ProtocolIdentifier = .shortMessage,
    dataCodingScheme: DataCodingScheme, serviceCentreTimestamp: ServiceCentreTimestamp, hasMoreMessages: Bool = false,
    isForwarded: Bool = false, indicatesStatusReport: Bool = false, hasReplyPath: Bool = false, userData: UserData
  ) throws(TPDUError) {
    guard userData.unit == dataCodingScheme.userDataUnit else { throw .malformed(.userData) }
    self.hasMoreMessages = hasMoreMessages
    self.isForwarded = isForwarded
    self.indicatesStatusReport = indicatesStatusReport
    self.hasReplyPath = hasReplyPath
    self.originatingAddress = originatingAddress
    self.protocolIdentifier = protocolIdentifier
    self.dataCodingScheme = dataCodingScheme
    self.serviceCentreTimestamp = serviceCentreTimestamp
    self.userData = userData
    reservedBits = 0
  }

  /// What the recipient gets of a submitted message: protocol identifier, coding and user data as they were.
  public init(delivering submit: SMSSubmit, from originator: SMSAddress, at timestamp: ServiceCentreTimestamp) {
    hasMoreMessages = false
    isForwarded = false
    indicatesStatusReport = false
    hasReplyPath = submit.hasReplyPath
    originatingAddress = originator
    protocolIdentifier = submit.protocolIdentifier
    dataCodingScheme = submit.dataCodingScheme
    serviceCentreTimestamp = timestamp
    userData = submit.userData
    reservedBits = 0
  }

  /// The same message with other user data, counted in the same unit.
  init(_ other: SMSDeliver, userData: UserData) {
    hasMoreMessages = other.hasMoreMessages
    isForwarded = other.isForwarded
    indicatesStatusReport = other.indicatesStatusReport
    hasReplyPath = other.hasReplyPath
    originatingAddress = other.originatingAddress
    protocolIdentifier = other.protocolIdentifier
    dataCodingScheme = other.dataCodingScheme
    serviceCentreTimestamp = other.serviceCentreTimestamp
    self.userData = userData
    reservedBits = other.reservedBits
  }

  /// Reads exactly one SMS-DELIVER, without service centre address.
  public init(decoding octets: [UInt8]) throws(TPDUError) {
    var reader = OctetReader(octets)
    let first = try reader.octet(.firstOctet)
    guard first & FirstOctet.messageType == 0x00 else { throw .wrongMessageType(first & FirstOctet.messageType) }
    hasMoreMessages = first & 0x04 == 0
    isForwarded = first & 0x08 != 0
    reservedBits = first & 0x10
    indicatesStatusReport = first & FirstOctet.statusReport != 0
    hasReplyPath = first & FirstOctet.replyPath != 0
    originatingAddress = try SMSAddress(from: &reader)
    protocolIdentifier = ProtocolIdentifier(rawValue: try reader.octet(.protocolIdentifier))
    dataCodingScheme = DataCodingScheme(rawValue: try reader.octet(.dataCodingScheme))
    serviceCentreTimestamp = try ServiceCentreTimestamp(from: &reader, .timestamp)
    userData = try UserData(
      from: &reader, unit: dataCodingScheme.userDataUnit, hasHeader: first & FirstOctet.userDataHeader != 0)
    try reader.end()
  }

  /// The TPDU, without service centre address.
  public func encoded() -> [UInt8] {
    var first = reservedBits
    if !hasMoreMessages { first |= 0x04 }
    if isForwarded { first |= 0x08 }
    if indicatesStatusReport { first |= FirstOctet.statusReport }
    if userData.header != nil { first |= FirstOctet.userDataHeader }
    if hasReplyPath { first |= FirstOctet.replyPath }
    return [first] + originatingAddress.octets + [protocolIdentifier.rawValue, dataCodingScheme.rawValue]
      + serviceCentreTimestamp.octets + userData.encoded
  }

  /// Which part of a longer message this is.
  public var concatenation: Concatenation? { userData.header?.concatenation }
}
