import Interposer
import QMI
import Telephony

/// Does what the Interposer wants done, as the shell and the one who decides do it, and compares it with what can be.
extension InterposerProgram {
  mutating func drain() throws(Finding) {
    while let action = interposer.nextAction() { try perform(action) }
  }

  private mutating func perform(_ action: Interposer.Action) throws(Finding) {
    switch action {
    case .sendToClient(let connection, let octets): try sendToClient(connection, octets)
    case .closeClient(let connection, let reason): try closeClient(connection, reason)
    case .openModem:
      try check(modemState == .closed, "the modem is opened twice")
      modemState = .opening
    case .sendToModem(let id, let frame, let timeout): try sendToModem(id, frame, timeout)
    case .keepClientIDs(let ids):
      keptIDs = ids
      if !ids.isEmpty { reached.insert(.idsKept) }
    case .submitted(let submission): try submitted(submission)
    case .observed(let submission):
      try check(fates[submission.id] == nil, "a submission is observed that is known")
      fates[submission.id] = .carrying
      messageOf[submission.id] = octets(submission).first.flatMap { messages[$0] }
    case .unparsed(let unparsed):
      try check(fates[unparsed.id] == nil, "a submission is not parsed that is known")
      fates[unparsed.id] = .carrying
    case .submitterGone(let id):
      try check(decisions[id] != nil, "the client of a submission has gone that nothing is to be decided about")
      reached.insert(.clientGoneWhileDeciding)
    case .released(let id, _):
      try check(fates[id] == .asking || fates[id] == .held, "a submission is released that is \(fates[id].map { "\($0)" } ?? "unknown")")
      decisions[id] = nil
      fates[id] = .carrying
      reached.insert(.released)
    case .carried(let report): try carried(report)
    case .received(let message):
      try check(received.insert(message.id).inserted, "an incoming message is to be decided about twice")
      incoming.append(message.id)
      if case .found = message.source { reached.insert(.foundInStorage) }
    case .consumed(let id): try check(received.contains(id), "a message is consumed that was not to be decided about")
    case .deletedFromStorage(let id):
      try check(stored.removeValue(forKey: id) != nil, "a message is deleted that is not there")
      reached.insert(.storedMessageDeleted)
    case .retagged(let id, let tag):
      try check(stored[id] != nil, "a message gets a tag that is not there")
      stored[id] = tag
      reached.insert(.storedMessageRetagged)
    }
  }

  // MARK: Clients

  private mutating func sendToClient(_ connection: ClientConnection, _ octets: [UInt8]) throws(Finding) {
    guard let index = clients.firstIndex(where: { $0.connection == connection }) else {
      throw Finding("octets for a client that has gone")
    }
    guard let frame = try? QMUXFrame(octets) else { throw Finding("octets for a client that are no frame") }
    switch frame.kind {
    case .request: throw Finding("a request for a client")
    case .indication:
      let isUser =
        frame.clientID == .broadcast
        ? clients[index].used.contains { $0.service == frame.service }
        : clients[index].used.contains(ServiceID(service: frame.service, clientID: frame.clientID))
      try check(isUser, "an indication for a client that does not use the id")
      if frame.messageID == WMS.ID.eventReport { reached.insert(.announced) }
    case .response:
      let asked = Asked(frame)
      guard let owed = clients[index].asked[asked], owed > 0 else { throw Finding("an answer that nobody asked for") }
      clients[index].asked[asked] = owed == 1 ? nil : owed - 1
      noteAnswer(frame, asked, to: index)
    }
  }

  private mutating func noteAnswer(_ frame: QMUXFrame, _ asked: Asked, to index: Int) {
    if let allocation = (try? CTL.AllocateClientIDResponse(decoding: frame))?.allocation {
      clients[index].used.insert(ServiceID(service: allocation.service, clientID: allocation.clientID))
    }
    if frame.messageID == WMS.ID.rawRead, frame.service == .wms, frame.result == .success { reached.insert(.storedMessageRead) }
    guard let octets = clients[index].parts.removeValue(forKey: asked) else { return }
    if frame.result?.isSuccess ?? false { toldSent.insert(octets) } else { toldFailed.insert(octets) }
  }

