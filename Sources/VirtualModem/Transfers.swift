import QMI
import Telephony

/// Messages on their way between modem and carrier.
extension VirtualModem {
  /// A message that the carrier has, and has not answered.
  struct PendingSubmission: Sendable {
    /// The Raw Send or Send From Memory Storage to answer; nil when its sender is gone.
    var request: QMUXFrame?
    var messageReference: UInt8
    /// Where the message is stored, to be marked as sent.
    var location: WMS.MessageLocation?
    var deadline: Duration
    /// Of a fault.
    var answerDelay: Duration
  }

  /// An incoming message that the host has, and has not acknowledged.
  struct PendingTransfer: Sendable {
    /// The carrier's number for it.
    var deliveryID: UInt32
    var deadline: Duration
  }

  // MARK: - The carrier

  /// The link to the carrier is there: the modem attaches, if it is switched on.
  public mutating func carrierConnected(now: Duration) {
    clock.now = now
    isCarrierConnected = true
    if isPluggedIn, operatingMode == .online { attach() }
  }

  /// The link to the carrier broke: no service, and what was under way has failed.
  public mutating func carrierDisconnected(now: Duration) {
    clock.now = now
    isCarrierConnected = false
    transfers.removeAll()
    for id in submissions.keys.sorted() { finishSubmission(id, .failure(.wmsMessageNotSent)) }
    setRegistration(.searching, now: now)
  }

  /// Takes what the carrier sent.
  public mutating func carrierSent(_ event: CarrierLink.Event, now: Duration) {
    clock.now = now
    switch event {
    case .attached:
      setRegistration(.registered, now: now)
    case .submitResult(let id, .accepted):
      finishSubmission(id, .success)
    case .submitResult(let id, .refused(let cause, let failureCause)):
      finishSubmission(id, .failure(.wmsCauseCode), cause, failureCause)
    case .deliver(let id, let tpdu):
      receive(tpdu, deliveryID: id)
    case .injected, .refused, .record, .recordsEnd:
      break
    }
  }

  func attachRequest() -> CarrierLink.Request { .attach(configuration.identity.number) }

  mutating func attach() {
    actions.append(.sendToCarrier(attachRequest()))
  }

  mutating func detach() {
    actions.append(.sendToCarrier(.detach))
  }

  // MARK: - Outgoing

  /// Hands a message to the carrier. The answer is nil when it waits for the carrier's.
  mutating func submit(
    _ message: WMS.RawMessage, for request: QMUXFrame, from location: WMS.MessageLocation?, delay: Duration
  ) -> QMUXFrame? {
    guard message.format == .gsmWCDMAPointToPoint, let pdu = try? RawPDU(decoding: message.octets), pdu.tpdu.count >= 2
    else { return request.response(.wmsEncoding) }
    // SMS-SUBMIT and SMS-COMMAND go this way; both have their reference in the second octet.
    guard pdu.tpdu[0] & 0x01 == 0 ? pdu.tpdu[0] & 0x03 == 0x02 : pdu.tpdu[0] & 0x03 == 0x01 else {
      return request.response(.wmsTPDUType)
    }
    guard hasService else { return request.response(.networkNotReady) }
    messageReference &+= 1
    var tpdu = pdu.tpdu
    tpdu[1] = messageReference
    let id = nextSubmissionID
    nextSubmissionID &+= 1
    submissions[id] = PendingSubmission(
      request: request, messageReference: messageReference, location: location,
      deadline: clock.now + configuration.carrierTimeout, answerDelay: delay)
    actions.append(.sendToCarrier(.submit(id: id, tpdu: tpdu)))
    return nil
  }

  mutating func expireSubmissions() {
    for id in submissions.filter({ $0.value.deadline <= clock.now }).keys.sorted() {
      finishSubmission(id, .failure(.wmsMessageNotSent))
    }
  }

  private mutating func finishSubmission(
    _ id: UInt32, _ result: QMIResult, _ cause: RPCause? = nil, _ failureCause: FailureCause? = nil
  ) {
    guard let submission = submissions.removeValue(forKey: id) else { return }
    if result.isSuccess, let location = submission.location {
      _ = withStore(location.storage) { $0.setTag(.sent, at: location.index) }
    }
    guard let request = submission.request else { return }
    let reference = UInt16(submission.messageReference)
    let failure = cause.map { cause in
      WMS.SendFailure(
        cause: .init(
          rpCause: .init(rawValue: UInt16(cause.rawValue)), tpCause: .init(rawValue: failureCause?.rawValue ?? 0xFF)),
        // From 32 on the network may take the message later (3GPP TS 24.011, annex E).
        isPermanent: cause.rawValue < 32)
    }
    let answer: QMUXFrame
    switch (request.messageID, result.error) {
    case (WMS.ID.rawSend, nil):
      answer = request.encode(WMS.RawSendResponse(messageReference: reference))
    case (WMS.ID.rawSend, let error?):
      answer = request.encode(WMS.RawSendResponse(failure: error, failure))
    case (_, nil):
      answer = request.encode(WMS.SendFromMemoryStorageResponse(messageReference: reference))
    case (_, let error?):
      answer = request.encode(WMS.SendFromMemoryStorageResponse(failure: error, failure))
    }
    send(answer, after: submission.answerDelay)
  }

