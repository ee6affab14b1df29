import Telephony

/// Store and forward.
extension VirtualCarrier {
  // MARK: - Attachment

  mutating func attach(_ number: PhoneNumber, _ link: LinkID) {
    if links[link]?.number != number { detach(link) }
    if let other = mailboxes[number.e164]?.link, other != link {
      detach(other)
      actions.append(.close(other))
    }
    links[link]?.number = number
    mailboxes[number.e164, default: Mailbox()].link = link
    mailboxes[number.e164]?.pausedUntil = nil
    actions.append(.send(.attached, to: link))
    deliverNext(number.e164)
  }

  mutating func detach(_ link: LinkID) {
    guard let number = links[link]?.number?.e164 else { return }
    links[link]?.number = nil
    guard mailboxes[number]?.link == link else { return }
    mailboxes[number]?.link = nil
    putBack(number, pause: nil)
  }

  mutating func memoryAvailable(_ link: LinkID) {
    guard let number = links[link]?.number?.e164 else { return }
    mailboxes[number]?.pausedUntil = nil
    deliverNext(number)
  }

  // MARK: - From modems

  mutating func submit(_ tpdu: [UInt8], id: UInt32, from link: LinkID) {
    guard let number = links[link]?.number else {
      return answer(.refused(.unidentifiedSubscriber, failureCause: nil), id, link)
    }
    let sender = number.e164
    guard let submit = try? SMSSubmit(decoding: tpdu) else {
      let outcome = CarrierLink.TransferOutcome.refused(.interworking, failureCause: .tpduNotSupported)
      record(.submit, .refused(.interworking, failureCause: .tpduNotSupported), sender, "", nil, tpdu)
      return answer(outcome, id, link)
    }
    let recipient = resolve(submit.destinationAddress, sender: sender)
    let parcel = Parcel(
      content: .message(submit, submitted: clock.wallTime), originator: SMSAddress(number), sender: sender,
      recipient: recipient, reportReference: submit.requestsStatusReport ? submit.messageReference : nil)
    let rule = takeRule(sender: sender, recipient: recipient)
    switch rule {
    case .reject(let cause, let failureCause):
      record(.submit, .refused(cause, failureCause: failureCause), sender, recipient, submit.userDataAndCoding, tpdu)
      answer(.refused(cause, failureCause: failureCause), id, link)
    case .silence:
      record(.submit, .dropped, sender, recipient, submit.userDataAndCoding, tpdu)
    case .drop:
      record(.submit, .dropped, sender, recipient, submit.userDataAndCoding, tpdu)
      answer(.accepted, id, link)
    case .delayAnswer(let delay):
      scheduled.append(Scheduled(due: clock.now + delay, work: .answer(link: link, id: id, parcel)))
    case .delay, .repeated, nil:
      guard hasRoom(recipient) else {
        record(.submit, .refused(.congestion, failureCause: .serviceCentreBusy), sender, recipient, submit.userDataAndCoding, tpdu)
        return answer(.refused(.congestion, failureCause: .serviceCentreBusy), id, link)
      }
      record(.submit, .accepted, sender, recipient, submit.userDataAndCoding, tpdu)
      answer(.accepted, id, link)
      accept(parcel, rule)
    }
  }

  private mutating func answer(_ outcome: CarrierLink.TransferOutcome, _ id: UInt32, _ link: LinkID) {
    guard links[link] != nil else { return }
    actions.append(.send(.submitResult(id: id, outcome: outcome), to: link))
  }

  /// The number meant by an address. National forms are understood as far as a subscriber known here ends with them; what is no
  /// subscriber's number stays as it was dialled.
  func resolve(_ address: SMSAddress, sender: String) -> String {
    guard let dialled = address.dialString else { return address.displayText }
    if dialled.hasPrefix("+") { return dialled }
    if dialled.hasPrefix("00") { return "+" + dialled.dropFirst(2) }
    let significant = dialled.hasPrefix("0") ? String(dialled.dropFirst()) : dialled
    guard significant.utf8.count >= 7 else { return dialled }
    let candidates = mailboxes.keys.filter { $0.hasPrefix("+") && $0.hasSuffix(significant) }.sorted()
    func sharedPrefix(_ number: String) -> Int { zip(number, sender).prefix { $0 == $1 }.count }
    return candidates.max { sharedPrefix($0) < sharedPrefix($1) } ?? dialled
  }

