import Interposer
import RelayProtocol
import Routing
import Telephony
import Testing

@testable import Handset

/// Networks that change, forget connections, or are gone without a word.
@Suite struct NetworkTests {
  /// - Parameter hours: that the devices were online before; the keepalive has grown by then.
  @Test(arguments: [0, 6]) func whoVanishedIsOfflineWithinOneKeepalive(hours: Int) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.run(.seconds(3_600 * hours))
    #expect(world.relay.isOnline(bob.number))
    bob.isBlackHole = true
    let vanished = world.now
    // Two minutes at first, fifteen at most, and what a ping may be late by.
    let keepalive: Duration = hours == 0 ? .seconds(120) : .seconds(900)
    #expect(world.run(until: { !world.relay.isOnline(bob.number) }, limit: .seconds(1_000)))
    #expect(world.now - vanished <= keepalive + .seconds(31))
    // From then on nobody waits for him.
    let sending = alice.messenger.sent("Where are you?", to: bob.number.e164)
    let took = try #require(sending.took)
    #expect(sending.hasSucceeded && took < .seconds(1))
    #expect(alice.record(.outgoing)?.summary == "carrier recipient-offline sent")
    guard case .rows(let rows)? = alice.answer(to: .lookUp(numbers: [bob.number.e164])) else {
      Issue.record("no rows")
      return
    }
    #expect(rows.map { $0.text("presence") } == ["offline"])
    bob.isBlackHole = false
    #expect(world.run(until: { bob.isOnline }, limit: .seconds(1_000)))
    world.run(.seconds(5))
    #expect(bob.messenger.texts == ["+919876543210: Where are you?"])
  }

  /// A NAT that forgets a connection after a time of silence: the device finds out how often it has to say something.
  @Test(arguments: [130, 200, 310, 700, 2_000] as [Int64]) func theKeepaliveFindsWhatTheNetworkKeepsOpen(forgets: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var lastPassed = world.now
    var isForgotten = false
    var pings: [Duration] = []
    func passes(_ isFirst: Bool) -> Bool {
      if isFirst { isForgotten = false } else if world.now - lastPassed > .seconds(forgets) { isForgotten = true }
      if !isForgotten { lastPassed = world.now }
      return !isForgotten
    }
    world.relay.fromDevice = { device, frame in
      guard device === bob else { return [frame] }
      var isFirst = false
      switch frame.message {
      case .authenticate: isFirst = true
      case .ping: pings.append(world.now)
      default: break
      }
      return passes(isFirst) ? [frame] : []
    }
    world.relay.toDevice = { device, frame in
      var isChallenge = false
      if case .challenge = frame.message { isChallenge = true }
      return device !== bob || isChallenge || passes(false) ? [frame] : []
    }
    world.run(.seconds(6 * 3_600))
    // It has found out: no connection is lost any more, and each is used as sparingly as it may be.
    let connectCount = bob.connectCount
    pings = []
    world.run(.seconds(12 * 3_600))
    #expect(bob.connectCount == connectCount && bob.isOnline)
    let intervals = zip(pings, pings.dropFirst()).map { $1 - $0 }
    let longest = try #require(intervals.max())
    let shortest = try #require(intervals.min())
    #expect(shortest >= .seconds(119) && longest <= .seconds(min(forgets, 901)))
    #expect(longest * 3 >= .seconds(min(forgets, 900)), "\(longest)")
    #expect(alice.messenger.sent("Still there?", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
  }

  @Test func aChangeOfNetworkReconnectsAtOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // Long enough without one that it is tried seldom.
    bob.cutNetwork()
    world.run(.seconds(3_600))
    bob.restoreNetwork()
    #expect(world.run(until: { bob.isOnline }, limit: .seconds(1)))
    // From one to another: the old connection is dead, and nobody says so but the network monitor.
    var isDead = true
    world.relay.fromDevice = { device, frame in
      guard device === bob else { return [frame] }
      if case .authenticate = frame.message { isDead = false }
      return isDead ? [] : [frame]
    }
    world.run(.seconds(60))
    bob.restoreNetwork()
    #expect(world.run(until: { !isDead && bob.isOnline }, limit: .seconds(12)))
    #expect(alice.messenger.sent("On another network", to: bob.number.e164).hasSucceeded)
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
  }
}
