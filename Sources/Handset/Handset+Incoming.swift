internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  // MARK: by IP

  mutating func arrived(_ message: IncomingMessage) {
    guard let key = link.key(message.keyPackageID) else {
      refuse(message.messageID, .staleKeyPackage)
      return
    }
    guard !incoming.isImpostor(message.senderIdentityKey) else {
      refuse(message.messageID, .notAuthentic)
      return
    }
    let opened: OpenedMessage
    do throws(SealingError) {
      opened = try key.open(message, now: wall)
    } catch {
      note(.warning, "an incoming message was refused: \(error)")
      refuse(message.messageID, error == .expired || error == .staleKeyPackage ? .staleKeyPackage : .notAuthentic)
      return
    }
    let waiting = IncomingDesk.Waiting(message: message, opened: opened, arrived: now)
    if incoming.hasSeen(message.messageID) {
      // It is stored, and its acknowledgement was lost.
      acknowledge(waiting)
      return
    }
    if let token = cachedToken(of: opened.content.senderNumber, generation: message.generation) {
      verified(waiting, token)
    } else if !incoming.wait(waiting) || !tokens.request(opened.content.senderNumber, isUrgent: true) {
      _ = incoming.revoke(message.messageID)
      refuse(message.messageID, .notNow)
    }
  }

  /// The token of a number that messages wait for is there, or can't be had.
  mutating func tokenArrivedForIncoming(_ number: PhoneNumber, _ token: NumberToken?) {
    for waiting in incoming.takeWaiting(for: number) {
      if let token { verified(waiting, token) } else { refuse(waiting.message.messageID, .notNow) }
    }
  }

  /// The sender's claimed number is believed only when its token is the one the relay vouches for.
  private mutating func verified(_ waiting: IncomingDesk.Waiting, _ token: NumberToken) {
    guard token == waiting.message.senderToken else {
      note(.warning, "an incoming message was refused: its sender claims another's number")
      incoming.markImpostor(waiting.message.senderIdentityKey)
      refuse(waiting.message.messageID, .notAuthentic)
      return
    }
    let sender = waiting.opened.content.senderNumber
    var submits: [SMSSubmit] = []
    do throws(TPDUError) {
      let own = SMSAddress(enrolment.number ?? sender)
      for part in waiting.opened.content.parts { submits.append(try part.submit(to: own)) }
    } catch {
      note(.warning, "an incoming message was refused: it can't be shown as an SMS (\(error))")
      refuse(waiting.message.messageID, .notAuthentic)
      return
    }
    // What the carrier delivers has the user data as submitted; ours may be cut anew for the wider reference.
    let contents = submits.map { ContentIdentity($0).octets }
    let copies = contents.filter { incoming.recent.isOtherCopy(sender: sender, content: $0, route: .ip, now: now) }
    if copies.count == contents.count {
      incoming.markSeen(waiting.message.messageID)
      acknowledge(waiting)
      record(incoming: waiting, outcome: .duplicate)
      return
    }
    let delivers = SMSDeliver.delivers(
      submits, from: SMSAddress(sender), at: ServiceCentreTimestamp(wall),
      reference: UInt16.random(in: .min ... .max, using: &generator))
    store(delivers.map { $0.encoded() }, messageID: waiting.message.messageID.octets, for: .message(waiting, contents))
  }

  /// Writes TPDUs to the spool; they are announced when they are on disk.
  mutating func store(_ tpdus: [[UInt8]], messageID: [UInt8], for purpose: IncomingDesk.Stored) {
    var stored: [StoredMessage] = []
    for tpdu in tpdus {
      guard spool.count + stored.count < configuration.interposer.limits.storedMessages, let id = spool.newID(),
        let message = WMS.RawMessage(octets: RawPDU(tpdu: tpdu).encoded())
      else {
        storingFailed(purpose)
        return
      }
      stored.append(StoredMessage(id: id, message: message))
    }
    let files = stored.map { SpooledMessage($0, receivedAt: wall, messageID: messageID) }
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
      storingFailed(purpose)
      return
    }
    if case .message(let waiting, let contents) = purpose {
      incoming.markSeen(waiting.message.messageID)
      acknowledge(waiting)
      for content in contents {
        incoming.recent.remember(
          sender: waiting.opened.content.senderNumber, content: content, route: .ip, now: now)
      }
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

  private mutating func storingFailed(_ purpose: IncomingDesk.Stored) {
    note(.error, "the spool can't be written; senders use the carrier")
    if case .message(let waiting, _) = purpose { refuse(waiting.message.messageID, .storageFull) }
  }

  private mutating func acknowledge(_ waiting: IncomingDesk.Waiting) {
    let id = waiting.message.messageID
    guard let mac = try? waiting.opened.acknowledgementKey.mac(for: id) else { return }
    // Without a session the sender gets no acknowledgement and uses the carrier; that copy is suppressed.
    try? relay.notify(.acknowledge(id, mac), now: now)
  }

  private mutating func refuse(_ id: RelayProtocol.MessageID, _ reason: RefusalReason) {
    try? relay.notify(.refuse(id, reason), now: now)
  }

  /// The sender uses the carrier instead.
  mutating func revoked(_ id: RelayProtocol.MessageID) {
    guard let waiting = incoming.revoke(id) else { return }
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
    if let code = verificationCode(in: deliver) {
      interposer.resolveIncoming(message.id, .consume, now: now)
      note(.info, "caught the verification SMS")
      if case .requestingCode = progress { progress = .requestingCode(caught: code) } else { confirm(code, call: nil) }
      return
    }
    let sender = phoneNumber(of: deliver.originatingAddress)
    var outcome = Outcome.delivered
    if let sender {
      let content = ContentIdentity(deliver).octets
      if incoming.recent.isOtherCopy(sender: sender, content: content, route: .carrier, now: now) {
        outcome = .duplicate
      } else {
        incoming.recent.remember(sender: sender, content: content, route: .carrier, now: now)
      }
    }
    interposer.resolveIncoming(message.id, outcome == .duplicate ? .consume : .announce, now: now)
    act(
      .record(
        DecisionRecord(
          time: wall, id: newRecordID(), modem: configuration.interposer.device, direction: .incoming,
          number: deliver.originatingAddress.displayText, parts: 1, route: .carrier, reason: nil, outcome: outcome)))
  }

  /// The code, when this device waits for one and the message is nothing else.
  private func verificationCode(in deliver: SMSDeliver) -> String? {
    switch progress {
    case .requestingCode, .awaitingCode: break
    case .idle, .connecting, .confirming, .failed: return nil
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
