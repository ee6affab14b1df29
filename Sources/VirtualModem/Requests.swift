import QMI

extension VirtualModem {
  /// The way of every request: counted, hindered when a fault says so, answered.
  mutating func handle(_ request: QMUXFrame) {
    guard request.kind == .request else { return }
    requestCounts[RequestKey(service: request.service, message: request.messageID), default: 0] += 1
    var delay = Duration.zero
    if let index = faults.firstIndex(where: { $0.applies(to: request) }) {
      if let count = faults[index].remainingCount { faults[index].remainingCount = count - 1 }
      switch faults[index].effect {
      case .silence:
        return
      case .failure(let error):
        actions.append(.sendToHost(request.response(error)))
        return
      case .delay(let duration):
        delay = duration
      }
    }
    guard let answer = answer(request, delay: delay) else { return }
    send(answer, after: delay)
    if operatingMode == .reset { unplug(now: clock.now) }
  }

  /// The answer, or nil when it comes later or never.
  private mutating func answer(_ request: QMUXFrame, delay: Duration) -> QMUXFrame? {
    do {
      if request.isControl { return try answerControl(request) }
      guard clients[request.service]?[request.clientID] != nil else { return request.response(.invalidClientID) }
      guard ServedMessages.of(request.service)?.contains(request.messageID) == true else {
        return request.response(.invalidQMICommand)
      }
      if request.messageID == ServedMessages.getSupportedMessages { return supportedMessages(request) }
      switch request.service {
      case .dms: return try answerDeviceManagement(request)
      case .nas: return try answerNetworkAccess(request)
      case .uim: return try answerCard(request)
      case .wms: return try answerMessages(request, delay: delay)
      case .wds: return answerData(request)
      default: return request.response(.invalidQMICommand)
      }
    } catch {
      switch error {
      case .missing: return request.response(.missingArgument)
      case .invalid: return request.response(.invalidArgument)
      case .unexpectedMessage, .truncated, .trailingOctets: return request.response(.malformedMessage)
      }
    }
  }

  mutating func send(_ frame: QMUXFrame, after delay: Duration = .zero) {
    guard isPluggedIn else { return }
    if delay > .zero {
      lateAnswers.append(LateAnswer(due: clock.now + delay, frame: frame))
    } else {
      actions.append(.sendToHost(frame))
    }
  }

  mutating func sendLateAnswers() {
    let due = lateAnswers.filter { $0.due <= clock.now }.sorted { $0.due < $1.due }
    lateAnswers.removeAll { $0.due <= clock.now }
    for answer in due { actions.append(.sendToHost(answer.frame)) }
  }

  /// What goes when the modem leaves its port: all that belongs to the host's side.
  mutating func forgetHost() {
    decoder = QMUXFrameDecoder()
    clients.removeAll()
    lateAnswers.removeAll()
    dataCalls.removeAll()
    for id in submissions.keys { submissions[id]?.request = nil }
  }

  /// Sends an indication to each of these clients of a service.
  mutating func indicate(
    _ service: QMIService, _ message: MessageID, to wanted: (Client) -> Bool, _ write: (inout QMIMessageBuilder) -> Void
  ) {
    for (id, client) in clients[service, default: [:]].sorted(by: { $0.key.rawValue < $1.key.rawValue }) where wanted(client) {
      var builder = QMIMessageBuilder(.indication, service: service, client: id, transaction: 0, message: message)
      write(&builder)
      send(builder.finish())
    }
  }

  /// Get Supported Messages (0x001E, any service): a bit for each message, the lowest of the first octet for message 0.
  private func supportedMessages(_ request: QMUXFrame) -> QMUXFrame {
    let messages = ServedMessages.of(request.service) ?? []
    let highest = messages.map(\.rawValue).max() ?? 0
    var bits = [UInt8](repeating: 0, count: Int(highest / 8) + 1)
    for message in messages { bits[Int(message.rawValue / 8)] |= 1 << UInt8(message.rawValue % 8) }
    var builder = QMIMessageBuilder(respondingTo: request)
    builder.append(0x10) { $0.appendWithUInt16Count(bits) }
    return builder.finish()
  }
}

extension QMUXFrame {
  /// A successful answer with the TLVs that `write` adds.
  func answer(_ write: (inout QMIMessageBuilder) -> Void) -> QMUXFrame {
    var builder = QMIMessageBuilder(respondingTo: self)
    write(&builder)
    return builder.finish()
  }

  func flag(_ tag: TLV.Tag) throws(QMIDecodingError) -> Bool? {
    guard var reader = reader(of: tag) else { return nil }
    return try reader.readBool()
  }
}

extension TLVWriter {
  /// Text behind its count in one octet; what goes beyond 255 octets is cut.
  mutating func appendText(_ text: String) {
    appendWithUInt8Count(Array(text.utf8.prefix(255)))
  }
}
