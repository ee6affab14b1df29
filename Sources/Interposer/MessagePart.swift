import QMI
import Telephony

/// One short message on its way out, with all that is needed to send it later exactly as it came.
struct MessagePart: Sendable {
  /// How it came.
  enum Source: Sendable {
    /// WMS Raw Send.
    case rawSend(QMUXFrame)
    /// WMS Send From Memory Storage.
    case stored(QMUXFrame, WMS.MessageLocation)
    /// ``Interposer/submitLocally(_:serviceCentre:now:)``.
    case local
  }

  /// 1…total.
  let number: Int
  /// SMSC address and TPDU as they came.
  let octets: [UInt8]
  let serviceCentre: SMSCAddress
  let submit: SMSSubmit
  let source: Source

  /// - Throws: when the octets are not an SMS-SUBMIT.
  init(decoding octets: [UInt8], source: Source) throws(TPDUError) {
    let pdu = try RawPDU(decoding: octets)
    let submit = try SMSSubmit(decoding: pdu.tpdu)
    self.init(octets: octets, serviceCentre: pdu.serviceCentre, submit: submit, source: source)
  }

  init(octets: [UInt8], serviceCentre: SMSCAddress, submit: SMSSubmit, source: Source) {
    number = submit.concatenation.map { Int($0.number) } ?? 1
    self.octets = octets
    self.serviceCentre = serviceCentre
    self.submit = submit
    self.source = source
  }

  init(number: Int, octets: [UInt8], serviceCentre: SMSCAddress, submit: SMSSubmit, source: Source) {
    self.number = number
    self.octets = octets
    self.serviceCentre = serviceCentre
    self.submit = submit
    self.source = source
  }

  /// How many parts its message has.
  var total: Int { submit.concatenation.map { Int($0.total) } ?? 1 }

  /// The client's own frame, unless the message is local.
  var frame: QMUXFrame? {
    switch source {
    case .rawSend(let frame), .stored(let frame, _): frame
    case .local: nil
    }
  }

  /// - Parameter messageReference: what it was answered with, if it was.
  func published(messageReference: UInt16? = nil) -> Submission.Part {
    Submission.Part(
      number: number, serviceCentre: serviceCentre, submit: submit, messageReference: messageReference)
  }

  /// The answer a modem would give after sending it; nil when nobody asked over QMI.
  func success(messageReference: UInt16) -> QMUXFrame? {
    switch source {
    case .rawSend(let frame):
      WMS.RawSendResponse(messageReference: messageReference)
        .encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction))
    case .stored(let frame, _):
      WMS.SendFromMemoryStorageResponse(messageReference: messageReference)
        .encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction))
    case .local: nil
    }
  }

  /// The answer a modem would give that could not send it; nil when nobody asked over QMI.
  func failure(_ failure: SubmissionFailure) -> QMUXFrame? {
    switch source {
    case .rawSend(let frame):
      WMS.RawSendResponse(failure: failure.error, failure.details)
        .encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction))
    case .stored(let frame, _):
      WMS.SendFromMemoryStorageResponse(failure: failure.error, failure.details)
        .encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction))
    case .local: nil
    }
  }

  /// The request that sends it in another client's name: the original Raw Send but for the header, or one with the octets of the
  /// stored message, which may be deleted by now. Nil when no modem would take it.
  func request(client: ClientID, transaction: ServiceTransactionID) -> QMUXFrame? {
    if case .rawSend(let frame) = source, let readdressed = frame.readdressed(client: client, transaction: transaction) {
      return readdressed
    }
    guard let message = WMS.RawMessage(octets: octets) else { return nil }
    return WMS.RawSendRequest(message: message).encoded(client: client, transaction: transaction)
  }
}

/// Its octets are what people write to whom.
extension MessagePart: CustomStringConvertible, CustomReflectable {
  var description: String { "part \(number), \(octets.count) octets" }
  var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension QMUXFrame {
  /// The same message of the same service in another client's name.
  func readdressed(client: ClientID, transaction: ServiceTransactionID) -> QMUXFrame? {
    var octets = self.octets
    octets[5] = client.rawValue
    guard var frame = try? QMUXFrame(octets) else { return nil }
    frame.transaction = transaction.rawValue
    return frame
  }
}
