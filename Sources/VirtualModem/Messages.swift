import QMI
import Telephony

/// WMS: text messages as the host sees them.
extension VirtualModem {
  mutating func answerMessages(_ request: QMUXFrame, delay: Duration) throws(QMIDecodingError) -> QMUXFrame? {
    switch request.messageID {
    case WMS.ID.reset:
      clients[.wms]?[request.clientID] = Client()
      return request.response(.success)

    case WMS.ID.eventReport:
      if let wanted = try WMS.SetEventReportRequest(decoding: request).reportsNewMessages {
        clients[.wms]?[request.clientID]?.reportsNewMessages = wanted
      }
      return request.response(.success)

    case WMS.ID.rawSend:
      let message = try WMS.RawSendRequest(decoding: request).message
      return submit(message, for: request, from: nil, delay: delay)

    case WMS.ID.rawWrite: return write(try WMS.RawWriteRequest(decoding: request), request)

    case WMS.ID.rawRead:
      let location = try WMS.RawReadRequest(decoding: request).location
      guard hasStorage(location.storage) else { return request.response(.invalidArgument) }
      guard let stored = storedMessages(in: location.storage)[location.index] else { return request.response(.noEntry) }
      return request.encode(WMS.RawReadResponse(stored))

    case WMS.ID.modifyTag:
      let change = try WMS.ModifyTagRequest(decoding: request)
      guard change.tag.rawValue <= WMS.MessageTag.unsent.rawValue else { return request.response(.invalidArgument) }
      let isDone = withStore(change.location.storage) { $0.setTag(change.tag, at: change.location.index) }
      return request.response(isDone == nil ? .failure(.invalidArgument) : isDone == true ? .success : .failure(.noEntry))

    case WMS.ID.delete: return delete(try WMS.DeleteRequest(decoding: request), request)
    case WMS.ID.getMessageProtocol: return request.encode(WMS.GetMessageProtocolResponse(.wcdma))

    case WMS.ID.listMessages:
      let list = try WMS.ListMessagesRequest(decoding: request)
      if list.mode == .cdma { return request.response(.invalidArgument) }
      let entries = withStore(list.storage) { $0.list(tagged: list.tag) }
      return entries.map { request.encode(WMS.ListMessagesResponse(entries: $0)) } ?? request.response(.invalidArgument)

    case WMS.ID.setRoutes:
      let change = try WMS.SetRoutesRequest(decoding: request)
      guard routes.set(change.routes) else { return request.response(.invalidArgument) }
      if let transfer = change.transferStatusReport { routes.transferStatusReport = transfer }
      return request.response(.success)

    case WMS.ID.getRoutes:
      return request.encode(
        WMS.GetRoutesResponse(routes: routes.routes, transferStatusReport: routes.transferStatusReport))

    case WMS.ID.getSMSCAddress:
      guard let address = WMS.SMSCAddress(digits: configuration.identity.serviceCentre.e164) else {
        return request.response(.informationUnavailable)
      }
      return request.encode(WMS.GetSMSCAddressResponse(address))

    case WMS.ID.sendAck: return acknowledge(try WMS.SendAckRequest(decoding: request), request)

    case WMS.ID.sendFromMemoryStorage:
      let send = try WMS.SendFromMemoryStorageRequest(decoding: request)
      guard hasStorage(send.location.storage) else { return request.response(.invalidArgument) }
      guard let stored = storedMessages(in: send.location.storage)[send.location.index] else {
        return request.response(.noEntry)
      }
      return submit(stored.message, for: request, from: send.location, delay: delay)

    default: return request.response(.invalidQMICommand)
    }
  }

  // MARK: - Storage

  func hasStorage(_ storage: WMS.StorageType) -> Bool { storage == .uim || storage == .nv }

  /// Nil for a storage that does not exist.
  mutating func withStore<Result>(_ storage: WMS.StorageType, _ body: (inout MessageStore) -> Result) -> Result? {
    switch storage {
    case .uim: body(&sim)
    case .nv: body(&device)
    default: nil
    }
  }

  private mutating func write(_ write: WMS.RawWriteRequest, _ request: QMUXFrame) -> QMUXFrame {
    guard write.message.format == .gsmWCDMAPointToPoint, let pdu = try? RawPDU(decoding: write.message.octets) else {
      return request.response(.wmsEncoding)
    }
    let isSubmit = (pdu.tpdu.first ?? 0) & 0x03 == 0x01
    let index = withStore(write.storage) { $0.add(write.message, tag: isSubmit ? .unsent : .receivedUnread) }
    guard let index else { return request.response(.invalidArgument) }
    guard let index else { return request.response(.deviceStorageFull) }
    return request.encode(WMS.RawWriteResponse(index: index))
  }

  private mutating func delete(_ delete: WMS.DeleteRequest, _ request: QMUXFrame) -> QMUXFrame {
    let result = withStore(delete.storage) { store -> QMIError in
      if let index = delete.index { return store.remove(at: index) ? .none : .noEntry }
      store.removeAll(tagged: delete.tag)
      return .none
    }
    guard let result else { return request.response(.invalidArgument) }
    if result == .none, owesMemoryAvailable, !device.isFull, !sim.isFull {
      owesMemoryAvailable = false
      actions.append(.sendToCarrier(.memoryAvailable))
    }
    return request.response(QMIResult(result))
  }
}

extension QMUXFrame {
  /// `message` with this request's client and transaction.
  func encode(_ message: some ServiceMessage) -> QMUXFrame {
    message.encoded(client: clientID, transaction: ServiceTransactionID(rawValue: transaction))
  }
}
