internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  // MARK: by IP

  mutating func arrived(_ message: IncomingMessage) {
    guard enrolment.isEnabled, let number = enrolment.number else {
      refuse(message.messageID, .notNow)
      return
    }
    if let sender = incoming.sender(underWay: message.messageID) {
      // Another's of the same id can't be answered apart from it.
      if sender != message.senderIdentityKey { refuse(message, .notNow) }
      return
    }
    guard let key = link.key(message.keyPackageID) else {
      refuse(message.messageID, .staleKeyPackage)
      return
    }
    guard !incoming.isImpostor(message) else {
      refuse(message.messageID, .notAuthentic)
      return
    }
    let opened: OpenedMessage
    do throws(SealingError) {
      opened = try key.open(message, for: number, now: wall)
    } catch {
      note(.warning, "an incoming message was refused: \(error)")
      refuse(message.messageID, error == .expired || error == .staleKeyPackage ? .staleKeyPackage : .notAuthentic)
      return
    }
    var waiting = IncomingDesk.Waiting(message: message, opened: opened, arrived: now)
    switch link.end(of: message) {
    case .stored:
      // Its acknowledgement was lost.
      acknowledge(waiting)
      return
    case .refused:
      refuse(waiting, .notNow)
      return
    case nil: break
    }
    // Until the SIM has been read again, nobody knows whose this device is.
    guard !identity.isInDoubt else {
      refuse(waiting, .notNow)
      return
    }
    guard isTimely(opened.content) else {
      if incoming.isClockNoteDue(now: now) {
        note(
          .warning,
          "an incoming message was refused: by this device's clock its sender's is wrong, or it was held back; such texts come by the carrier")
      }
      refuse(waiting, .notNow)
      return
    }
    let sender = opened.content.senderNumber
    let vouched = message.senderTokens.filter { link.generations.contains($0.generation) }
    for held in vouched {
      guard let token = cachedToken(of: sender, generation: held.generation) else { continue }
      verified(waiting, token, vouched: held.token)
      return
    }
    // None to compare with can be had when the sender's are all of number-token keys that this device does not know.
    guard let generation = vouched.map(\.generation).first(where: { configuration.trust?.pins($0) == true }) else {
      refuse(waiting, .notNow)
      return
    }
    waiting.generation = generation
    if !incoming.wait(waiting) || !tokens.request(sender, generation: generation, isUrgent: true) {
      _ = incoming.revoke(message.messageID)
      refuse(waiting, .notNow)
    }
  }

  /// A message whose sending, by its sender's clock, lies further back than this, or as far ahead, is refused: its sender's
  /// device has used the carrier. With clocks that differ by less, a relay can hold a message back for no more than twice
  /// as long, well inside ``Routing/RecentMessages/window``; with clocks that differ by more, texts come by the carrier.
  static var sentLimit: Duration { .seconds(120) }

  private func isTimely(_ content: MessageContent) -> Bool {
    wall.elapsed(since: content.sent) <= Self.sentLimit && content.sent.elapsed(since: wall) <= Self.sentLimit
  }

  /// The token of a number that messages wait for is there, or can't be had.
  mutating func tokenArrivedForIncoming(_ number: PhoneNumber, generation: TokenGeneration, _ token: NumberToken?) {
    for waiting in incoming.takeWaiting(for: number, generation: generation) {
      if let token, let held = waiting.message.senderTokens.first(where: { $0.generation == generation }) {
        verified(waiting, token, vouched: held.token)
      } else {
        refuse(waiting, .notNow)
      }
    }
  }

  /// The sender's claimed number is believed only when its token is the one the relay vouches for, and only of the key that is
  /// pinned for it.
  private mutating func verified(_ waiting: IncomingDesk.Waiting, _ token: NumberToken, vouched: NumberToken) {
    let message = waiting.message
    guard token == vouched else {
      note(.warning, "an incoming message was refused: its sender claims another's number")
      incoming.markImpostor(message)
      refuse(waiting, .notAuthentic)
      return
    }
    let sender = waiting.opened.content.senderNumber
    switch meet(message.senderIdentityKey, of: sender) {
    case .pinned: break
    case .changed:
      refuse(waiting, .notAuthentic)
      return
    case .noRoom:
      refuse(waiting, .storageFull)
      return
    }
    guard let submits = submits(waiting.opened.content, to: SMSAddress(enrolment.number ?? sender)) else {
      note(.warning, "an incoming message was refused: it is not what a person's text looks like")
      refuse(waiting, .notAuthentic)
      return
    }
    // What the carrier delivers has the user data as submitted; ours may be cut anew for the wider reference.
    let contents = submits.map { ContentIdentity($0) }
    if refusesCopy(waiting, contents) { return }
    let delivers = SMSDeliver.delivers(
      submits, from: SMSAddress(sender), at: ServiceCentreTimestamp(wall),
      reference: UInt16.random(in: .min ... .max, using: &generator))
    store(delivers.map { $0.encoded() }, for: .message(waiting, contents))
  }

  /// Refuses what the carrier has brought. What says the same as a carrier SMS shown since, as far as the clocks can be trusted, is that
  /// message held back. Or it is the same words again: then refusing them sends them by the carrier.
  private mutating func refusesCopy(_ waiting: IncomingDesk.Waiting, _ contents: [ContentIdentity]) -> Bool {
    let sender = waiting.opened.content.senderNumber
    let age = wall.elapsed(since: waiting.opened.content.sent)
    func hasCopy(within: Duration) -> (ContentIdentity) -> Bool {
      { [incoming, now] in
        incoming.recent.hasOtherCopy(sender: sender, content: $0.octets, route: .ip, within: within, now: now)
      }
    }
    guard contents.contains(where: hasCopy(within: age + Self.sentLimit)) else { return false }
    refuse(waiting, .notNow)
    if contents.allSatisfy(hasCopy(within: age + Self.clockTolerance)) { record(incoming: waiting, outcome: .duplicate) }
    return true
  }

  /// The clocks of two devices may differ by this much.
  static var clockTolerance: Duration { .seconds(30) }

  /// The parts as their sender's client submitted them; nil when they are not one message that the rules would have sent by IP:
  /// what only a carrier may do to a device, nobody does to it by IP.
  private func submits(_ content: MessageContent, to destination: SMSAddress) -> [SMSSubmit]? {
    var submits: [SMSSubmit] = []
    for (index, part) in content.parts.enumerated() {
      guard let submit = try? part.submit(to: destination), submit.specialHandling == nil,
        !submit.dataCodingScheme.isReserved, !submit.dataCodingScheme.isCompressed
      else { return nil }
      if let place = submit.concatenation {
        guard Int(place.total) == content.parts.count, Int(place.number) == index + 1,
          place.reference == submits.first?.concatenation?.reference ?? place.reference
        else { return nil }
      } else if content.parts.count > 1 {
        return nil
      }
      submits.append(submit)
    }
    return submits
  }

  /// Writes TPDUs to the spool; they are announced when they are on disk.
  mutating func store(_ tpdus: [[UInt8]], for purpose: IncomingDesk.Stored) {
    guard incoming.writes.count < IncomingDesk.writingCapacity else {
      storingFailed(purpose, .notNow)
      return
    }
    removeExpired()
    var stored: [StoredMessage] = []
    for tpdu in tpdus {
      guard spool.count + stored.count < configuration.interposer.limits.storedMessages, let id = spool.newID(),
        let message = WMS.RawMessage(octets: RawPDU(tpdu: tpdu).encoded())
      else {
        storingFailed(purpose, .storageFull)
        return
      }
      stored.append(StoredMessage(id: id, message: message))
    }
    var messageID: [UInt8] = []
    var contents: [ContentIdentity] = []
    if case .message(let waiting, let parts) = purpose {
      messageID = waiting.message.messageID.octets
      contents = parts
    }
    let files = stored.enumerated().map { index, message in
      SpooledMessage(message, receivedAt: wall, messageID: messageID, contents: index == 0 ? contents : [])
    }
    let write = spool.newWrite()
    spool.beginWrite(write, files, stored)
    incoming.writes[write] = purpose
    act(.writeSpool(write, files))
  }

  /// Spool files are durably written, or none of them is.
  public mutating func spoolWritten(_ write: SpoolWrite, succeeded: Bool, now: Duration) {
    self.now = now
    guard let stored = spool.endWrite(write, succeeded: succeeded), let purpose = incoming.writes.removeValue(forKey: write)
    else { return }
    guard succeeded else {
      storingFailed(purpose, .storageFull)
      return
    }
    if case .message(let waiting, let contents) = purpose {
      // The sender gave up while the disk was slow, and its fallback was faster.
      if refusesCopy(waiting, contents) {
        for message in stored {
          spool.remove(message.id)
          act(.removeFromSpool(message.id))
        }
        return
      }
      settle(waiting.message, .stored)
      acknowledge(waiting)
      for content in contents {
        incoming.recent.remember(
          sender: waiting.opened.content.senderNumber, content: content.octets, route: .ip,
          message: waiting.message.messageID.octets, now: now, wall: wall)
      }
      incoming.unconcluded.remember(waiting.message.messageID, waiting.opened.acknowledgementKey)
      record(incoming: waiting, outcome: .delivered)
    }
    for message in stored { announce(message) }
    statusMayHaveChanged()
  }

  private mutating func announce(_ message: StoredMessage) {
    do throws(VirtualStorageError) {
      try interposer.deliver(message, now: now)
    } catch {
      // The spool's own limit is the Interposer's, so this is not reached; the file stays for the next start.
      note(.error, "virtual storage is full")
    }
  }

  private mutating func storingFailed(_ purpose: IncomingDesk.Stored, _ reason: RefusalReason) {
    switch purpose {
    case .message(let waiting, _):
      note(.error, "the spool can't be written; senders use the carrier")
      refuse(waiting, reason)
    case .report: note(.error, "the spool can't be written; a status report is lost")
    }
  }

  private mutating func acknowledge(_ waiting: IncomingDesk.Waiting) {
    let id = waiting.message.messageID
    guard let mac = try? waiting.opened.acknowledgementKey.mac(for: id) else { return }
    // Without a session the sender gets no acknowledgement and uses the carrier; that copy is suppressed.
    try? relay.notify(.acknowledge(id, mac), now: now)
  }

  /// The sender has the acknowledgement: what comes by the carrier with the same words is another message.
  mutating func concluded(_ id: RelayProtocol.MessageID, _ mac: AcknowledgementMAC) {
    guard incoming.unconcluded.take(id, mac) else { return }
    noCopyWillCome(of: id.octets)
  }

  private mutating func noCopyWillCome(of message: [UInt8]) {
    incoming.recent.forget(message: message)
    incoming.concluded.add(message)
    for id in spool.takeErased(of: message) { act(.removeFromSpool(id)) }
    act(.keepConcluded(incoming.concluded.serialized))
  }

  /// Not before: until a copy is gone from the modem, the next run has to know it as one.
  mutating func consumed(_ id: IncomingMessageID) {
    if let message = incoming.left(id) { noCopyWillCome(of: message) }
  }

  /// Whether a carrier SMS is the copy of one that came by IP, which is then not expected any more.
  private mutating func isCopy(
    _ id: IncomingMessageID, _ deliver: SMSDeliver, from sender: PhoneNumber, _ content: [UInt8]
  ) -> Bool {
    let origin = origin(deliver)
    // How long ago the IP copy may have come at most.
    let age = origin.map { min(wall.elapsed(since: $0.lowerBound), RecentMessages.window) }
    let message = incoming.recent.takeOtherCopy(
      sender: sender, content: content, route: .carrier, within: age ?? RecentMessages.window, shown: origin, now: now)
    guard let message else { return false }
    if !message.isEmpty, !incoming.recent.remembers(message: message, now: now) { incoming.leaves(id, message) }
    return true
  }

  /// Refuses a message for good: its sender's device uses the carrier.
  private mutating func refuse(_ message: IncomingMessage, _ reason: RefusalReason) {
    settle(message, .refused)
    refuse(message.messageID, reason)
  }

  /// Refuses what was opened: its sender's device uses the carrier.
  private mutating func refuse(_ waiting: IncomingDesk.Waiting, _ reason: RefusalReason) {
    expectByCarrier(waiting)
    refuse(waiting.message, reason)
  }

  /// What the carrier brings next with these words is this message, and not the copy of an earlier one that said the same by IP.
  private mutating func expectByCarrier(_ waiting: IncomingDesk.Waiting) {
    let sender = waiting.opened.content.senderNumber
    for submit in submits(waiting.opened.content, to: SMSAddress(enrolment.number ?? sender)) ?? [] {
      incoming.recent.forget(sender: sender, content: ContentIdentity(submit).octets, route: .ip)
    }
  }

  private mutating func settle(_ message: IncomingMessage, _ end: SettledMessages.End) {
    if link.settle(message, end), enrolment.registration != nil { publishKey() }
  }

  /// Refuses what could not be opened.
  private mutating func refuse(_ id: RelayProtocol.MessageID, _ reason: RefusalReason) {
    try? relay.notify(.refuse(id, reason), now: now)
  }

  /// The sender uses the carrier instead.
  mutating func revoked(_ id: RelayProtocol.MessageID) {
    guard let waiting = incoming.revoke(id) else { return }
    expectByCarrier(waiting)
    settle(waiting.message, .refused)
    record(incoming: waiting, outcome: .revoked)
  }

  private mutating func record(incoming waiting: IncomingDesk.Waiting, outcome: Outcome) {
    let content = waiting.opened.content
    act(
      .record(
        DecisionRecord(
          time: wall, id: newRecordID(), modem: configuration.interposer.device, direction: .incoming,
          number: content.senderNumber.e164, parts: content.parts.count, route: .ip, reason: .recipientOnline,
          outcome: outcome, attemptedIP: true, totalTime: now - waiting.arrived)))
  }

  // MARK: by carrier

  /// A carrier message, before any client hears of it.
  mutating func received(_ message: IncomingCarrierMessage) {
    guard let deliver = message.deliver else {
      interposer.resolveIncoming(message.id, .announce, now: now)
      return
    }
    // One that came while nobody watched may be of now, or may have been in the modem for a year.
    let isFound = if case .found = message.source { true } else { false }
    if !isFound, let code = verificationCode(in: deliver) {
      interposer.resolveIncoming(message.id, .consume, now: now)
      caught(code)
      return
    }
    guard enrolment.isEnabled else {
      // Only that code was looked for.
      interposer.resolveIncoming(message.id, .announce, now: now)
      return
    }
    var outcome = Outcome.delivered
    if let sender = phoneNumber(of: deliver.originatingAddress) {
      let content = ContentIdentity(deliver).octets
      if isCopy(message.id, deliver, from: sender, content) {
        outcome = .duplicate
      } else if !isFound || isOfLate(deliver) {
        incoming.recent.remember(sender: sender, content: content, route: .carrier, now: now)
      }
    }
    interposer.resolveIncoming(message.id, outcome == .duplicate ? .consume : .announce, now: now)
    // Nor does anybody know whether it has been recorded already.
    guard !isFound || outcome == .duplicate else { return }
    record(
      carrier: incoming.carrierMessages.received(
        deliver.concatenation, from: deliver.originatingAddress.displayText, outcome, now: now))
  }

  /// Whether the carrier took it so lately that a copy by IP may still come.
  private func isOfLate(_ deliver: SMSDeliver) -> Bool {
    deliver.serviceCentreTimestamp.wallTime.map { wall.elapsed(since: $0) < RecentMessages.window } ?? false
  }

  mutating func incomingTimeReached() {
    record(carrier: incoming.carrierMessages.takeOverdue(now: now))
  }

  private mutating func record(carrier messages: [CarrierMessages.Finished]) {
    for message in messages {
      act(
        .record(
          DecisionRecord(
            time: wall, id: newRecordID(), modem: configuration.interposer.device, direction: .incoming,
            number: message.sender, parts: message.parts, route: .carrier, reason: nil, outcome: message.outcome)))
    }
  }

  /// When the IP copy may have come for this to be its fallback. The sender's device gives up on the acknowledgement within
  /// seconds, so a carrier SMS that was submitted later than that is the same words said again. And no message by IP is shown
  /// much later than it was sent, so one that was submitted long before lay there, or was under way, when they were said again.
  private func origin(_ deliver: SMSDeliver) -> ClosedRange<WallTime>? {
    guard let submitted = deliver.serviceCentreTimestamp.wallTime else { return nil }
    let latest = configuration.interposer.timing.decision + Self.clockTolerance
    return submitted.adding(.zero - latest)...submitted.adding(Self.sentLimit + Self.clockTolerance)
  }

  /// The code, when this device waits for one and the message is nothing else.
  private func verificationCode(in deliver: SMSDeliver) -> String? {
    switch progress {
    case .requestingCode, .awaitingCode: break
    case .idle, .connecting, .confirming, .failed:
      guard isAwaitingRemovalCode else { return nil }
    }
    guard deliver.concatenation == nil,
      let text = MessageText.decode(deliver.userData, deliver.dataCodingScheme)
    else { return nil }
    return VerificationMessage.code(in: text)
  }

  /// An originator as an E.164 number; nil for service numbers and names.
  private mutating func phoneNumber(of address: SMSAddress) -> PhoneNumber? {
    if let number = address.phoneNumber { return number }
    guard let dialled = address.dialString, let home = identity.known?.homeRegion,
      case .international(let number) = classify(dialled, home, nil)
    else { return nil }
    return number
  }
}
