import Interposer
import Routing
import Sealing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Clocks of phones differ. A wrong one means the carrier, never a text lost or shown twice.
@Suite struct ClockTests {
  private static let text = "+919876543210: Hello"

  /// Milliseconds that the sender's clock is ahead.
  @Test(arguments: [-119_000, -60_000, -1_000, 1_000, 60_000, 119_000] as [Int64])
  func clocksThatDifferALittleAreGoodEnough(ahead: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.clockOffset = ahead
    for index in 0..<3 { #expect(alice.messenger.sent("Text \(index)", to: bob.number.e164).hasSucceeded) }
    world.run(.seconds(5))
    #expect(alice.records.map(\.route) == [.ip, .ip, .ip] && bob.messenger.texts.count == 3)
  }

  @Test(arguments: [-86_400_000, -3_600_000, -122_000, 122_000, 3_600_000, 80_000_000] as [Int64])
  func withClocksThatDifferMuchTextsComeByCarrier(ahead: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("In time", to: bob.number.e164).hasSucceeded)
    alice.clockOffset = ahead
    for index in 0..<3 { #expect(alice.messenger.sent("Text \(index)", to: bob.number.e164).hasSucceeded) }
    world.run(.seconds(60))
    #expect(alice.records.map(\.route) == [.ip, .carrier, .carrier, .carrier] && bob.messenger.texts.count == 4)
    #expect(bob.notes.filter { $0.contains("clock") }.count == 1)
  }

  /// Before the network has set it, a clock says 1970; or less.
  @Test(arguments: [World.wallStart, World.wallStart + 86_400_000]) func aClockThatIsNotSetMeansCarrier(behind: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    #expect(alice.messenger.sent("In time", to: bob.number.e164).hasSucceeded)
    alice.clockOffset = -behind
    #expect(alice.messenger.sent("From 1970", to: bob.number.e164).hasSucceeded)
    #expect(bob.messenger.sent("To 1970", to: alice.number.e164).hasSucceeded)
    world.run(.seconds(60))
    #expect(alice.records.filter { $0.direction == .outgoing }.map(\.route) == [.ip, .carrier])
    #expect(bob.record(.outgoing)?.route == .carrier)
    #expect(bob.messenger.texts.count == 2 && alice.messenger.texts.count == 1)
  }

  /// A relay that holds a message back for as long as it takes: by the recipient's clock it looks fresh then.
  @Test(arguments: [0, 7, 29, 31, 60, 100, 119] as [Int64]) func aMessageHeldBackIsShownOnce(ahead: Int64) throws {
    for held in [8, 20, 35, 70, 100, 130, 180, 230, 300, 900, 4_000] as [Int64] {
      let world = World()
      let (alice, bob) = try Device.pair(world)
      alice.clockOffset = ahead * 1_000
      var kept: [ServerFrame] = []
      world.relay.toDevice = { device, frame in
        switch frame.message {
        case .incoming where device === bob, .revoked where device === bob:
          kept.append(frame)
          return []
        default: return [frame]
        }
      }
      #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
      world.relay.toDevice = { _, frame in [frame] }
      world.run(.seconds(held - 6))
      for _ in 0..<2 {
        for frame in kept { if case .incoming = frame.message { world.relay.push(frame, to: bob) } }
        world.run(.seconds(20))
      }
      #expect(bob.messenger.texts == [Self.text], "held for \(held) s")
      #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    }
  }

  /// Said again when the clock of its sender catches up, what was refused stays refused.
  @Test func aMessageFromTheFutureIsRefusedForGood() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    alice.clockOffset = 400_000
    var seen: ServerFrame?
    world.relay.toDevice = { device, frame in
      if device === bob, case .incoming = frame.message { seen = frame }
      return [frame]
    }
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    for _ in 0..<8 {
      world.run(.seconds(100))
      world.relay.push(try #require(seen), to: bob)
    }
    world.run(.seconds(5))
    #expect(bob.messenger.texts == [Self.text])
  }

  // MARK: the keys

  /// Whatever a device is asked to do meanwhile, what opened a message yesterday opens nothing today.
  @Test func theKeyIsAnotherEveryDay() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    var published: [(Duration, KeyPackageID)] = []
    world.relay.fromDevice = { device, frame in
      if device === bob, case .publishKeyPackage(let package) = frame.message { published.append((world.now, package.id)) }
      return [frame]
    }
    let first = try #require(bob.handset?.link.sessionKey)
    let start = world.now
    world.run(.seconds(5 * 86_400))
    let times = [start] + published.map(\.0)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= RelayLink.keyLifetime + .seconds(60) })
    #expect(published.count >= 5 && Set(published.map(\.1)).count == published.count)
    #expect(bob.handset?.link.key(first.keyPackage.id) == nil)
  }

  /// A relay that does not take the new key can't keep the old one in use for much longer.
  @Test func aRelayThatTakesNoNewKeyEndsTheOldOne() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.fromDevice = { device, frame in
      if device === bob, case .publishKeyPackage = frame.message { [] } else { [frame] }
    }
    world.run(RelayLink.keyLifetime + RelayLink.keyOverlap + .seconds(3_700))
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.last?.route == .carrier)
    world.run(.seconds(5))
    #expect(bob.messenger.texts == [Self.text])
  }
}
