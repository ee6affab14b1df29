import Interposer
import QMI
import Telephony

/// What the modem does.
extension InterposerProgram {
  /// One of its requests is answered: well, with a failure, not at all, or with octets of the program's own.
  mutating func modemAnswers() throws(Finding) {
    guard !requests.isEmpty else { return }
    let choice = input.octet()
    let request = requests[choice & 0x40 == 0 ? 0 : input.number(below: requests.count)]
    switch choice & 0x0F {
    case 0..<10: try modemResponds(request, success(request.frame))
    case 10, 11: try modemResponds(request, failure(request.frame))
    case 12: try modemFails(request.id, .timedOut)
    case 13: try modemFails(request.id, .notSent)
    default:
      // The shell matches service, client and transaction; all else is the modem's.
      var octets = request.frame.octets
      let start = request.frame.isControl ? 8 : 9
      octets[6] = request.frame.isControl ? 1 : 2
      if choice & 0x80 != 0 { octets.removeSubrange(start...) } else { octets.removeSubrange((start + 4)...) }
      octets += input.octets(Int(input.octet()))
      octets[1] = UInt8(truncatingIfNeeded: octets.count - 1)
      octets[2] = UInt8(truncatingIfNeeded: (octets.count - 1) >> 8)
      if choice & 0x80 == 0 {
        octets[start + 2] = UInt8(truncatingIfNeeded: octets.count - start - 4)
        octets[start + 3] = UInt8(truncatingIfNeeded: (octets.count - start - 4) >> 8)
      }
      guard let frame = try? QMUXFrame(octets) else { return }
      try modemResponds(request, frame)
    }
  }

  mutating func modemResponds(_ request: ModemRequest, _ frame: QMUXFrame) throws(Finding) {
    requests.removeAll { $0.id == request.id }
    note(request.frame, answer: frame)
    interposer.modemResponded(request.id, frame, now: now)
    try drain()
  }

  mutating func modemFails(_ id: ModemRequestID, _ failure: ModemFailure) throws(Finding) {
    guard let index = requests.firstIndex(where: { $0.id == id }) else { return }
    let request = requests.remove(at: index)
    note(request.frame, answer: nil)
    interposer.modemFailed(id, failure, now: now)
    try drain()
  }

  /// - Parameter answer: nil when there was none.
  private mutating func note(_ request: QMUXFrame, answer: QMUXFrame?) {
    let isSuccess = answer?.result?.isSuccess ?? false
    if request.isControl {
      noteControl(request, answer, isSuccess)
    } else if request.service == .wds, request.messageID == WDS.ID.startNetwork, isSuccess {
      // A data call ends with its id, so it is left to whoever wants to stop it.
      excusedIDs.insert(ServiceID(service: .wds, clientID: request.clientID))
    } else if let octets = (try? WMS.RawSendRequest(decoding: request))?.message.octets {
      if isSuccess { taken[octets, default: 0] += 1 }
    }
  }

  private mutating func noteControl(_ request: QMUXFrame, _ answer: QMUXFrame?, _ isSuccess: Bool) {
    if let allocation = answer.flatMap({ try? CTL.AllocateClientIDResponse(decoding: $0) })?.allocation,
      let wanted = try? CTL.AllocateClientIDRequest(decoding: request), wanted.service == allocation.service
    {
      modemIDs.insert(ServiceID(service: allocation.service, clientID: allocation.clientID))
    }
    if let release = try? CTL.ReleaseClientIDRequest(decoding: request) {
      let id = ServiceID(service: release.allocation.service, clientID: release.allocation.clientID)
      if isSuccess || answer?.result?.error == .invalidClientID {
        modemIDs.remove(id)
        failedReleases[id] = nil
        reached.insert(.idGivenBack)
      } else {
        failedReleases[id, default: 0] += 1
        if failedReleases[id] == limits.sendTries { excusedIDs.insert(id) }
      }
    }
  }

  // MARK: Answers

