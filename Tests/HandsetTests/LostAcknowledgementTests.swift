import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// An acknowledgement is lost, the sender uses the carrier, and both copies arrive: the recipient sees one. What was sent twice is two.
@Suite struct LostAcknowledgementTests {
  private static let long = String(repeating: "Three parts of text go here. ", count: 14)

  /// Whether acknowledgements reach the sender.
  private func loseAcknowledgements(_ world: World, to sender: Device) {
    world.relay.toDevice = { device, frame in
      if device === sender, case .acknowledged = frame.message { [] } else { [frame] }
    }
  }

  /// Minutes from the one copy to the other.
  @Test(arguments: [0, 60, 300, 570], ["Hello", long])
  func theCarriersCopyMayComeMuchLater(seconds: Int, text: String) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    loseAcknowledgements(world, to: alice)
    world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(seconds))))
    #expect(alice.messenger.sent(text, to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    #expect(bob.messenger.texts == ["+919876543210: \(text)"])
    world.run(.seconds(seconds + 60))
    #expect(bob.messenger.texts == ["+919876543210: \(text)"])
    #expect(bob.records.map(\.summary) == ["ip recipient-online delivered", "carrier - duplicate"])
    #expect(bob.modem.storedMessages(in: .nv).isEmpty && bob.modem.storedMessages(in: .uim).isEmpty)
  }

  /// Each part takes its own time, and another text of the same sender comes in between.
  @Test(arguments: [[400, 10, 200], [200, 400, 10], [3, 2, 1]])
  func itsPartsMayComeInAnyOrder(delays: [Int]) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    loseAcknowledgements(world, to: alice)
    for delay in delays {
      world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(delay)), count: 1))
    }
    #expect(alice.messenger.sent(Self.long, to: bob.number.e164).hasSucceeded)
    world.relay.toDevice = { _, frame in [frame] }
    world.run(.seconds(100))
    #expect(alice.messenger.sent("In between", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(500))
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)", "+919876543210: In between"])
    #expect(bob.records.map(\.outcome).filter { $0 == .duplicate }.count == 1)
    #expect(bob.modem.storedMessages(in: .nv).isEmpty)
  }

  /// The relay had the message all the time, and brings it when parts of the carrier's copy, or all of it, are there.
  @Test(arguments: [1, 2, 3]) func aLongTextByIPAfterSomePartsOfTheCarriers(partCount: Int) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var kept: [ServerFrame] = []
    world.relay.toDevice = { device, frame in
      guard device === bob else { return [frame] }
      switch frame.message {
      case .incoming: kept.append(frame)
      case .revoked: break
      default: return [frame]
      }
      return []
    }
    for index in 0..<3 {
      let delay: Duration = index < partCount ? .milliseconds(1) : .seconds(60)
      world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(delay), count: 1))
    }
    #expect(alice.messenger.sent(Self.long, to: bob.number.e164).hasSucceeded)
    world.run(.seconds(10))
    #expect(bob.messenger.received.count == partCount)
    world.relay.toDevice = { _, frame in [frame] }
    for frame in kept { world.relay.push(frame, to: bob) }
    world.run(.seconds(120))
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(bob.spool.isEmpty && bob.messenger.received.count == 3)
  }

  /// Both acknowledgements are lost: two texts, four copies.
  @Test func twoEqualTextsWithAllTheirCopiesAreTwo() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    loseAcknowledgements(world, to: alice)
    world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(60))))
    for _ in 0..<2 { #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded) }
    world.run(.seconds(120))
    #expect(bob.messenger.texts == ["+919876543210: ok", "+919876543210: ok"])
    #expect(bob.records.map(\.outcome).filter { $0 == .duplicate }.count == 2)
  }

  /// Of two equal texts one has a copy: three copies, two texts, whichever it is.
  @Test(arguments: [true, false]) func twoEqualTextsOfWhichOneHasACopyAreTwo(isFirst: Bool) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(30))))
    for index in 0..<2 {
      if (index == 0) == isFirst { loseAcknowledgements(world, to: alice) } else { world.relay.toDevice = { _, frame in [frame] } }
      #expect(alice.messenger.sent("ok", to: bob.number.e164).hasSucceeded)
    }
    #expect(Set(alice.records.map(\.route)) == [.ip, .carrier])
    world.run(.seconds(120))
    #expect(bob.messenger.texts == ["+919876543210: ok", "+919876543210: ok"])
  }

  /// The recipient's clock is set between the two copies.
  @Test(arguments: [-86_400_000, -3_600_000, -90_000, 90_000, 3_600_000, 86_400_000] as [Int64])
  func aClockThatIsSetInBetweenChangesNothing(by step: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    loseAcknowledgements(world, to: alice)
    world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(120))))
    #expect(alice.messenger.sent(Self.long, to: bob.number.e164).hasSucceeded)
    bob.clockOffset = step
    world.run(.seconds(240))
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(bob.records.last?.summary == "carrier - duplicate")
  }

  /// The sender's clock is set while parts are held and while an acknowledgement is waited for: neither takes longer, or shorter.
  @Test(arguments: [-86_400_000, -3_600_000, 3_600_000, 86_400_000] as [Int64])
  func aClockThatIsSetChangesNoLimit(by step: Int64) throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try MessageComposer.submits(text: Self.long, to: SMSAddress(bob.number), reference: 9)
    let held = alice.messenger.send(Array(submits.prefix(2)))
    world.run(.seconds(30))
    alice.clockOffset = step
    world.run(.seconds(25))
    #expect(held.hasSucceeded && world.carrier.records.isEmpty)
    world.run(.seconds(7))
    #expect(world.carrier.records.filter { $0.kind == .submit }.count == 2)

    alice.clockOffset = 0
    world.run(.seconds(60))
    bob.isBlackHole = true
    let sending = alice.messenger.send("Hello", to: bob.number.e164)
    world.run(.seconds(2))
    alice.clockOffset = step
    world.run(until: { sending.isFinished })
    let took = try #require(sending.took)
    #expect(sending.hasSucceeded && took > .seconds(5) && took < .seconds(7))
    #expect(alice.record(.outgoing)?.summary == "carrier no-acknowledgement sent")
    world.run(.seconds(30))
    #expect(world.relay.hub.pendingMessageCount == 0)
    #expect(bob.messenger.texts == ["+919876543210: Hello"])
  }

  /// By IP it had come, the app was told that it failed, and its person sends it again: that is another message.
  @Test func aRetryOfAFailedTextIsANewMessage() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    loseAcknowledgements(world, to: alice)
    world.carrier.add(CarrierRule(effect: .reject(.congestion, failureCause: nil), count: 1))
    var delivered: [RelayProtocol.MessageID] = []
    world.relay.fromDevice = { device, frame in
      if device === alice, case .deliver(let delivery) = frame.message { delivered.append(delivery.messageID) }
      return [frame]
    }
    #expect(!alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement failed"] && alice.records[0].attemptedIP)
    world.relay.toDevice = { _, frame in [frame] }
    world.run(.seconds(5))
    #expect(alice.messenger.sent("Hello", to: bob.number.e164).hasSucceeded)
    world.run(.seconds(5))
    #expect(alice.records.last?.summary == "ip recipient-online delivered")
    #expect(alice.records[0].id != alice.records[1].id && Set(delivered).count == 2)
    #expect(bob.messenger.texts == ["+919876543210: Hello", "+919876543210: Hello"])
  }

  /// Nothing came the first time: the retry is the one that is shown.
  @Test func aRetryOfATextThatNobodyGotIsShownOnce() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.cutNetwork()
    world.carrier.add(CarrierRule(effect: .reject(.congestion, failureCause: nil), count: 1))
    #expect(!alice.messenger.sent(Self.long, to: bob.number.e164).hasSucceeded)
    bob.restoreNetwork()
    world.run(until: { bob.isOnline })
    #expect(alice.messenger.sent(Self.long, to: bob.number.e164).hasSucceeded)
    world.run(.seconds(120))
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)"])
    #expect(alice.records.map(\.outcome) == [.failed, .delivered])
  }
}
