/// SMS-SUBMIT (3GPP TS 23.040 §9.2.2.2): a message on its way from a phone to the service centre.
///
/// What decodes encodes to the same octets again.
public struct SMSSubmit: Hashable, Sendable {
  /// TP-MR. Modems put their own in.
  public var messageReference: UInt8
  /// TP-DA.
  public var destinationAddress: SMSAddress
  /// TP-PID.
  public var protocolIdentifier: ProtocolIdentifier
  /// TP-DCS.
  public let dataCodingScheme: DataCodingScheme
  /// TP-VP; nil leaves it to the service centre.
  public var validityPeriod: ValidityPeriod?
  /// TP-RD: the service centre is to refuse a second message with the same reference and destination.
  public var rejectsDuplicates: Bool
  /// TP-SRR.
  public var requestsStatusReport: Bool
  /// TP-RP.
  public var hasReplyPath: Bool
  /// TP-UDL and TP-UD, with TP-UDHI by ``UserData/header``.
  public let userData: UserData

  /// Throws when `userData` is not counted in the unit that `dataCodingScheme` implies.
  public init(
    messageReference: UInt8 = 0, destinationAddress: SMSAddress, protocolIdentifier: ProtocolIdentifier = .shortMessage,
    dataCodingScheme: DataCodingScheme, validityPeriod: ValidityPeriod? = nil, rejectsDuplicates: Bool = false,
    requestsStatusReport: Bool = false, hasReplyPath: Bool = false, userData: UserData
  ) throws(TPDUError) {
    guard userData.unit == dataCodingScheme.userDataUnit else { throw .malformed(.userData) }
    self.messageReference = messageReference
    self.destinationAddress = destinationAddress
    self.protocolIdentifier = protocolIdentifier
    self.dataCodingScheme = dataCodingScheme
    self.validityPeriod = validityPeriod
    self.rejectsDuplicates = rejectsDuplicates
    self.requestsStatusReport = requestsStatusReport
    self.hasReplyPath = hasReplyPath
    self.userData = userData
  }

  /// Reads exactly one SMS-SUBMIT, without service centre address.
  public init(decoding octets: [UInt8]) throws(TPDUError) {
    var reader = OctetReader(octets)
    let first = try reader.octet(.firstOctet)
    guard first & FirstOctet.messageType == 0x01 else { throw .wrongMessageType(first & FirstOctet.messageType) }
    rejectsDuplicates = first & 0x04 != 0
    requestsStatusReport = first & FirstOctet.statusReport != 0
    hasReplyPath = first & FirstOctet.replyPath != 0
    messageReference = try reader.octet(.messageReference)
    destinationAddress = try SMSAddress(from: &reader)
    protocolIdentifier = ProtocolIdentifier(rawValue: try reader.octet(.protocolIdentifier))
    dataCodingScheme = DataCodingScheme(rawValue: try reader.octet(.dataCodingScheme))
    validityPeriod = try ValidityPeriod.decode(formatBits: first, from: &reader)
    userData = try UserData(
      from: &reader, unit: dataCodingScheme.userDataUnit, hasHeader: first & FirstOctet.userDataHeader != 0)
    try reader.end()
  }

  /// The TPDU, without service centre address.
  public func encoded() -> [UInt8] {
    var first: UInt8 = 0x01 | ValidityPeriod.formatBits(of: validityPeriod)
    if rejectsDuplicates { first |= 0x04 }
    if requestsStatusReport { first |= FirstOctet.statusReport }
    if userData.header != nil { first |= FirstOctet.userDataHeader }
    if hasReplyPath { first |= FirstOctet.replyPath }
    return [first, messageReference] + destinationAddress.octets + [protocolIdentifier.rawValue, dataCodingScheme.rawValue]
      + (validityPeriod?.octets ?? []) + userData.encoded
  }

  /// Which part of a longer message this is.
  public var concatenation: Concatenation? { userData.header?.concatenation }
}

/// Bits of a TPDU's first octet (3GPP TS 23.040 §9.2.2) that more than one kind has.
enum FirstOctet {
  static let messageType: UInt8 = 0x03
  static let statusReport: UInt8 = 0x20
  static let userDataHeader: UInt8 = 0x40
  static let replyPath: UInt8 = 0x80
}
