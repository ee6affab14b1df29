internal import RelayProtocol

/// One TLS connection from a daemon to the relay. TCP and TLS keep the order, lose nothing and double nothing; so what can go
/// wrong is this: it is slow, it stalls and goes on, it hangs for ever, it is reset, one end is gone and the other does not
/// know, and octets come in pieces of any size. What comes to an end that is gone is answered with a reset.
final class RelayPath {
  let connection: RelayConnection
  private let daemon: SimulatedDaemon
  private unowned let world: World
  private unowned let handset: SimulatedHandset
  private unowned let network: SimulatedNetwork
  private var up = Lane()
  private var down = Lane()
  private var held: [(order: Int, isUp: Bool, body: () -> Void)] = []
  private var lastOrder = 0
  /// Nothing passes any more, and nobody is told.
  var isDeadEnd = false
  private var isOpenAtDevice = true
  /// The relay's name for it, while it is open there.
  private(set) var relayID: RelayConnectionID?

  init(_ daemon: SimulatedDaemon, _ connection: RelayConnection) {
    self.daemon = daemon
    self.connection = connection
    handset = daemon.handset
    world = daemon.handset.world
    network = daemon.handset.network
    handset.trace("connects", Int(connection.rawValue))
    network.add(self)
    guard !network.isDown else {
      world.after(.milliseconds(1)) { [self] in closeAtDevice("network is unreachable") }
      return
    }
    pass(isUp: true) { [self] in
      switch world.relay.accept(self) {
      case .off: break
      case .refused: pass(isUp: false) { [self] in closeAtDevice("connection refused") }
      case .accepted(let id):
        relayID = id
        shakeHands(id)
      }
    }
  }

  /// As the relay sees it: each handset has one.
  var address: String { "192.0.2.\(handset.index + 1)" }

  /// Nobody has it any more.
  var isOver: Bool { !isOpenAtDevice && relayID == nil && held.isEmpty }

  private func shakeHands(_ id: RelayConnectionID) {
    pass(isUp: false) { [self] in
      guard isOpenAtDevice else { return refuseAtDevice() }
      handset.whenAwake { [self] in daemon.pathOpened(self) }
      pass(isUp: true) { [self] in world.relay.secured(self, id) }
    }
  }

  // MARK: The device's end

  func send(_ octets: [UInt8]) {
    guard isOpenAtDevice else { return }
    for piece in pieces(octets) {
      pass(isUp: true) { [self] in
        guard !world.relay.isOff else { return }
        guard let relayID, world.relay.knows(relayID, self) else {
          pass(isUp: false) { [self] in closeAtDevice("connection reset by peer") }
          return
        }
        world.relay.received(piece, on: relayID)
      }
    }
  }

  func closedByDevice() {
    guard isOpenAtDevice else { return }
    isOpenAtDevice = false
    tellRelay()
  }

  func lostByDevice() { isOpenAtDevice = false }

  private func tellRelay() {
    pass(isUp: true) { [self] in
      guard let id = relayID else { return }
      relayID = nil
      world.relay.closed(id, self)
    }
  }

  private func closeAtDevice(_ reason: String) {
    guard isOpenAtDevice else { return }
    isOpenAtDevice = false
    handset.trace("connection ends", Int(connection.rawValue), reason)
    handset.whenAwake { [self] in daemon.pathClosed(self, reason) }
  }

  /// Something came for a connection that the device does not have.
  private func refuseAtDevice() {
    if handset.isPowered { tellRelay() }
  }

  // MARK: The relay's end

  func sendDown(_ octets: [UInt8]) {
    for piece in pieces(octets) {
      pass(isUp: false) { [self] in
        guard isOpenAtDevice else { return refuseAtDevice() }
        handset.whenAwake { [self] in daemon.pathReceived(piece, self) }
      }
    }
  }

  /// - Parameter isTold: whether the device's kernel hears of it.
  func closedByRelay(isTold: Bool) {
    relayID = nil
    guard isTold else { return }
    pass(isUp: false) { [self] in closeAtDevice("the relay closed the connection") }
  }

  // MARK: On its way

  /// Somebody in between resets it.
  func reset(atDeviceFirst: Bool) {
    if atDeviceFirst {
      closeAtDevice("connection reset by peer")
      // The other end hears of it, or does not.
      if network.stream.chance(perMille: 500) { tellRelay() }
    } else {
      if let id = relayID {
        relayID = nil
        world.relay.closed(id, self)
      }
      if network.stream.chance(perMille: 500) { pass(isUp: false) { [self] in closeAtDevice("connection reset by peer") } }
    }
  }

  /// The network is back.
  func resume() {
    let waiting = held.sorted { $0.order < $1.order }
    held = []
    for (order, isUp, body) in waiting { pass(order, isUp: isUp, body) }
  }

  private func pass(isUp: Bool, _ body: @escaping () -> Void) {
    lastOrder += 1
    pass(lastOrder, isUp: isUp, body)
  }

  /// - Parameter order: what was on its way when the network went comes before what was sent since.
  private func pass(_ order: Int, isUp: Bool, _ body: @escaping () -> Void) {
    guard !isDeadEnd else { return }
    guard !network.isBlack else {
      held.append((order, isUp, body))
      return
    }
    let latency = network.latency()
    let due = isUp ? up.arrival(world.now, after: latency) : down.arrival(world.now, after: latency)
    world.at(due) { [self] in
      guard !isDeadEnd else { return }
      if network.isBlack { held.append((order, isUp, body)) } else { body() }
    }
  }

  private func pieces(_ octets: [UInt8]) -> [[UInt8]] {
    guard octets.count > 1, network.stream.chance(perMille: 100) else { return [octets] }
    let cut = network.stream.within(1...octets.count - 1)
    return [Array(octets[..<cut]), Array(octets[cut...])]
  }
}
