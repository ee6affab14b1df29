import Interposer
import QMI
import Telephony

/// What clients ask for, well-formed as libqmi makes it, with fields that the program chooses.
extension InterposerProgram {
  /// Sends a frame of a client's own making, now and then with a wrong octet, or only its beginning.
  private mutating func sendFuzzed(_ frame: QMUXFrame, from index: Int) throws(Finding) {
    let choice = input.octet()
    var octets = frame.octets
    if choice & 0xE0 == 0xE0 { octets[input.number(below: octets.count)] ^= 1 << (choice & 7) }
    if choice & 0xE0 == 0xC0 {
      let cut = input.number(below: octets.count)
      let rest = Array(octets[cut...])
      let connection = clients[index].connection
      try send(octets: Array(octets[..<cut]), from: index)
      // It may have been closed.
      if let index = clients.firstIndex(where: { $0.connection == connection }) { clients[index].rest = rest }
      return
    }
    try send(octets: octets, from: index)
  }

  mutating func send(_ frame: QMUXFrame, from index: Int) throws(Finding) {
    try send(octets: frame.octets, from: index)
  }

  /// Sends octets behind what is left of an earlier frame, and notes what they ask for.
  mutating func send(octets: [UInt8], from index: Int) throws(Finding) {
    let connection = clients[index].connection
    let octets = clients[index].rest + octets
    clients[index].rest = []
    clients[index].decoder.append(octets)
    let isStream = note(index)
    octets.withUnsafeBytes { interposer.clientSent($0, from: connection, now: now) }
    try drain()
    let isConnected = clients.contains { $0.connection == connection }
    try check(isStream || !isConnected, "a client without framing stays connected")
  }

  /// - Returns: false when the stream has lost its framing.
  private mutating func note(_ index: Int) -> Bool {
    while true {
      do throws(QMUXError) {
        guard let frame = try clients[index].decoder.next() else { return true }
        note(frame, from: index)
      } catch {
        if error.endsStream { return false }
      }
    }
  }

  private mutating func note(_ frame: QMUXFrame, from index: Int) {
    guard frame.kind == .request else { return }
    let asked = Asked(frame)
    clients[index].asked[asked, default: 0] += 1
    if !frame.isControl { clients[index].used.insert(ServiceID(service: frame.service, clientID: frame.clientID)) }
    if let release = try? CTL.ReleaseClientIDRequest(decoding: frame) {
      // Whether the modem takes it back is the client's affair.
      excusedIDs.insert(ServiceID(service: release.allocation.service, clientID: release.allocation.clientID))
    }
    let octets = (try? WMS.RawSendRequest(decoding: frame))?.message.octets
    if let octets {
      wanted[octets, default: 0] += 1
      messages[octets] = messageKey(octets, clients[index].connection)
    }
    clients[index].parts[asked] = clients[index].asked[asked] == 1 ? octets : nil
  }

  private func messageKey(_ octets: [UInt8], _ connection: ClientConnection) -> MessageKey? {
    guard let pdu = try? RawPDU(decoding: octets), let submit = try? SMSSubmit(decoding: pdu.tpdu) else { return nil }
    let part = submit.concatenation.flatMap { $0.total > 1 ? $0 : nil }
    return MessageKey(
      connection: connection, destination: submit.destinationAddress, reference: part?.reference ?? 0, total: part?.total ?? 1,
      isWide: part?.isWide ?? false, octets: part == nil ? octets : nil)
  }

  // MARK: Outgoing messages

  mutating func sendPart() throws(Finding) {
    guard let index = clientIndex() else { return }
    let shape = input.octet()
    let total = shape & 0x40 == 0 ? 1 : 2 + shape >> 2 & 3
    let number = 1 + (shape & 3) % total
    let reference = UInt16(shape >> 4 & 3)
    let part =
      total == 1 ? nil : Concatenation(reference: reference, total: total, number: number, isWide: shape & 0x80 != 0)
    guard let submit = submit(to: input.octet(), part: part), let message = WMS.RawMessage(octets: [0] + submit.encoded()) else {
      return
    }
    let frame = WMS.RawSendRequest(message: message).encoded(client: clientID(), transaction: nextTransaction())
    latestPart = (message.octets, frame)
    try sendFuzzed(frame, from: index)
  }