  // MARK: - From programs

  mutating func inject(_ text: String, sender: String, recipient: PhoneNumber, id: UInt32, from link: LinkID) {
    guard let originator = originator(sender) else {
      actions.append(.send(.refused(id: id, reason: "not a number or a name of up to 11 characters: the sender"), to: link))
      return
    }
    guard
      let submits = try? MessageComposer.submits(
        text: text, to: SMSAddress(recipient), reference: UInt16(nextReference))
    else {
      actions.append(.send(.refused(id: id, reason: "the text is too long"), to: link))
      return
    }
    nextReference = nextReference == 255 ? 1 : nextReference + 1
    for submit in submits {
      let parcel = Parcel(
        content: .message(submit, submitted: clock.wallTime), originator: originator, sender: sender,
        recipient: recipient.e164)
      let rule = takeRule(sender: sender, recipient: recipient.e164)
      switch rule {
      case .reject(let cause, let failureCause):
        record(
          .inject, .refused(cause, failureCause: failureCause), sender, recipient.e164, submit.userDataAndCoding, submit.encoded())
        actions.append(.send(.refused(id: id, reason: "a rule rejects it"), to: link))
        return
      case .drop, .silence:
        record(.inject, .dropped, sender, recipient.e164, submit.userDataAndCoding, submit.encoded())
      case .delay, .delayAnswer, .repeated, nil:
        record(.inject, .accepted, sender, recipient.e164, submit.userDataAndCoding, submit.encoded())
        accept(parcel, rule)
      }
    }
    actions.append(.send(.injected(id: id, partCount: submits.count), to: link))
  }

  /// `+` and digits, a short code, or a name.
  func originator(_ sender: String) -> SMSAddress? {
    if let number = try? PhoneNumber(e164: sender) { return SMSAddress(number) }
    guard !sender.isEmpty else { return nil }
    if let address = try? SMSAddress(dialled: sender) { return address }
    return try? SMSAddress(alphanumeric: sender)
  }

  // MARK: - Towards modems

  private func hasRoom(_ recipient: String) -> Bool {
    (mailboxes[recipient]?.queue.count ?? 0) < configuration.mailboxCapacity
  }

  private mutating func accept(_ parcel: Parcel, _ rule: CarrierRule.Effect?) {
    switch rule {
    case .delay(let delay), .delayAnswer(let delay):
      scheduled.append(Scheduled(due: clock.now + delay, work: .enqueue(parcel)))
    case .repeated(let count):
      // The report is for the first copy.
      var copy = parcel
      copy.reportReference = nil
      enqueue(parcel)
      for _ in 1..<max(2, min(count, configuration.mailboxCapacity)) { enqueue(copy) }
    default:
      enqueue(parcel)
    }
  }

  mutating func enqueue(_ parcel: Parcel) {
    guard hasRoom(parcel.recipient) else { return }
    mailboxes[parcel.recipient, default: Mailbox()].queue.append(parcel)
    deliverNext(parcel.recipient)
  }

  /// Sends the first parcel that waits, when the number's modem is there and has nothing else to answer.
  mutating func deliverNext(_ number: String) {
    guard var mailbox = mailboxes[number], let link = mailbox.link, mailbox.underWay == nil, !mailbox.queue.isEmpty else { return }
    if let pausedUntil = mailbox.pausedUntil, pausedUntil > clock.now { return }
    mailbox.pausedUntil = nil
    let parcel = mailbox.queue.removeFirst()
    let tpdu = encode(parcel)
    let id = nextDeliveryID
    nextDeliveryID &+= 1
    mailbox.underWay = .init(id: id, parcel: parcel, tpdu: tpdu, deadline: clock.now + configuration.deliveryTimeout)
    mailboxes[number] = mailbox
    actions.append(.send(.deliver(id: id, tpdu: tpdu), to: link))
  }

