import Testing

@testable import RelayProtocol

/// Whatever happens in whatever order, these hold.
@Suite struct RelayClientPropertyTests {
  @Test(arguments: 0..<UInt64(200)) func anyHistory(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var rig = ClientRig(seed: seed)
    var samples = Samples(seed: seed)
    let messages = samples.serverMessages()
    var asked: Set<RequestID> = []
    var open: RelayConnection?
    var hasSession = false
    var isWanted = false
    var toSign: RelayConnection?
    var sessions = 0
    var outgoing: [RequestID] = []

    for _ in 0..<300 {
      let connection =
        Int.random(in: 0..<10, using: &generator) == 0 ? RelayConnection(rawValue: 1) : open ?? .init(rawValue: 1)
      var event = Int.random(in: 0..<18, using: &generator)
      // A relay that does its part, most of the time.
      if let open, !hasSession, Bool.random(using: &generator) {
        if toSign == open {
          toSign = nil
          rig.client.signed(rig.signature, by: rig.identity, on: open, now: rig.now)
          let ready = SessionReady(registration: nil, tokenGenerations: [.init(rawValue: 1)])
          try rig.receive(.sessionReady(ready), for: .init(rawValue: 1), on: open)
        } else {
          rig.client.connected(open, certificateKeyHash: rig.hash, now: rig.now)
          try rig.receive(.challenge(protocolVersion: 1, rig.nonce), on: open)
        }
        event = -1
      }
      switch event {
      case -1: break
      case 0:
        isWanted = true
        rig.client.start(now: rig.now)
      case 1 where Int.random(in: 0..<4, using: &generator) == 0:
        isWanted = false
        rig.client.stop(now: rig.now)
      case 2: rig.client.networkChanged(isAvailable: .random(using: &generator), now: rig.now)
      case 3, 4: rig.pass(.milliseconds(.random(in: 0...200_000, using: &generator)))
      case 5, 6:
        if let deadline = rig.client.nextDeadline { rig.now = max(rig.now, deadline) }
        rig.client.timeReached(now: rig.now)
      case 7: rig.client.connected(connection, certificateKeyHash: rig.hash, now: rig.now)
      case 8 where Int.random(in: 0..<3, using: &generator) == 0:
        if connection == open { open = nil }
        rig.client.closed(connection, reason: "test", now: rig.now)
      case 9: try rig.receive(.challenge(protocolVersion: 1, rig.nonce), on: connection)
      case 10:
        let ready = SessionReady(registration: nil, tokenGenerations: [.init(rawValue: 1)])
        try rig.receive(.sessionReady(ready), for: .init(rawValue: 1), on: connection)
      case 11 where Int.random(in: 0..<3, using: &generator) == 0:
        let message = try #require(messages.randomElement(using: &generator))
        let id = Bool.random(using: &generator) ? outgoing.randomElement(using: &generator) : nil
        try rig.receive(message, for: id, on: connection)
      case 12:
        if let id = outgoing.randomElement(using: &generator) { try rig.receive(.done, for: id, on: connection) }
      default:
        if let id = try? rig.client.request(.deregister, now: rig.now) {
          #expect(asked.insert(id).inserted)
          outgoing.append(id)
        }
      }

      for action in rig.actions() {
        switch action {
        case .connect(let connection):
          #expect(isWanted)
          #expect(open == nil)
          open = connection
        case .send(_, on: let connection), .sign(_, on: let connection):
          #expect(connection == open)
          if case .sign = action { toSign = connection }
        case .disconnect(let connection):
          #expect(connection == open)
          open = nil
        case .sessionReady:
          #expect(!hasSession)
          hasSession = true
          sessions += 1
        case .sessionLost:
          #expect(hasSession)
          #expect(asked.isEmpty)
          hasSession = false
        case .connectionFailed: #expect(!hasSession)
        case .finished(let id, _): #expect(asked.remove(id) != nil)
        case .pushed: #expect(hasSession)
        case .stopped: #expect(open == nil)
        }
      }
      #expect((rig.client.status == .ready) == hasSession)
      if rig.client.status != .stopped { #expect(rig.client.nextDeadline != nil) }
      if rig.client.status == .stopped { #expect(!isWanted && open == nil) }
    }
    #expect(sessions > 0)
  }

  @Test(arguments: 0..<UInt64(50)) func anyOctets(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var (rig, connection) = try ClientRig.ready()
    var samples = Samples(seed: seed)
    let stream = try samples.serverFrames().shuffled(using: &generator).flatMap { try $0.encoded() }
    var octets = stream
    for _ in 0..<3 {
      let position = Int.random(in: octets.indices, using: &generator)
      octets[position] = .random(in: .min ... .max, using: &generator)
    }
    var rest = octets[...]
    while !rest.isEmpty {
      rig.client.received(rest.prefix(1_000), on: connection, now: rig.now)
      rest = rest.dropFirst(1_000)
    }
    _ = rig.actions()
    if rig.client.status != .ready { try rig.passToDeadline() }
  }
}