  /// The same part as before, from any client: a repetition, or another message with the same text.
  mutating func repeatPart() throws(Finding) {
    guard let index = clientIndex(), var frame = latestPart?.frame else { return }
    if input.flag() { frame.transaction = nextTransaction().rawValue }
    try send(frame, from: index)
  }

  /// No two have the same text.
  mutating func submit(to recipient: UInt8, part: Concatenation?) -> SMSSubmit? {
    body += 1
    let septets = (0..<4).map { UInt8(truncatingIfNeeded: body >> (7 * $0)) & 0x7F }
    do {
      return try SMSSubmit(
        destinationAddress: SMSAddress(dialled: recipient & 1 == 0 ? "+919876543210" : "+919876500000"),
        dataCodingScheme: .gsm7, requestsStatusReport: recipient & 2 != 0,
        userData: UserData(septets: septets, header: try part.map { try UserDataHeader([$0.element]) }))
    } catch {
      return nil
    }
  }

  private mutating func nextTransaction() -> ServiceTransactionID {
    transaction = transaction == .max ? 1 : transaction + 1
    return ServiceTransactionID(rawValue: transaction)
  }

  private mutating func clientID() -> ClientID { ClientID(rawValue: UInt8(1 + input.number(below: 4))) }

  // MARK: Other requests

  mutating func messagingRequest() throws(Finding) {
    guard let index = clientIndex() else { return }
    let choice = input.octet()
    let client = clientID()
    let transaction = nextTransaction()
    let frame: QMUXFrame
    switch choice % 16 {
    case 0, 1: frame = WMS.SetEventReportRequest(reportsNewMessages: true).encoded(client: client, transaction: transaction)
    case 2:
      frame = WMS.SetEventReportRequest(reportsNewMessages: input.flag() ? false : nil)
        .encoded(client: client, transaction: transaction)
    case 3, 4, 5:
      frame = WMS.SendFromMemoryStorageRequest(location: location(), mode: mode() ?? .gsmWCDMA)
        .encoded(client: client, transaction: transaction)
    case 6: frame = WMS.RawReadRequest(location: location(), mode: mode()).encoded(client: client, transaction: transaction)
    case 7:
      frame = WMS.ListMessagesRequest(storage: storage(), tag: tag(), mode: mode()).encoded(client: client, transaction: transaction)
    case 8:
      frame = WMS.ModifyTagRequest(location: location(), tag: tag() ?? .receivedRead, mode: mode())
        .encoded(client: client, transaction: transaction)
    case 9, 10:
      let place = location()
      frame = WMS.DeleteRequest(
        storage: place.storage, index: choice & 0x10 == 0 ? place.index : nil, tag: choice & 0x20 == 0 ? nil : tag(), mode: mode()
      ).encoded(client: client, transaction: transaction)
    case 11:
      guard let message = WMS.RawMessage(octets: outgoingMessage()) else { return }
      frame = WMS.RawWriteRequest(storage: storage(), message: message).encoded(client: client, transaction: transaction)
    case 12: frame = WMS.GetRoutesRequest().encoded(client: client, transaction: transaction)
    case 13:
      let routes = [
        WMS.Route(
          messageType: .pointToPoint, messageClass: .none, storage: storage(),
          receiptAction: WMS.Route.ReceiptAction(rawValue: input.octet() % 4))
      ]
      frame = WMS.SetRoutesRequest(routes: routes).encoded(client: client, transaction: transaction)
    case 14:
      frame = WMS.SendAckRequest(transactionID: UInt32(input.octet() % 4)).encoded(client: client, transaction: transaction)
    default:
      frame = QMIMessageBuilder(
        .request, service: .wms, client: client, transaction: transaction.rawValue, message: WMS.ID.reset
      ).finish()
    }
    try sendFuzzed(frame, from: index)
  }

