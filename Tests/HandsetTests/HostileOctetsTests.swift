import Interposer
import QMI
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Whatever comes from the relay, the modem or a client, nothing traps, nothing grows without end, and texts go on.
@Suite struct HostileOctetsTests {
  /// Octets as they were, with some changed, cut out, put in or doubled.
  private func mutated(_ octets: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var octets = octets
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !octets.isEmpty {
      let place = Int.random(in: 0..<octets.count, using: &generator)
      switch generator.next() % 6 {
      case 0: octets[place] = UInt8(truncatingIfNeeded: generator.next())
      case 1: octets[place] ^= 1 << UInt8(generator.next() % 8)
      case 2: octets.removeSubrange(place..<min(octets.count, place + Int(generator.next() % 8)))
      case 3: octets.insert(contentsOf: generator.octets(1...8), at: place)
      case 4: octets = Array(octets[..<place])
      default: octets += octets[place...]
      }
    }
    return octets
  }

  /// The link ends as often as it is fed nonsense, and comes back; texts arrive by whatever way.
  @Test(arguments: 0..<12) func theRelaySendsAnything(_ seed: UInt64) throws {
    let world = World(seed: 1_000 + seed)
    let (alice, bob) = try Device.pair(world)
    var generator = SeededGenerator(seed: seed)
    bob.tamper = { octets in
      switch generator.next() % 8 {
      case 0: self.mutated(octets, &generator)
      case 1: generator.octets(0...300)
      default: octets
      }
    }
    var sent: [String] = []
    for index in 0..<12 {
      let (from, to) = generator.chance(50) ? (alice, bob) : (bob, alice)
      let sending = from.messenger.sent("Text \(index)", to: to.number.e164)
      #expect(sending.hasSucceeded, "seed \(seed)")
      sent.append("\(from.number.e164): Text \(index)")
      world.run(.milliseconds(Int64(generator.next() % 20_000)))
    }
    bob.tamper = nil
    world.run(.seconds(1200))
    let texts = alice.messenger.texts + bob.messenger.texts
    #expect(texts.sorted() == sent.sorted(), "seed \(seed)")
    #expect(alice.handset?.outgoing.isEmpty == true && bob.handset?.outgoing.isEmpty == true)
    #expect(bob.isOnline, "seed \(seed)")
  }

  /// Frames that decode, in any order, with any contents.
  @Test(arguments: 0..<8) func theRelaySendsFramesOutOfPlace(_ seed: UInt64) throws {
    let world = World(seed: seed)
    let (alice, bob) = try Device.pair(world)
    var generator = SeededGenerator(seed: seed &+ 99)
    var seen: [ServerFrame] = []
    world.relay.toDevice = { _, frame in
      seen.append(frame)
      return [frame]
    }
    for index in 0..<30 {
      let device = generator.chance(50) ? alice : bob
      let other = device === alice ? bob : alice
      switch generator.next() % 7 {
      case 0: _ = device.messenger.send("Text \(index)", to: other.number.e164)
      case 1: _ = device.messenger.send("Text \(index)", to: "+447700900123")
      case 2: device.ask(.lookUp(numbers: [other.number.e164, "+44770090012\(index % 3)"]))
      case 3: world.relay.push(random(&generator), to: device)
      case 4:
        if var frame = seen.randomElement(using: &generator) {
          if generator.chance(50) { frame.request = RequestID(rawValue: UInt32(generator.next() % 40 + 1)) }
          world.relay.push(frame, to: device)
        }
      case 5: device.ask(.confirm(code: "AAAAAAAA"))
      default: break
      }
      world.run(.milliseconds(Int64(generator.next() % 400)))
    }
    world.relay.toDevice = { _, frame in [frame] }
    world.run(.seconds(1200))
    for device in [alice, bob] {
      #expect(device.handset?.outgoing.isEmpty == true && device.handset?.tokens.pendingCount == 0, "seed \(seed)")
      #expect(device.handset?.incoming.waiting.isEmpty == true && device.handset?.incoming.writes.isEmpty == true)
      #expect(device.messenger.sent("Still here", to: "57575").hasSucceeded)
    }
  }

