import QMI

/// The Interposer's own client of the messaging service.
extension Interposer {
  var ownClientID: ServiceClientID? {
    ownClient.clientID.map { ServiceClientID(.wms, $0) }
  }

  mutating func sendOwn(_ frame: QMUXFrame, _ purpose: PendingRequest.Purpose, timeout: Duration) {
    let request = requests.insert(PendingRequest(frame, client: nil, purpose: purpose))
    actions.append(.sendToModem(request, frame, timeout: timeout))
  }

  /// Does something in the Interposer's own name, as soon as it has a client id.
  mutating func perform(_ operation: OwnWMSClient.Operation) {
    timers.cancel(.ownClientIdle)
    guard link.isOpen else {
      failed(operation)
      return
    }
    switch ownClient.request(operation) {
    case .wait: break
    case .allocate:
      allocateOwn()
      timers.schedule(.ownAllocation, at: clock + configuration.timing.ownRequest)
    case .perform(let clientID):
      perform(operation, as: clientID)
    }
  }

  private mutating func allocateOwn() {
    let frame = CTL.AllocateClientIDRequest(service: .wms).encoded(transaction: 0)
    // An id that comes too late has to be given back, so its answer is waited for as long as for a client's.
    sendOwn(frame, .ownAllocation, timeout: configuration.timing.request)
  }

  private mutating func perform(_ operation: OwnWMSClient.Operation, as clientID: ClientID) {
    let timeout = configuration.timing.ownRequest
    switch operation {
    case .reports:
      let request = WMS.SetEventReportRequest(reportsNewMessages: true)
      sendOwn(request.encoded(client: clientID, transaction: ownClient.nextTransaction()), .ownReports, timeout: timeout)
    case .list(let storage):
      let request = WMS.ListMessagesRequest(storage: storage, mode: .gsmWCDMA)
      sendOwn(request.encoded(client: clientID, transaction: ownClient.nextTransaction()), .ownList(storage), timeout: timeout)
    case .read(let id):
      guard case .stored(let location) = incoming[id]?.location else { return }
      let request = WMS.RawReadRequest(location: location, mode: .gsmWCDMA)
      sendOwn(request.encoded(client: clientID, transaction: ownClient.nextTransaction()), .ownRead(id), timeout: timeout)
    case .consume(let id):
      guard let frame = consumingRequest(id, clientID) else { return }
      sendOwn(frame, .ownConsume(id), timeout: timeout)
    case .readStoredSubmission(let id):
      guard let location = storedSubmissions[id]?.location else { return }
      let request = WMS.RawReadRequest(location: location, mode: .gsmWCDMA)
      let frame = request.encoded(client: clientID, transaction: ownClient.nextTransaction())
      sendOwn(frame, .ownStoredSubmissionRead(id), timeout: timeout)
    case .markSent(let location):
      let request = WMS.ModifyTagRequest(location: location, tag: .sent, mode: .gsmWCDMA)
      sendOwn(request.encoded(client: clientID, transaction: ownClient.nextTransaction()), .ownUnheeded, timeout: timeout)
    case .send(let submission, let number):
      guard let item = assemblies[submission]?.transfer?.currentItem, item.part.number == number else { return }
      guard let frame = item.part.request(client: clientID, transaction: ownClient.nextTransaction()) else {
        partFinished(submission, number, .failed(SubmissionFailure(.malformedMessage)), response: nil, for: nil)
        return
      }
      sendOwn(frame, .ownPart(submission, number: number), timeout: configuration.timing.ownSend)
    }
  }

  private mutating func consumingRequest(_ id: IncomingMessageID, _ clientID: ClientID) -> QMUXFrame? {
    switch incoming[id]?.location {
    case .stored(let location):
      return WMS.DeleteRequest(storage: location.storage, index: location.index, mode: .gsmWCDMA)
        .encoded(client: clientID, transaction: ownClient.nextTransaction())
    case .transferred(let transactionID, _):
      return WMS.SendAckRequest(transactionID: transactionID)
        .encoded(client: clientID, transaction: ownClient.nextTransaction())
    case nil:
      return nil
    }
  }

  // MARK: Outcomes