  mutating func controlRequest() throws(Finding) {
    guard let index = clientIndex() else { return }
    let transaction = ControlTransactionID(rawValue: UInt8(truncatingIfNeeded: nextTransaction().rawValue))
    let service: QMIService = input.element(of: [.wms, .wds, .nas]) ?? .wms
    let frame: QMUXFrame
    switch input.number(below: 8) {
    case 0..<3: frame = CTL.AllocateClientIDRequest(service: service).encoded(transaction: transaction)
    case 3, 4:
      frame = CTL.ReleaseClientIDRequest(CTL.ClientIDAllocation(service: service, clientID: clientID()))
        .encoded(transaction: transaction)
    case 5: frame = CTL.SyncRequest().encoded(transaction: transaction)
    case 6: frame = CTL.VersionInfoRequest().encoded(transaction: transaction)
    default:
      frame = QMIMessageBuilder(
        .request, service: .control, client: .control, transaction: UInt16(transaction.rawValue),
        message: CTL.ID.internalAllocateClientIDQRTR
      ).finish()
    }
    try sendFuzzed(frame, from: index)
  }

  mutating func otherRequest() throws(Finding) {
    guard let index = clientIndex() else { return }
    let service: QMIService = input.flag() ? .wds : .nas
    let message = input.flag() ? WDS.ID.startNetwork : WDS.ID.stopNetwork
    let builder = QMIMessageBuilder(
      .request, service: service, client: clientID(), transaction: nextTransaction().rawValue, message: message)
    try sendFuzzed(builder.finish(), from: index)
  }

  mutating func proxyOpen(_ path: String) -> QMUXFrame {
    let transaction = ControlTransactionID(rawValue: UInt8(truncatingIfNeeded: nextTransaction().rawValue))
    guard let request = CTL.ProxyOpenRequest(devicePath: path) else { preconditionFailure("a path of this file's own") }
    return request.encoded(transaction: transaction)
  }

  // MARK: Fields

  /// In either storage; in device storage, every other time one of virtual storage.
  mutating func location() -> WMS.MessageLocation {
    let choice = input.octet()
    let index = UInt32(choice >> 2 & 7)
    return WMS.MessageLocation(
      storage: choice & 1 == 0 ? .nv : .uim, index: choice & 3 == 2 ? StoredMessageID.base + index : index)
  }

  private mutating func storage() -> WMS.StorageType { input.flag() ? .uim : .nv }

  private mutating func tag() -> WMS.MessageTag? {
    let choice = input.octet()
    return choice & 4 == 0 ? nil : WMS.MessageTag(rawValue: choice & 3)
  }

  private mutating func mode() -> WMS.MessageMode? { input.element(of: [nil, .gsmWCDMA, .cdma]) ?? nil }

  /// SMSC address and SMS-SUBMIT as an app stores it.
  mutating func outgoingMessage() -> [UInt8] {
    let shape = input.octet()
    let part =
      shape & 4 == 0 ? nil : Concatenation(reference: 9, total: 2, number: 1 + shape & 1, isWide: false)
    return [0] + (submit(to: shape, part: part)?.encoded() ?? [])
  }

  /// SMSC address and what the carrier brings.
  mutating func incomingMessage(_ kind: UInt8) -> [UInt8] {
    if kind % 4 == 3 { return input.octets(8) }
    guard let submit = submit(to: kind, part: nil), let sender = try? SMSAddress(dialled: "+919876500000") else { return [] }
    let time = ServiceCentreTimestamp(WallTime(millisecondsSince1970: 1_700_000_000_000))
    if kind % 4 == 2 {
      return [0] + SMSStatusReport(on: submit, messageReference: 1, submitted: time, discharged: time, status: .received).encoded()
    }
    return [0] + SMSDeliver(delivering: submit, from: sender, at: time).encoded()
  }
}
