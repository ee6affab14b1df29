import QMI
import Telephony

/// Messages from the carrier: read before their announcement is passed on.
extension Interposer {
  mutating func handleMessagingIndication(_ frame: QMUXFrame) {
    guard interceptsIncoming, let location = incomingLocation(frame) else {
      passInTurn(frame)
      return
    }
    if incoming.count >= configuration.limits.heldIndications, let oldest = incoming.oldest {
      settleIncoming(oldest, .announce)
    }
    if let pending = incoming.pending(location.location) {
      // Each client id with reports gets a copy of its own.
      incoming.hold(frame, for: pending)
      return
    }
    switch location {
    case .stored(let stored):
      let id = incoming.begin(.stored(stored), phase: .reading)
      incoming.hold(frame, for: id)
      timers.schedule(.incoming(id), at: clock + configuration.timing.ownRequest)
      perform(.read(id))
    case .transferred(let transferred):
      let id = incoming.begin(location.location, phase: .deciding)
      incoming.hold(frame, for: id)
      decideIncoming(id, .transferred, transferred.message)
    }
  }

  var interceptsIncoming: Bool { tapMode == .intercept || looksAtIncoming }

  /// Clients hear no more of what is held back.
  mutating func forgetIncoming() {
    incoming.removeAll()
    vetting = nil
    heldReads = []
    timers.cancelAll { timer in
      switch timer {
      case .incoming, .vetting, .heldReads: true
      default: false
      }
    }
  }

  private enum Announced {
    case stored(WMS.MessageLocation)
    case transferred(WMS.EventReportIndication.TransferredMessage)

    var location: IncomingMessages.Location {
      switch self {
      case .stored(let location): .stored(location)
      case .transferred(let transferred):
        .transferred(transactionID: transferred.transactionID, needsAck: transferred.ackIndicator == .send)
      }
    }
  }

  /// What an indication announces, nil when it is no announcement of a 3GPP message.
  private func incomingLocation(_ frame: QMUXFrame) -> Announced? {
    guard frame.messageID == WMS.ID.eventReport,
      let report = try? WMS.EventReportIndication(decoding: frame), report.mode != .cdma
    else { return nil }
    if let transferred = report.transferredMessage {
      return transferred.message.format == .gsmWCDMAPointToPoint ? .transferred(transferred) : nil
    }
    return report.storedMessage.map { .stored($0) }
  }

  /// Passes an indication on, behind those that are held back.
  private mutating func passInTurn(_ frame: QMUXFrame) {
    guard !incoming.isEmpty else {
      route(frame)
      return
    }
    if incoming.count >= configuration.limits.heldIndications, let oldest = incoming.oldest {
      settleIncoming(oldest, .announce)
    }
    incoming.hold(frame, for: nil)
    routeReady()
  }

  mutating func routeReady() {
    while let frame = incoming.popReady() { route(frame) }
  }

  /// The modem has given the message, or has not.
  mutating func incomingRead(_ id: IncomingMessageID, _ message: WMS.RawMessage?) {
    guard let record = incoming[id], record.phase == .reading, case .stored(let location) = record.location else { return }
    guard let message, message.format == .gsmWCDMAPointToPoint else {
      settleIncoming(id, .announce)
      return
    }
    incoming.setPhase(.deciding, of: id)
    decideIncoming(id, incoming.isAnnounced(id) ? .stored(location) : .found(location), message)
  }

  private mutating func decideIncoming(
    _ id: IncomingMessageID, _ source: IncomingCarrierMessage.Source, _ message: WMS.RawMessage
  ) {
    timers.schedule(.incoming(id), at: clock + configuration.timing.incomingDecision)
    let deliver = (try? RawPDU(decoding: message.octets)).flatMap { try? SMSDeliver(decoding: $0.tpdu) }
    actions.append(.received(IncomingCarrierMessage(id: id, source: source, message: message, deliver: deliver)))
  }

  /// What is to become of a message from ``Action/received(_:)``.
  ///
  /// - Returns: false when there is nothing to decide (any more): it has been announced, or the modem has gone.
  @discardableResult
  public mutating func resolveIncoming(_ id: IncomingMessageID, _ resolution: IncomingResolution, now: Duration) -> Bool {
    advance(to: now)
    guard let record = incoming[id], record.phase == .deciding else { return false }
    switch (resolution, record.location) {
    case (.announce, _):
      settleIncoming(id, .announce)
    case (.consume, .transferred(_, needsAck: false)):
      settleIncoming(id, .consume)
    case (.consume, _):
      incoming.setPhase(.consuming, of: id)
      timers.schedule(.incoming(id), at: clock + configuration.timing.ownRequest)
      perform(.consume(id))
    }
    return true
  }

  mutating func settleIncoming(_ id: IncomingMessageID, _ resolution: IncomingResolution) {
    timers.cancel(.incoming(id))
    guard incoming[id] != nil else { return }
    incoming.settle(id, resolution)
    routeReady()
    if vetting?.message == id { continueVetting() }
    releaseHeldReads()
  }
}
