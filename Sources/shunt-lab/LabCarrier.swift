internal import ModemHost
internal import VirtualModem

/// The carrier with its timer, and a way out for what it sends: over sockets (``CarrierServer``), or within this process.
final class LabCarrier {
  private var machine = VirtualCarrier(now: EventLoop.now, wallTime: EventLoop.wallTime)
  private var timer: LoopTimer?
  private var isPumping = false
  private var nextLink: UInt64 = 1
  private var nextRecord: UInt64 = 0

  /// Where events for a link go.
  var onSend: (CarrierLink.Event, VirtualCarrier.LinkID) -> Void = { _, _ in }
  /// The link is to be closed.
  var onClose: (VirtualCarrier.LinkID) -> Void = { _ in }
  /// Something passed.
  var onRecord: (CarrierRecord) -> Void = { _ in }

  init() {
    timer = LoopTimer { [unowned self] in change { $0.timeReached($1) } }
  }

  func add(_ rules: [CarrierRule]) {
    for rule in rules { machine.add(rule) }
  }

  func connect() -> VirtualCarrier.LinkID {
    let link = VirtualCarrier.LinkID(rawValue: nextLink)
    nextLink += 1
    change { $0.connected(link, now: $1) }
    return link
  }

  func disconnect(_ link: VirtualCarrier.LinkID) {
    change { $0.disconnected(link, now: $1) }
  }

  func receive(_ request: CarrierLink.Request, from link: VirtualCarrier.LinkID) {
    change { $0.received(request, from: link, now: $1) }
  }

  private func change(_ body: (inout VirtualCarrier, Duration) -> Void) {
    body(&machine, EventLoop.now)
    // What is done about an action may come back here within this process; the outer loop then does the rest.
    guard !isPumping else { return }
    isPumping = true
    while let action = machine.nextAction() {
      switch action {
      case .send(let event, let link): onSend(event, link)
      case .close(let link): onClose(link)
      }
    }
    isPumping = false
    let new = machine.records.suffix(while: { $0.number >= nextRecord })
    for record in new { onRecord(record) }
    nextRecord = new.last.map { $0.number + 1 } ?? nextRecord
    timer?.arm(at: machine.nextDeadline)
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
