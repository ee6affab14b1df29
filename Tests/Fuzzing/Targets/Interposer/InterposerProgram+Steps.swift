import Interposer
import QMI
import Telephony

/// The steps of a program. An octet says which; those that lead on come more often.
extension InterposerProgram {
  mutating func step() throws(Finding) {
    switch input.octet() % 64 {
    case 0..<3: try connect()
    case 3: try disconnect()
    case 4..<7: try rawOctetsFromClient()
    case 7: try restOfFrame()
    case 8: try reportBacklog()
    case 9..<12: try openingStep()
    case 12: try repeatPart()
    case 13..<21: try sendPart()
    case 21..<27: try messagingRequest()
    case 27..<30: try controlRequest()
    case 30..<32: try otherRequest()
    case 32..<41: try modemAnswers()
    case 41..<43: try rawOctetsFromModem()
    case 43..<46: try modemIndicates()
    case 46: try modemLink()
    case 47..<54: try decide()
    case 54: try decideIncoming()
    case 55:
      interposer.vetStorage(now: now)
      try drain()
    case 56: try deliver()
    case 57: try setTapMode()
    case 58: try submitLocally()
    case 59: try stale()
    case 60: try shutDown()
    default: try passTime()
    }
  }

  // MARK: Clients

  mutating func connect() throws(Finding) {
    lastConnection += 1
    let connection = ClientConnection(rawValue: lastConnection)
    clients.append(Client(connection: connection))
    interposer.clientConnected(connection, now: now)
    try drain()
  }

  private mutating func disconnect() throws(Finding) {
    guard let index = clientIndex() else { return }
    try disconnect(index)
  }

  mutating func disconnect(_ index: Int) throws(Finding) {
    let client = clients.remove(at: index)
    interposer.clientClosed(client.connection, now: now)
    try drain()
  }

  mutating func clientIndex() -> Int? {
    clients.isEmpty ? nil : input.number(below: clients.count)
  }

  private mutating func rawOctetsFromClient() throws(Finding) {
    guard let index = clientIndex() else { return }
    let count = Int(input.octet())
    try send(octets: input.octets(count), from: index)
  }

  private mutating func restOfFrame() throws(Finding) {
    guard let index = clientIndex() else { return }
    try send(octets: [], from: index)
  }

  private mutating func reportBacklog() throws(Finding) {
    guard let index = clientIndex() else { return }
    let octetCount = input.number(below: 4) * limits.backlogOctets / 2
    interposer.clientBacklog(clients[index].connection, octetCount: octetCount, now: now)
    try drain()
  }

  // MARK: Modem

  /// A client opens the device, somebody else does, or the modem answers to it.
  private mutating func openingStep() throws(Finding) {
    switch input.number(below: 8) {
    case 0..<3:
      guard let index = clientIndex() else { return }
      let path = input.number(below: 4)
      try send(proxyOpen(path < 2 ? Self.device : path == 2 ? Self.alternativeDevice : "/dev/cdc-wdm9"), from: index)
    case 3..<6: try modemAnswersOpening(true)
    case 6: try modemAnswersOpening(false)
    default:
      interposer.openModem(now: now)
      try drain()
    }
  }

  mutating func modemAnswersOpening(_ isOpen: Bool) throws(Finding) {
    guard modemState == .opening else { return }
    if isOpen {
      modemState = .open
      interposer.modemOpened(now: now)
    } else {
      modemState = .closed
      interposer.modemOpenFailed(now: now)
    }
    try drain()
  }

  /// The modem is unplugged: all that it had is void.
  private mutating func modemLink() throws(Finding) {
    guard modemState == .open else { return }
    modemState = .closed
    modemDecoder = QMUXFrameDecoder()
    requests = []
    modemIDs = []
    excusedIDs = []
    failedReleases = [:]
    reached.insert(.modemRemoved)
    interposer.modemRemoved(now: now)
    try drain()
  }

  // MARK: Decisions

  private mutating func decide() throws(Finding) {
    let ids = decisions.keys.sorted()
    guard let id = input.element(of: ids) else { return }
    let resolution: SubmissionResolution =
      switch input.number(below: 8) {
      case 0, 1: .forward
      case 2, 3, 4: .hold
      case 5, 6: .succeed(messageReference: UInt16(input.octet()))
      default: .fail(SubmissionFailure(.wmsCauseCode, WMS.SendFailure(cause: .init(rpCause: .congestion, tpCause: .unspecified))))
      }
    try decide(id, resolution)
  }

  mutating func decide(_ id: SubmissionID, _ resolution: SubmissionResolution) throws(Finding) {
    guard let submission = decisions.removeValue(forKey: id) else { return }
    let next: Fate =
      switch resolution {
      case .forward: .carrying
      case .hold: submission.isComplete ? .carrying : .held
      case .succeed: submission.isComplete ? .arrived : .held
      case .fail: .refused
      }
    fates[id] = next
    if next == .arrived { arrived.formUnion(wholes[id] ?? []) }
    try check(interposer.resolve(id, resolution, now: now), "a decision that was asked for is not taken")
    switch next {
    case .arrived: reached.insert(.arrivedByIP)
    case .refused: reached.insert(.failed)
    case .held: reached.insert(.partHeld)
    default: break
    }
    try drain()
  }