  // MARK: - Incoming

  private mutating func receive(_ tpdu: [UInt8], deliveryID: UInt32) {
    let pdu = RawPDU(serviceCentre: SMSCAddress(configuration.identity.serviceCentre), tpdu: tpdu)
    guard let message = WMS.RawMessage(octets: pdu.encoded()) else {
      return answerDelivery(deliveryID, .refused(.protocolError, failureCause: .tpduNotSupported))
    }
    let deliver = try? SMSDeliver(decoding: tpdu)
    // Type 0: acknowledged, and nobody hears of it (3GPP TS 23.040 §9.2.3.9).
    if deliver?.protocolIdentifier == .type0 { return answerDelivery(deliveryID, .accepted) }
    let route = routes.route(of: deliver?.dataCodingScheme.messageClass.routeClass ?? .none)
    let hasListener = clients[.wms, default: [:]].values.contains(where: \.reportsNewMessages)
    switch route.receiptAction {
    case .discard:
      answerDelivery(deliveryID, .accepted)
    case .transferOnly where hasListener:
      transfer(message, .doNotSend)
      answerDelivery(deliveryID, .accepted)
    case .transferAndAck where hasListener:
      let id = transfer(message, .send)
      transfers[id] = PendingTransfer(deliveryID: deliveryID, deadline: clock.now + configuration.acknowledgementTimeout)
    default:
      store(message, in: hasStorage(route.storage) ? route.storage : .nv, deliveryID: deliveryID)
    }
  }

  private mutating func store(_ message: WMS.RawMessage, in storage: WMS.StorageType, deliveryID: UInt32) {
    guard let index = withStore(storage, { $0.add(message, tag: .receivedUnread) }) ?? nil else {
      owesMemoryAvailable = true
      // 22: memory capacity exceeded (3GPP TS 24.011 §8.2.5.4); 0xD0: the SIM's (TS 23.040 §9.2.3.22).
      let failureCause = storage == .uim ? FailureCause(rawValue: 0xD0) : .memoryCapacityExceeded
      return answerDelivery(deliveryID, .refused(RPCause(rawValue: 22), failureCause: failureCause))
    }
    let report = WMS.EventReportIndication(
      storedMessage: .init(storage: storage, index: index), mode: .gsmWCDMA, isOverIMS: false)
    indicate(.wms, WMS.ID.eventReport, to: \.reportsNewMessages) { report.encode(to: &$0) }
    answerDelivery(deliveryID, .accepted)
  }

  /// Passes a message to the host without storing it.
  @discardableResult
  private mutating func transfer(_ message: WMS.RawMessage, _ indicator: WMS.AckIndicator) -> UInt32 {
    let id = nextTransferID
    nextTransferID &+= 1
    let report = WMS.EventReportIndication(
      transferredMessage: .init(ackIndicator: indicator, transactionID: id, message: message), mode: .gsmWCDMA,
      isOverIMS: false)
    indicate(.wms, WMS.ID.eventReport, to: \.reportsNewMessages) { report.encode(to: &$0) }
    return id
  }

  mutating func acknowledge(_ ack: WMS.SendAckRequest, _ request: QMUXFrame) -> QMUXFrame {
    guard let transfer = transfers.removeValue(forKey: ack.transactionID) else {
      return request.encode(WMS.SendAckResponse(result: .failure(.ackNotSent), failureCause: 2))
    }
    if ack.isSuccess {
      answerDelivery(transfer.deliveryID, .accepted)
    } else {
      let cause = ack.failure.map { RPCause(rawValue: $0.rpCause) } ?? .protocolError
      answerDelivery(
        transfer.deliveryID, .refused(cause, failureCause: ack.failure.map { FailureCause(rawValue: $0.tpCause.rawValue) }))
    }
    return request.encode(WMS.SendAckResponse())
  }

  mutating func expireTransfers() {
    for (id, transfer) in transfers.filter({ $0.value.deadline <= clock.now }).sorted(by: { $0.key < $1.key }) {
      transfers[id] = nil
      answerDelivery(transfer.deliveryID, .refused(.protocolError, failureCause: nil))
    }
  }

  private mutating func answerDelivery(_ id: UInt32, _ outcome: CarrierLink.TransferOutcome) {
    actions.append(.sendToCarrier(.deliverResult(id: id, outcome: outcome)))
  }
}

extension Optional where Wrapped == DataCodingScheme.MessageClass {
  fileprivate var routeClass: WMS.Route.MessageClass {
    switch self {
    case .flash: .class0
    case .equipment: .class1
    case .sim: .class2
    case .terminal: .class3
    case nil: .none
    }
  }
}