  private func random(_ generator: inout SeededGenerator) -> ServerMessage {
    let id = RelayProtocol.MessageID(using: &generator)
    switch generator.next() % 12 {
    case 0: return .acknowledged(id, AcknowledgementMAC(using: &generator))
    case 1: return .refused(id, RefusalReason(rawValue: Int(generator.next() % 9)))
    case 2: return .revoked(id)
    case 3: return .done
    case 4: return .accepted
    case 5: return .codeSent(lifetimeSeconds: UInt32(truncatingIfNeeded: generator.next()))
    case 6:
      return .registered(
        Registration(token: NumberToken(using: &generator), expires: generator.next(), generation: nil))
    case 7: return .pong
    case 8:
      return .failure(
        RelayFailure(code: FailureCode(rawValue: Int(generator.next() % 20)), text: "no", retryAfterSeconds: .max))
    case 9: return .evaluations([Evaluation(using: &generator)])
    case 10: return .lookUpResult([.online(nil)])
    default:
      return .incoming(
        IncomingMessage(
          messageID: id, senderToken: NumberToken(using: &generator), generation: TestRelay.generation,
          senderIdentityKey: IdentityPublicKey(using: &generator), keyPackageID: KeyPackageID(using: &generator),
          sealed: generator.octets(1...200)))
    }
  }

  @Test(arguments: 0..<20) func modemAndClientsSendAnything(_ seed: UInt64) throws {
    let world = World(seed: seed)
    let (alice, bob) = try Device.pair(world)
    var generator = SeededGenerator(seed: seed &+ 7)
    let submit = try MessageComposer.submits(text: "Mutated", to: SMSAddress(bob.number), reference: 1)[0].encoded()
    let deliver = try #require(
      WMS.RawMessage(octets: [0] + SMSDeliver(
        delivering: SMSSubmit(decoding: submit), from: SMSAddress(bob.number), at: ServiceCentreTimestamp(world.wall)
      ).encoded()))
    for _ in 0..<150 {
      switch generator.next() % 5 {
      case 0:
        guard let message = WMS.RawMessage(octets: [0] + mutated(submit, &generator)) else { continue }
        _ = alice.messenger.sendRaw(message)
      case 1:
        let report = WMS.EventReportIndication(
          storedMessage: WMS.MessageLocation(
            storage: WMS.StorageType(rawValue: UInt8(generator.next() % 3)), index: UInt32(truncatingIfNeeded: generator.next() % 4)),
          mode: .gsmWCDMA)
        indicate(alice, report.encoded(client: .broadcast, transaction: 1).octets, &generator)
      case 2:
        let report = WMS.EventReportIndication(
          transferredMessage: .init(
            ackIndicator: .send, transactionID: UInt32(truncatingIfNeeded: generator.next()), message: deliver),
          mode: .gsmWCDMA)
        indicate(alice, report.encoded(client: .broadcast, transaction: 1).octets, &generator)
      case 3:
        // A response that nobody asked for, or another one than was asked for.
        alice.tell { handset, now in
          guard let frame = try? QMUXFrame(self.mutated(deliver.octets, &generator)) else { return }
          handset.modemResponded(ModemRequestID(rawValue: generator.next() % 300), frame, now: now)
        }
      default:
        let stranger = Messenger(alice)
        if let connection = alice.connect(stranger) {
          alice.clientSent(generator.octets(0...80), from: connection)
          if generator.chance(80) { alice.disconnect(connection) }
        }
      }
      world.run(.milliseconds(Int64(generator.next() % 50)))
    }
    world.run(.seconds(200))
    #expect(alice.handset?.outgoing.isEmpty == true, "seed \(seed)")
    let again = Messenger(alice)
    again.start()
    world.run(.seconds(2))
    let sending = again.send("Still here", to: bob.number.e164)
    world.run(until: { sending.isFinished })
    #expect(sending.hasSucceeded, "seed \(seed)")
  }

  private func indicate(_ device: Device, _ octets: [UInt8], _ generator: inout SeededGenerator) {
    let octets = generator.chance(60) ? mutated(octets, &generator) : octets
    guard let frame = try? QMUXFrame(octets) else { return }
    device.tell { $0.modemIndicated(frame, now: $1) }
  }

  @Test func damagedStateFilesTurnItOff() throws {
    var generator = SeededGenerator(seed: 3)
    let world = World()
    let original = try Device(world, "+919876543210", isEnrolled: true)
    original.modem.unplug(now: world.now)
    world.run(.seconds(1))
    for _ in 0..<40 {
      let device = try Device(world, "+919876543210")
      device.files = original.files
      let file = try #require(StateFile.allCases.randomElement(using: &generator))
      device.files[file] = mutated(device.files[file] ?? [1, 2, 3], &generator)
      device.start()
      device.messenger.start()
      world.run(.seconds(5))
      #expect(device.messenger.isReady)
      #expect(device.messenger.sent("Hello", to: "57575").hasSucceeded, "\(file.rawValue)")
      device.kill()
      device.modem.unplug(now: world.now)
      device.pump()
    }
  }
}