  /// What a modem answers that does what it is asked to.
  mutating func success(_ request: QMUXFrame) -> QMUXFrame {
    let transaction = ServiceTransactionID(rawValue: request.transaction)
    switch (request.service, request.messageID) {
    case (.control, CTL.ID.allocateClientID):
      guard let wanted = try? CTL.AllocateClientIDRequest(decoding: request), let id = freeID(wanted.service) else {
        return failure(request)
      }
      return CTL.AllocateClientIDResponse(CTL.ClientIDAllocation(service: wanted.service, clientID: id))
        .encoded(transaction: ControlTransactionID(rawValue: UInt8(truncatingIfNeeded: request.transaction)))
    case (.wms, WMS.ID.rawSend):
      return WMS.RawSendResponse(messageReference: UInt16(input.octet())).encoded(client: request.clientID, transaction: transaction)
    case (.wms, WMS.ID.sendFromMemoryStorage):
      return WMS.SendFromMemoryStorageResponse(messageReference: UInt16(input.octet()))
        .encoded(client: request.clientID, transaction: transaction)
    case (.wms, WMS.ID.rawRead):
      let kind = input.octet()
      let octets = kind & 0x40 == 0 ? outgoingMessage() : incomingMessage(kind)
      guard let message = WMS.RawMessage(octets: octets) else { return failure(request) }
      return WMS.RawReadResponse(.init(tag: .receivedUnread, message: message))
        .encoded(client: request.clientID, transaction: transaction)
    case (.wms, WMS.ID.listMessages):
      let entries = (0..<UInt32(input.number(below: 3))).map { WMS.ListMessagesResponse.Entry(index: $0, tag: .receivedUnread) }
      return WMS.ListMessagesResponse(entries: entries).encoded(client: request.clientID, transaction: transaction)
    case (.wms, WMS.ID.rawWrite):
      return WMS.RawWriteResponse(index: UInt32(input.octet() % 8)).encoded(client: request.clientID, transaction: transaction)
    default:
      return request.response(.success)
    }
  }

  private mutating func failure(_ request: QMUXFrame) -> QMUXFrame {
    let errors: [QMIError] = [.internal, .noEntry, .invalidClientID, .clientIDsExhausted, .wmsCauseCode, .invalidIndex]
    return request.response(input.element(of: errors) ?? .internal)
  }

  private func freeID(_ service: QMIService) -> ClientID? {
    (1...highestID).lazy.map(ClientID.init(rawValue:))
      .first { !modemIDs.contains(ServiceID(service: service, clientID: $0)) }
  }

  // MARK: Of its own accord

  mutating func modemIndicates() throws(Finding) {
    guard modemState == .open else { return }
    let choice = input.octet()
    let client = choice & 0x07 == 0 ? ClientID.broadcast : ClientID(rawValue: choice & 0x03)
    let frame: QMUXFrame
    switch choice >> 4 & 0x07 {
    case 0..<4:
      frame = WMS.EventReportIndication(storedMessage: location(), mode: choice & 0x08 == 0 ? .gsmWCDMA : nil)
        .encoded(client: client, transaction: 1)
    case 4, 5:
      guard let message = WMS.RawMessage(octets: incomingMessage(input.octet())) else { return }
      let transferred = WMS.EventReportIndication.TransferredMessage(
        ackIndicator: choice & 0x08 == 0 ? .send : .doNotSend, transactionID: UInt32(choice >> 7), message: message)
      frame = WMS.EventReportIndication(transferredMessage: transferred, mode: .gsmWCDMA).encoded(client: client, transaction: 1)
    default:
      let service: QMIService = choice & 0x08 == 0 ? .wms : .wds
      frame = QMIMessageBuilder(.indication, service: service, client: client, transaction: 1, message: 0x22).finish()
    }
    interposer.modemIndicated(frame, now: now)
    try drain()
  }

  /// As they come from the device: libqmi cuts them into frames, drops what is none, and matches responses.
  mutating func rawOctetsFromModem() throws(Finding) {
    guard modemState == .open else { return }
    let count = Int(input.octet())
    modemDecoder.append(input.octets(count))
    while modemState == .open, let frame = nextModemFrame() {
      switch frame.kind {
      case .indication:
        reached.insert(.modemAnswersBytes)
        interposer.modemIndicated(frame, now: now)
        try drain()
      case .response:
        guard let request = requests.first(where: { Asked($0.frame) == Asked(frame) }) else { continue }
        reached.insert(.modemAnswersBytes)
        try modemResponds(request, frame)
      case .request: break
      }
    }
  }

  private mutating func nextModemFrame() -> QMUXFrame? {
    while true {
      do throws(QMUXError) {
        return try modemDecoder.next()
      } catch {
        if error.endsStream { modemDecoder = QMUXFrameDecoder() }
      }
    }
  }
}