  private mutating func decideIncoming() throws(Finding) {
    guard let id = input.element(of: incoming) else { return }
    incoming.removeAll { $0 == id }
    if interposer.resolveIncoming(id, input.flag() ? .announce : .consume, now: now) { reached.insert(.incomingDecided) }
    try drain()
  }

  private mutating func setTapMode() throws(Finding) {
    let mode: TapMode = input.element(of: [.intercept, .off, .observe, .intercept]) ?? .intercept
    interposer.setTapMode(mode, now: now)
    try drain()
  }

  private mutating func submitLocally() throws(Finding) {
    let total = 1 + input.number(below: 3)
    let submits = (1...total).compactMap { number in
      submit(to: 0, part: total == 1 ? nil : Concatenation(reference: 77, total: UInt8(total), number: UInt8(number), isWide: false))
    }
    _ = try? interposer.submitLocally(submits, now: now)
    try drain()
  }

  private mutating func shutDown() throws(Finding) {
    // Seldom, for little happens after it.
    guard input.octet() == 0xFF else { return }
    isShuttingDown = true
    reached.insert(.shutDown)
    interposer.beginShutdown(now: now)
    try drain()
  }

  // MARK: Storage

  mutating func restore(_ ordinal: UInt32) throws(Finding) {
    guard let message = storedMessage(ordinal) else { return }
    do {
      try interposer.restoreStored([message])
      stored[message.id] = message.tag
    } catch {
      throw Finding("an empty storage is full")
    }
  }

  private mutating func deliver() throws(Finding) {
    guard let message = storedMessage(UInt32(input.number(below: 8))) else { return }
    let hasRoom = stored[message.id] != nil || stored.count < limits.storedMessages
    do {
      let told = try interposer.deliver(message, now: now)
      try check(hasRoom, "a full storage takes a message")
      stored[message.id] = message.tag
      if told > 0 { reached.insert(.storedMessageAnnounced) }
    } catch is VirtualStorageError {
      try check(!hasRoom, "a storage with room takes no message")
      reached.insert(.storageFull)
    } catch let finding as Finding {
      throw finding
    } catch {
      throw Finding("\(error)")
    }
    try drain()
  }

  private mutating func storedMessage(_ ordinal: UInt32) -> StoredMessage? {
    guard let id = StoredMessageID(ordinal: ordinal), let message = WMS.RawMessage(octets: incomingMessage(0)) else { return nil }
    return StoredMessage(id: id, message: message)
  }

  // MARK: What comes too late

  /// About clients, requests and messages that have been done with, as they can cross on their way.
  private mutating func stale() throws(Finding) {
    let id = UInt64(input.octet())
    let request = ModemRequestID(rawValue: id)
    let isOutstanding = requests.contains { $0.id == request }
    switch input.number(below: 6) {
    case 0:
      let connection = ClientConnection(rawValue: id)
      guard !clients.contains(where: { $0.connection == connection }) else { return }
      proxyOpen(Self.device).octets.withUnsafeBytes { interposer.clientSent($0, from: connection, now: now) }
      interposer.clientClosed(connection, now: now)
    case 1:
      guard !isOutstanding else { return }
      interposer.modemFailed(request, .timedOut, now: now)
    case 2:
      guard !isOutstanding else { return }
      interposer.modemResponded(request, proxyOpen(Self.device).response(.success), now: now)
    case 3:
      let submission = SubmissionID(rawValue: id)
      guard decisions[submission] == nil else { return }
      try check(
        !interposer.resolve(submission, .succeed(messageReference: 1), now: now), "a decision is taken that was not asked for")
    case 4:
      let message = IncomingMessageID(rawValue: id)
      guard !incoming.contains(message) else { return }
      _ = interposer.resolveIncoming(message, .consume, now: now)
    default:
      interposer.timeReached(now: now)
    }
    try drain()
  }

  // MARK: Time

  private mutating func passTime() throws(Finding) {
    let choices: [Duration] = [
      .zero, .milliseconds(1), .milliseconds(800), .milliseconds(3100), .seconds(5), .seconds(11), .seconds(31), .seconds(301),
    ]
    let choice = input.octet()
    // Now and then a timer is late, for the machine slept.
    let end = now + choices[Int(choice) % choices.count]
    if choice & 0x80 != 0 { now = end }
    if choice & 0x40 != 0, let deadline = interposer.nextDeadline { try pass(to: max(now, deadline)) } else { try pass(to: end) }
  }

  /// Lets time pass, with a stop at each deadline, the Interposer's or one of a request.
  mutating func pass(to end: Duration) throws(Finding) {
    var stops = 0
    while let stop = [interposer.nextDeadline, requests.map(\.due).min()].compactMap(\.self).min(), stop <= end {
      now = max(now, stop)
      for request in requests where request.due <= now { try modemFails(request.id, .timedOut) }
      interposer.timeReached(now: now)
      try drain()
      try checkStep()
      try check(interposer.nextDeadline.map { $0 > now } ?? true, "a deadline is due as soon as it was met")
      stops += 1
      try check(stops < 10_000, "deadline after deadline")
    }
    now = max(now, end)
  }
}
