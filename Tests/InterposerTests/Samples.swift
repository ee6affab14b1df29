import Interposer
import QMI
import Telephony

/// Messages as phones send them.
enum Sample {
  static func submit(
    to number: String = "+919876543210", body: [UInt8] = [0x48, 0x69], part: Concatenation? = nil
  ) throws -> SMSSubmit {
    let header = try part.map { try UserDataHeader([$0.element]) }
    return try SMSSubmit(
      destinationAddress: SMSAddress(dialled: number), dataCodingScheme: .gsm7,
      userData: UserData(septets: body, header: header))
  }

  static func concatenation(_ number: Int, of total: Int, reference: UInt16 = 17) -> Concatenation? {
    Concatenation(reference: reference, total: UInt8(total), number: UInt8(number), isWide: false)
  }

  /// Raw Send of a single message, or of one part.
  static func rawSend(
    _ submit: SMSSubmit, client: ClientID = 3, transaction: UInt16 = 10
  ) throws -> QMUXFrame {
    WMS.RawSendRequest(message: try raw(submit.encoded()))
      .encoded(client: client, transaction: ServiceTransactionID(rawValue: transaction))
  }

  static func part(
    _ number: Int, of total: Int, reference: UInt16 = 17, to recipient: String = "+919876543210", client: ClientID = 3
  ) throws -> QMUXFrame {
    try rawSend(
      submit(
        to: recipient, body: [UInt8(number & 0x7F), 0x41],
        part: concatenation(number, of: total, reference: reference)),
      client: client, transaction: UInt16(100 + number))
  }

  /// With an empty SMSC address.
  static func raw(_ tpdu: [UInt8]) throws -> WMS.RawMessage {
    guard let message = WMS.RawMessage(octets: [0] + tpdu) else { throw TPDUError.tooLong(.userData) }
    return message
  }

  static func deliver(from number: String = "+919876500000", body: [UInt8] = [0x48, 0x6F]) throws -> SMSDeliver {
    SMSDeliver(
      delivering: try submit(body: body), from: try SMSAddress(dialled: number),
      at: ServiceCentreTimestamp(WallTime(millisecondsSince1970: 1_700_000_000_000)))
  }

  static func stored(_ ordinal: UInt32, tag: WMS.MessageTag = .receivedUnread) throws -> StoredMessage {
    guard let id = StoredMessageID(ordinal: ordinal) else { throw TPDUError.tooLong(.userData) }
    return StoredMessage(id: id, tag: tag, message: try raw(deliver().encoded()))
  }

  static func sent(_ request: QMUXFrame, reference: UInt16) -> QMUXFrame {
    let transaction = ServiceTransactionID(rawValue: request.transaction)
    return request.messageID == WMS.ID.rawSend
      ? WMS.RawSendResponse(messageReference: reference).encoded(client: request.clientID, transaction: transaction)
      : WMS.SendFromMemoryStorageResponse(messageReference: reference)
        .encoded(client: request.clientID, transaction: transaction)
  }

  /// The network refuses: RP-Cause 30, unknown subscriber.
  static func refused(_ request: QMUXFrame) -> QMUXFrame {
    WMS.RawSendResponse(failure: refusal.error, refusal.details)
      .encoded(client: request.clientID, transaction: ServiceTransactionID(rawValue: request.transaction))
  }

  static let refusal = SubmissionFailure(
    .wmsCauseCode, WMS.SendFailure(cause: .init(rpCause: .unknownSubscriber, tpCause: .unspecified)))

  /// A request of some service that nothing here knows, with a payload.
  static func request(
    _ service: QMIService = .nas, client: ClientID = 1, transaction: UInt16 = 1, message: MessageID = 0x4D,
    payloadCount: Int = 8
  ) -> QMUXFrame {
    var builder = QMIMessageBuilder(.request, service: service, client: client, transaction: transaction, message: message)
    builder.append(0x10, [UInt8](repeating: 0x5A, count: payloadCount))
    return builder.finish()
  }

  static func indication(_ service: QMIService, client: ClientID, message: MessageID = 0x51) -> QMUXFrame {
    QMIMessageBuilder(.indication, service: service, client: client, transaction: 4, message: message).finish()
  }

  static func eventReport(_ location: WMS.MessageLocation, client: ClientID) -> QMUXFrame {
    WMS.EventReportIndication(storedMessage: location, mode: .gsmWCDMA).encoded(client: client, transaction: 8)
  }
}

