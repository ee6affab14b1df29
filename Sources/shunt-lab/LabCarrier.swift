internal import ModemHost
internal import VirtualModem

/// The carrier with its timer. Its links are sockets (``CarrierServer``) or modems of this process.
final class LabCarrier {
  private var machine = VirtualCarrier(now: EventLoop.now, wallTime: EventLoop.wallTime)
  private var timer: LoopTimer?
  private var isPumping = false
  private var nextLink: UInt64 = 1
  private var nextRecord: UInt64 = 0

  private struct Peer {
    var onEvent: (CarrierLink.Event) -> Void
    var onClose: () -> Void
  }

  private var peers: [VirtualCarrier.LinkID: Peer] = [:]

  /// Something passed.
  var onRecord: (CarrierRecord) -> Void = { _ in }

  init() {
    timer = LoopTimer { [unowned self] in change { $0.timeReached($1) } }
  }

  func add(_ rules: [CarrierRule]) {
    for rule in rules { machine.add(rule) }
  }

  /// - Parameters:
  ///   - onEvent: what the carrier says over this link.
  ///   - onClose: the carrier wants it closed.
  func connect(
    onEvent: @escaping (CarrierLink.Event) -> Void, onClose: @escaping () -> Void
  ) -> VirtualCarrier.LinkID {
    let link = VirtualCarrier.LinkID(rawValue: nextLink)
    nextLink += 1
    peers[link] = Peer(onEvent: onEvent, onClose: onClose)
    change { $0.connected(link, now: $1) }
    return link
  }

  func disconnect(_ link: VirtualCarrier.LinkID) {
    peers[link] = nil
    change { $0.disconnected(link, now: $1) }
  }

  func receive(_ request: CarrierLink.Request, from link: VirtualCarrier.LinkID) {
    change { $0.received(request, from: link, now: $1) }
  }

  /// Gives a modem of this process its network.
  func attach(_ modem: LabModem) {
    let link = connect(onEvent: { [unowned modem] in modem.carrierSent($0) }, onClose: {})
    modem.onCarrier = { [unowned self] in receive($0, from: link) }
    modem.carrierConnected()
  }

  private func change(_ body: (inout VirtualCarrier, Duration) -> Void) {
    body(&machine, EventLoop.now)
    record()
    // What is done about an action may come back here within this process; the outer loop then does the rest.
    guard !isPumping else { return }
    isPumping = true
    while let action = machine.nextAction() {
      switch action {
      case .send(let event, let link): peers[link]?.onEvent(event)
      case .close(let link): peers[link]?.onClose()
      }
    }
    isPumping = false
    timer?.arm(at: machine.nextDeadline)
  }

  /// Before anybody hears what became of a message: whoever then looks, finds it.
  private func record() {
    let new = machine.records.suffix(while: { $0.number >= nextRecord })
    for record in new { onRecord(record) }
    nextRecord = new.last.map { $0.number + 1 } ?? nextRecord
  }
}

extension Array {
  /// The longest tail whose elements all satisfy `predicate`.
  fileprivate func suffix(while predicate: (Element) -> Bool) -> ArraySlice<Element> {
    var start = endIndex
    while start > startIndex, predicate(self[start - 1]) { start -= 1 }
    return self[start...]
  }
}
