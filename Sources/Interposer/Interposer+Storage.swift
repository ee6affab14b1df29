import QMI

/// Virtual storage: messages in device storage (NV) that the modem never had. Works in every tap mode, so that
/// what is left in the spool stays readable.
extension Interposer {
  /// Puts back what the spool held, without announcing it: clients list the storage when they start.
  public mutating func restoreStored(_ messages: [StoredMessage]) throws(VirtualStorageError) {
    for message in messages { try insert(message) }
  }

  /// Stores a message and announces it to every client id that enabled reports of new messages. One with the same id is replaced.
  /// When there is no such client, it is announced to the next: one that has listed the storage already would not see it otherwise.
  ///
  /// - Returns: how many client ids were told.
  @discardableResult
  public mutating func deliver(_ message: StoredMessage, now: Duration) throws(VirtualStorageError) -> Int {
    advance(to: now)
    try insert(message)
    return announce(message.id)
  }

  /// The message with this id, nil when a client has deleted it.
  public func storedMessage(_ id: StoredMessageID) -> StoredMessage? { storage[id] }

  private mutating func insert(_ message: StoredMessage) throws(VirtualStorageError) {
    guard storage[message.id] != nil || storage.count < configuration.limits.storedMessages else { throw .full }
    storage.insert(message)
  }

  private mutating func announce(_ id: StoredMessageID) -> Int {
    let indication = WMS.EventReportIndication(
      storedMessage: WMS.MessageLocation(storage: .nv, index: id.rawValue), mode: .gsmWCDMA)
    var count = 0
    for clientID in ledger.reporting.sorted(by: { $0.rawValue < $1.rawValue }) {
      lastIndicationTransaction &+= 1
      let frame = indication.encoded(
        client: clientID, transaction: ServiceTransactionID(rawValue: lastIndicationTransaction))
      var wasTold = false
      for session in clients.sessions where session.holds(ServiceClientID(.wms, clientID)) {
        actions.append(.sendToClient(session.connection, frame.octets))
        wasTold = true
      }
      if wasTold { count += 1 }
    }
    storage.setAnnounced(id, count > 0)
    return count
  }

  /// A client wants to be told of new messages from now on.
  mutating func announceUnannounced() {
    for id in storage.unannounced.sorted() { _ = announce(id) }
  }

  // MARK: Requests

  mutating func handleRawRead(_ frame: QMUXFrame, from index: Int) {
    let request = try? WMS.RawReadRequest(decoding: frame)
    guard let id = request.flatMap({ virtualID($0.location) }) else {
      if let request, holdsRead(of: request.location.storage, index: request.location.index, frame, from: index) { return }
      forward(frame, from: index, .plain)
      return
    }
    let response =
      storage[id].map { WMS.RawReadResponse(.init(tag: $0.tag, message: $0.message)) }
      ?? WMS.RawReadResponse(failure: .noEntry)
    actions.append(
      .sendToClient(
        clients[index].connection,
        response.encoded(client: frame.clientID, transaction: ServiceTransactionID(rawValue: frame.transaction)).octets))
  }

  mutating func handleModifyTag(_ frame: QMUXFrame, from index: Int) {
    guard let request = try? WMS.ModifyTagRequest(decoding: frame), let id = virtualID(request.location) else {
      forward(frame, from: index, .plain)
      return
    }
    guard storage.setTag(request.tag, of: id) else {
      answer(frame, clients[index].connection, .noEntry)
      return
    }
    actions.append(.retagged(id, request.tag))
    actions.append(.sendToClient(clients[index].connection, frame.response(.success).octets))
  }

  mutating func handleDelete(_ frame: QMUXFrame, from index: Int) {
    guard let request = try? WMS.DeleteRequest(decoding: frame) else {
      forward(frame, from: index, .plain)
      return
    }
    if incoming.hasRecords {
      // What a client deletes is not deleted once more: the index may be another message's by then.
      for id in incoming.pending(in: request.storage, index: request.index) { settleIncoming(id, .announce) }
    }
    guard request.storage == .nv else {
      forward(frame, from: index, .plain)
      return
    }
    guard let messageIndex = request.index else {
      // The modem has a share in it, so it is asked; ours are deleted when it has answered.
      let concernsVirtual = request.mode != .cdma && storage.contains(tag: request.tag)
      forward(frame, from: index, concernsVirtual ? .deleteMessages(tag: request.tag) : .plain)
      return
    }
    guard let id = StoredMessageID(rawValue: messageIndex) else {
      forward(frame, from: index, .plain)
      return
    }
    guard storage.remove(id) else {
      answer(frame, clients[index].connection, .noEntry)
      return
    }
    actions.append(.deletedFromStorage(id))
    actions.append(.sendToClient(clients[index].connection, frame.response(.success).octets))
  }

  mutating func handleListMessages(_ frame: QMUXFrame, from index: Int) {
    let request = try? WMS.ListMessagesRequest(decoding: frame)
    if let request, holdsRead(of: request.storage, index: nil, frame, from: index) { return }
    passListMessages(frame, request, from: index)
  }

  mutating func passListMessages(_ frame: QMUXFrame, _ request: WMS.ListMessagesRequest?, from index: Int) {
    guard let request, request.storage == .nv,
      request.mode != .cdma, storage.contains(tag: request.tag)
    else {
      forward(frame, from: index, .plain)
      return
    }
    forward(frame, from: index, .listMessages(tag: request.tag))
  }

  private func virtualID(_ location: WMS.MessageLocation) -> StoredMessageID? {
    location.storage == .nv ? StoredMessageID(rawValue: location.index) : nil
  }

  // MARK: Answers of which the modem knows half

  /// The modem's list with ours behind it. A modem that refuses, because it has nothing or no such storage, has an empty list.
  func listMessages(_ pending: PendingRequest, _ frame: QMUXFrame, tag: WMS.MessageTag?) -> QMUXFrame {
    let own = storage.entries(tag: tag)
    guard !own.isEmpty else { return frame }
    let entries: [WMS.ListMessagesResponse.Entry]
    if let response = try? WMS.ListMessagesResponse(decoding: frame) {
      entries = response.entries
    } else if frame.result?.isSuccess == false {
      entries = []
    } else {
      return frame
    }
    // Ours first, should they not all fit: the modem's own can always be listed after a deletion.
    let room = max(0, WMS.ListMessagesResponse.maximumEntryCount - own.count)
    return WMS.ListMessagesResponse(entries: entries.prefix(room) + own)
      .encoded(client: pending.clientID, transaction: ServiceTransactionID(rawValue: pending.transaction))
  }

  /// Deletes ours when the modem has deleted its own, or has none.
  mutating func deleteMessages(_ pending: PendingRequest, _ frame: QMUXFrame, tag: WMS.MessageTag?) -> QMUXFrame {
    let result = frame.result
    guard result?.isSuccess == true || result?.error == .noEntry || result?.error == .invalidIndex else { return frame }
    let own = storage.ids(tag: tag)
    guard !own.isEmpty else { return frame }
    for id in own where storage.remove(id) { actions.append(.deletedFromStorage(id)) }
    return pending.response(.success)
  }
}