  mutating func finishOwn(_ pending: PendingRequest, _ frame: QMUXFrame) {
    let isSuccess = frame.result?.isSuccess ?? false
    switch pending.purpose {
    case .ownAllocation:
      guard let response = try? CTL.AllocateClientIDResponse(decoding: frame), let allocation = response.allocation,
        allocation.service == .wms
      else {
        if ownClient.isAllocating, frame.result?.error == .clientIDsExhausted, makeRoom(for: .wms) {
          allocateOwn()
        } else {
          ownAllocationFailed()
        }
        return
      }
      guard ownClient.isAllocating else {
        if ServiceClientID(allocation) != ownClientID { release(ServiceClientID(allocation)) }
        return
      }
      timers.cancel(.ownAllocation)
      ledger.forget(ServiceClientID(allocation))
      timers.cancel(.release(ServiceClientID(allocation)))
      let operations = ownClient.allocated(allocation.clientID)
      keepIDs()
      for operation in operations { perform(operation, as: allocation.clientID) }
    case .ownReports:
      ownClient.hasReports = isSuccess
      if !isSuccess { retryOwnReports() }
    case .ownPart(let submission, let number):
      partFinished(submission, number, PartOutcome(frame), response: nil, for: nil)
    case .ownList(let storage):
      storageListed(storage, (try? WMS.ListMessagesResponse(decoding: frame))?.entries ?? [])
    case .ownRead(let id):
      incomingRead(id, (try? WMS.RawReadResponse(decoding: frame))?.stored?.message)
    case .ownConsume(let id):
      if isSuccess { actions.append(.consumed(id)) }
      settleIncoming(id, isSuccess ? .consume : .announce)
    case .ownStoredSubmissionRead(let id):
      storedSubmissionRead(id, (try? WMS.RawReadResponse(decoding: frame))?.stored?.message)
    case .ownRelease(let id):
      // One that it does not know is as good as given back.
      if isSuccess || frame.result?.error == .invalidClientID { releaseTries[id] = nil } else { releaseFailed(id) }
    default: break
    }
    updateOwnClientIdle()
  }

  mutating func failOwn(_ pending: PendingRequest, _ failure: ModemFailure) {
    switch pending.purpose {
    case .ownAllocation: ownAllocationFailed()
    case .ownReports: retryOwnReports()
    case .ownPart(let submission, let number):
      partFinished(submission, number, PartOutcome(failure), response: nil, for: nil)
    case .ownList(let storage): storageListed(storage, [])
    case .ownRead(let id): incomingRead(id, nil)
    case .ownConsume(let id): settleIncoming(id, .announce)
    case .ownStoredSubmissionRead(let id): storedSubmissionRead(id, nil)
    case .ownRelease(let id): releaseFailed(id)
    default: break
    }
    updateOwnClientIdle()
  }

  mutating func ownAllocationFailed() {
    timers.cancel(.ownAllocation)
    guard ownClient.isAllocating else { return }
    for operation in ownClient.lost() { failed(operation) }
  }

  /// There is no client id to do it with.
  mutating func failed(_ operation: OwnWMSClient.Operation) {
    switch operation {
    case .reports: retryOwnReports()
    case .list(let storage): storageListed(storage, [])
    case .read(let id): incomingRead(id, nil)
    case .consume(let id): settleIncoming(id, .announce)
    case .readStoredSubmission(let id): storedSubmissionRead(id, nil)
    case .markSent: break
    case .send(let submission, let number): sendWithoutOwnClient(submission, number)
    }
  }

  // MARK: Reports of new messages

  /// With no client that has reports of new messages, the Interposer asks for them itself: the verification message of
  /// a machine without ModemManager comes in this way.
  mutating func updateOwnReports() {
    guard phase == .running, tapMode == .intercept, link.isOpen else { return }
    guard !ownClient.hasReports, !isReportingToAnyClient else { return }
    // While an id is being allocated its use is decided already, or will be when this is called again.
    guard !ownClient.isAllocating else {
      retryOwnReports()
      return
    }
    ownClient.hasReports = true
    perform(.reports)
  }

  private var isReportingToAnyClient: Bool {
    ledger.reporting.contains { clientID in
      clients.sessions.contains { $0.holds(ServiceClientID(.wms, clientID)) }
    }
  }

  private mutating func retryOwnReports() {
    ownClient.hasReports = false
    guard tapMode == .intercept, link.isOpen, phase == .running else { return }
    timers.schedule(.ownReports, at: clock + configuration.timing.releaseGrace)
  }

  // MARK: Release

  private var isOwnClientNeeded: Bool {
    tapMode == .intercept && phase == .running || requests.hasOwnRequest
      || assemblies.values.contains { $0.transfer?.isSequencing ?? false }
  }

  mutating func updateOwnClientIdle() {
    guard ownClient.clientID != nil, !isOwnClientNeeded else { return }
    timers.schedule(.ownClientIdle, at: clock + configuration.timing.ownClientIdle)
  }

  mutating func ownClientIdled() {
    guard let id = ownClientID, !isOwnClientNeeded else { return }
    _ = ownClient.lost()
    release(id)
  }
}