  private mutating func closeClient(_ connection: ClientConnection, _ reason: CloseReason) throws(Finding) {
    guard let index = clients.firstIndex(where: { $0.connection == connection }) else {
      throw Finding("a client is closed that has gone")
    }
    clients.remove(at: index)
    switch reason {
    case .malformedStream: reached.insert(.malformedStream)
    case .stoppedReading: reached.insert(.stoppedReading)
    case .tooManyClients: reached.insert(.tooManyClients)
    case .modemRemoved, .shuttingDown: break
    }
  }

  // MARK: Modem

  private mutating func sendToModem(_ id: ModemRequestID, _ frame: QMUXFrame, _ timeout: Duration) throws(Finding) {
    try check(modemState == .open, "a request for a modem that is not open")
    try check(frame.kind == .request, "a \(frame.kind) for the modem")
    try check(!requests.contains { $0.id == id }, "a request with the id of another")
    try check(timeout > .zero, "a request without time for an answer")
    var frame = frame
    if frame.isControl {
      try check(frame.transaction == 0, "a control request with a client's transaction")
      try check(frame.messageID != CTL.ID.sync, "the modem is made to forget all client ids")
      try check(frame.messageID.rawValue < CTL.ID.proxyOpen.rawValue, "the modem gets what is between libqmi and its proxy")
      modemTransaction = modemTransaction == .max ? 1 : modemTransaction + 1
      frame.transaction = UInt16(modemTransaction)
    }
    if let octets = (try? WMS.RawSendRequest(decoding: frame))?.message.octets, let count = wanted[octets] {
      try check(taken[octets, default: 0] < count, "a part goes to the modem that has taken it")
      try check(count > 1 || !arrived.contains(octets), "a part goes to the modem whose message has arrived otherwise")
      reached.insert(.partForwarded)
      if clients.allSatisfy({ $0.asked[Asked(frame)] == nil }) { reached.insert(.sentInOwnName) }
    }
    requests.append(ModemRequest(id: id, frame: frame, due: now + timeout))
  }

  // MARK: Submissions

  private mutating func submitted(_ submission: Submission) throws(Finding) {
    let id = submission.id
    switch fates[id] {
    case nil: break
    case .held, .asking:
      try check(submission.isComplete, "an incomplete submission is asked about again")
      try check(wholes[id] == nil, "a complete submission is asked about again")
      reached.insert(.decidedTwice)
    case .carrying, .reported, .arrived, .refused: throw Finding("a submission is asked about that is done with")
    }
    let numbers = submission.parts.map(\.number)
    try check(!numbers.isEmpty && numbers == Set(numbers).sorted(), "parts are not in their order")
    try check((numbers.first ?? 0) >= 1 && (numbers.last ?? 0) <= submission.total, "parts have other numbers than they can")
    fates[id] = .asking
    decisions[id] = submission
    let parts = octets(submission)
    messageOf[id] = parts.first.flatMap { messages[$0] }
    if submission.isComplete { wholes[id] = parts }
    if submission.origin != .local, parts.contains(where: { wanted[$0] == nil }) { reached.insert(.storedSubmission) }
  }

  private func octets(_ submission: Submission) -> [[UInt8]] {
    submission.parts.map { RawPDU(serviceCentre: $0.serviceCentre, tpdu: $0.submit.encoded()).encoded() }
  }

  private mutating func carried(_ report: CarrierReport) throws(Finding) {
    let fate = fates[report.submission]
    try check(fate == .carrying || fate == .refused, "a report on a submission that is \(fate.map { "\($0)" } ?? "unknown")")
    try check((0...report.total).contains(report.sentPartCount), "more parts were sent than there are")
    fates[report.submission] = .reported
    if let message = messageOf[report.submission] {
      if case .sent = report.outcome {} else { reportedFailed.insert(message) }
    }
    reached.insert(.carried)
  }
}