  private func encode(_ parcel: Parcel) -> [UInt8] {
    switch parcel.content {
    case .report(let report):
      return report.encoded()
    case .message(let submit, let submitted):
      return SMSDeliver(delivering: submit, from: parcel.originator, at: timestamp(submitted)).encoded()
    }
  }

  private func timestamp(_ time: WallTime) -> ServiceCentreTimestamp {
    ServiceCentreTimestamp(time, quartersFromUTC: configuration.timeZoneQuarters)
  }

  mutating func deliveryAnswered(_ id: UInt32, _ outcome: CarrierLink.TransferOutcome, from link: LinkID) {
    guard let number = links[link]?.number?.e164, let underWay = mailboxes[number]?.underWay, underWay.id == id else { return }
    switch outcome {
    case .accepted:
      mailboxes[number]?.underWay = nil
      record(underWay, .accepted)
      report(underWay.parcel, .received)
    case .refused(let cause, let failureCause) where cause.rawValue == 22:
      record(underWay, .refused(cause, failureCause: failureCause))
      putBack(number, pause: configuration.retryInterval)
    case .refused(let cause, let failureCause):
      mailboxes[number]?.underWay = nil
      record(underWay, .refused(cause, failureCause: failureCause))
      report(underWay.parcel, .connectionRejected)
    }
    deliverNext(number)
  }

  /// The delivery under way waits again, before all others.
  private mutating func putBack(_ number: String, pause: Duration?) {
    guard let underWay = mailboxes[number]?.underWay else { return }
    mailboxes[number]?.underWay = nil
    mailboxes[number]?.queue.insert(underWay.parcel, at: 0)
    if let pause { mailboxes[number]?.pausedUntil = clock.now + pause }
  }

  mutating func mailboxTimeReached(_ number: String) {
    if let underWay = mailboxes[number]?.underWay, underWay.deadline <= clock.now {
      record(underWay, .unanswered)
      putBack(number, pause: configuration.retryInterval)
    }
    deliverNext(number)
  }

  /// Tells the sender's modem what became of a message, when it asked.
  private mutating func report(_ parcel: Parcel, _ status: DeliveryStatus) {
    guard let reference = parcel.reportReference, case .message(let submit, let submitted) = parcel.content else { return }
    let report = SMSStatusReport(
      messageReference: reference, recipientAddress: submit.destinationAddress,
      serviceCentreTimestamp: timestamp(submitted), dischargeTime: timestamp(clock.wallTime), status: status)
    enqueue(
      Parcel(
        content: .report(report), originator: submit.destinationAddress, sender: parcel.recipient, recipient: parcel.sender))
  }

  // MARK: - Rules and time

  private mutating func takeRule(sender: String, recipient: String) -> CarrierRule.Effect? {
    guard let index = rules.firstIndex(where: { $0.applies(sender: sender, recipient: recipient) }) else { return nil }
    if let count = rules[index].remainingCount { rules[index].remainingCount = count - 1 }
    return rules[index].effect
  }

  mutating func runScheduled() {
    let due = scheduled.enumerated().filter { $0.element.due <= clock.now }
      .sorted { ($0.element.due, $0.offset) < ($1.element.due, $1.offset) }
    scheduled.removeAll { $0.due <= clock.now }
    for (_, item) in due {
      switch item.work {
      case .enqueue(let parcel):
        enqueue(parcel)
      case .answer(let link, let id, let parcel):
        if case .message(let submit, _) = parcel.content {
          record(.submit, .accepted, parcel.sender, parcel.recipient, submit.userDataAndCoding, submit.encoded())
        }
        answer(.accepted, id, link)
        enqueue(parcel)
      }
    }
  }
}

extension SMSSubmit {
  var userDataAndCoding: (UserData, DataCodingScheme) { (userData, dataCodingScheme) }
}
