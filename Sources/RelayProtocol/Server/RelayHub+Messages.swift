/// A message between hand-over and acknowledgement. Its sealed octets are not here: they went to the recipient's
/// connection, and whoever loses that connection sends the message another way.
struct PendingMessage: Sendable {
  /// By key, not by connection: the acknowledgement finds a sender that reconnected meanwhile.
  var sender: IdentityPublicKey
  var recipient: RelayConnectionID
}

extension RelayHub {
  mutating func deliver(
    _ delivery: Delivery, _ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready,
    at time: RelayTime
  ) {
    guard let registration = ready.registration else {
      fail(connection, request, .notRegistered, "this device is not registered")
      return
    }
    guard messageCountOfSender[ready.identity, default: 0] < limits.pendingMessagesPerSender,
      messages.count < limits.pendingMessages
    else {
      fail(connection, request, .limit, "too many messages on their way", retryAfter: 1)
      return
    }
    guard messages[delivery.messageID] == nil else {
      fail(connection, request, .badFrame, "a message with that id is on its way")
      return
    }
    guard let recipient = online(delivery.recipientToken, at: time) else {
      // It tells presence, so it costs what asking for presence costs.
      guard charge(\.presences, 1, registration, connection, request, at: time), admit(connection, request)
      else { return }
      let job = startJob(.delivery(connection, request, delivery.recipientToken))
      emit(.findTokens(job, [delivery.recipientToken], now: time.unixSeconds))
      return
    }
    guard recipient.package.id == delivery.keyPackageID else {
      guard charge(\.presences, 1, registration, connection, request, at: time) else { return }
      fail(connection, request, .staleKeyPackage, "the recipient has a newer key package")
      return
    }
    guard charge(\.deliveries, 1, registration, connection, request, at: time) else { return }
    messages[delivery.messageID] = PendingMessage(sender: ready.identity, recipient: recipient.connection)
    messageCountOfSender[ready.identity, default: 0] += 1
    unacknowledged[recipient.connection, default: []].insert(delivery.messageID)
    let lifetime = min(.milliseconds(Int64(delivery.lifetimeMilliseconds)), limits.messageLifetime)
    wake(.message(delivery.messageID), at: time.now + lifetime)
    count(\.messagesAccepted)
    send(.accepted, to: connection, answering: request)
    send(
      .incoming(
        IncomingMessage(
          messageID: delivery.messageID, senderToken: registration.token, generation: registration.generation,
          senderIdentityKey: ready.identity, keyPackageID: delivery.keyPackageID, sealed: delivery.sealed,
          otherSenderTokens: Array(registration.tokens.dropFirst().prefix(IncomingMessage.maximumOtherTokens)))),
      to: recipient.connection)
  }

  mutating func acknowledge(
    _ id: MessageID, _ mac: AcknowledgementMAC, _ connection: RelayConnectionID, at time: RelayTime
  ) {
    guard messages[id]?.recipient == connection, let message = take(id) else { return }
    count(\.messagesAcknowledged)
    if let forgotten = acknowledged.remember(id, message, limit: limits.acknowledgedMessages) { cancel(.message(forgotten)) }
    // Who wrote to whom is not remembered any longer than for a message on its way.
    wake(.message(id), at: time.now + limits.messageLifetime)
    tell(message.sender, .acknowledged(id, mac))
  }

  /// The acknowledgement has arrived.
  mutating func conclude(_ id: MessageID, _ mac: AcknowledgementMAC, _ ready: RelaySession.Ready) {
    guard let message = acknowledged.take(id, of: ready.identity) else { return }
    cancel(.message(id))
    send(.concluded(id, mac), to: message.recipient)
  }

  mutating func refuse(_ id: MessageID, _ reason: RefusalReason, _ connection: RelayConnectionID) {
    guard messages[id]?.recipient == connection, let message = take(id) else { return }
    count(\.messagesRefused)
    // That the recipient is gone is the relay's to say.
    let told: RefusalReason = reason == .recipientGone || reason == .unspecified ? .notNow : reason
    tell(message.sender, .refused(id, told))
  }

  mutating func revoke(
    _ id: MessageID, _ connection: RelayConnectionID, _ request: RequestID?, _ ready: RelaySession.Ready
  ) {
    if messages[id]?.sender == ready.identity, let message = take(id) {
      count(\.messagesRevoked)
      send(.revoked(id), to: message.recipient)
    }
    // Also when it is gone: an acknowledgement that went before has told the sender so.
    send(.done, to: connection, answering: request)
  }

  /// The sender has given up waiting by now and used the carrier.
  mutating func messageLapsed(_ id: MessageID) {
    acknowledged.forget(id)
    guard let message = take(id) else { return }
    count(\.messagesLapsed)
    send(.revoked(id), to: message.recipient)
  }

  /// The session is lost, or will not take what it was handed.
  mutating func refuseAllUnacknowledged(of connection: RelayConnectionID) {
    guard let ids = unacknowledged.removeValue(forKey: connection) else { return }
    for id in ids.sorted(by: { $0.octets.lexicographicallyPrecedes($1.octets) }) {
      guard let message = take(id) else { continue }
      count(\.messagesRecipientGone)
      tell(message.sender, .refused(id, .recipientGone))
    }
  }

  private mutating func take(_ id: MessageID) -> PendingMessage? {
    guard let message = messages.removeValue(forKey: id) else { return nil }
    cancel(.message(id))
    unacknowledged[message.recipient]?.remove(id)
    if unacknowledged[message.recipient]?.isEmpty == true { unacknowledged[message.recipient] = nil }
    let left = messageCountOfSender[message.sender, default: 1] - 1
    messageCountOfSender[message.sender] = left > 0 ? left : nil
    return message
  }

  private mutating func tell(_ sender: IdentityPublicKey, _ message: ServerMessage) {
    guard let connection = connectionOfIdentity[sender] else { return }
    send(message, to: connection)
  }
}
