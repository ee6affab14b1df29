import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Two devices write to each other while everything around them breaks by turns. What was answered with success is shown, once.
@Suite struct SoakTests {
  @Test(arguments: 0..<25) func nothingIsLostOrDoubled(_ seed: UInt64) throws {
    let world = World(seed: seed)
    let (alice, bob) = try Device.pair(world)
    var generator = SeededGenerator(seed: seed &* 31 &+ 5)
    var sendings: [(Messenger.Sending, String)] = []
    var lastSentTo: [String: Duration] = [:]

    for index in 0..<40 {
      let (from, to) = generator.chance(50) ? (alice, bob) : (bob, alice)
      if from.messenger.isReady {
        let text = generator.chance(20) ? String(repeating: "\(index) is long. ", count: 20) : "Text \(index)"
        sendings.append(
          (from.messenger.send(text, to: to.number.e164), "\(from.number.e164): \(text)"))
        world.run(.milliseconds(1))
      }
      lastSentTo[to.number.e164] = world.now
      let device = generator.chance(50) ? alice : bob
      if generator.chance(8) {
        if let last = lastSentTo[device.number.e164], world.now - last < .seconds(30) {
          // A copy that the carrier brings while nobody looks, as soon as the modem is back, can't be told from a message.
          heal(device, world)
          world.run(.seconds(30))
        }
        unplug(device, world, &generator)
      } else {
        breakSomething(device, world, &generator)
      }
      world.run(.milliseconds(Int64(generator.next() % 12_000)))
    }
    for device in [alice, bob] { heal(device, world) }
    world.relay.fromDevice = { _, frame in [frame] }
    world.relay.toDevice = { _, frame in [frame] }
    world.run(.seconds(1800))

    let shown = alice.messenger.texts + bob.messenger.texts
    for (sending, text) in sendings {
      let count = shown.filter { $0 == text }.count
      if sending.hasSucceeded { #expect(count == 1, "seed \(seed): \(text.prefix(40)) shown \(count) times") }
      #expect(count <= 1, "seed \(seed): \(text.prefix(40)) shown \(count) times")
    }
    for device in [alice, bob] {
      #expect(device.handset?.outgoing.isEmpty == true && device.isOnline, "seed \(seed)")
      let outgoing = device.records.filter { $0.direction == .outgoing }
      #expect(Set(outgoing.map(\.id)).count == outgoing.count)
    }
    let records = (alice.records + bob.records).filter { $0.direction == .outgoing }
    #expect(records.count == sendings.count, "seed \(seed)")
    #expect(records.contains { $0.route == .carrier }, "seed \(seed)")
  }

  private func breakSomething(_ device: Device, _ world: World, _ generator: inout SeededGenerator) {
    switch generator.next() % 16 {
    case 0: device.cutNetwork()
    case 1: device.isBlackHole = true
    case 2: device.diskIsFull = true
    case 3:
      world.relay.fromDevice = { from, frame in
        if from === device, case .acknowledge = frame.message { [] } else { [frame] }
      }
    case 4:
      world.relay.toDevice = { to, frame in
        if to === device, case .accepted = frame.message { [] } else { [frame] }
      }
    case 5: world.relay.isRunning = false
    case 6, 7, 8, 9: heal(device, world)
    case 10:
      world.relay.fromDevice = { _, frame in [frame] }
      world.relay.toDevice = { _, frame in [frame] }
    default: break
    }
  }

  private func unplug(_ device: Device, _ world: World, _ generator: inout SeededGenerator) {
    device.unplug()
    world.run(.milliseconds(Int64(generator.next() % 3_000)))
    heal(device, world)
  }

  private func heal(_ device: Device, _ world: World) {
    device.isBlackHole = false
    device.diskIsFull = false
    world.relay.isRunning = true
    device.restoreNetwork()
    if !device.modem.isPluggedIn {
      device.plugIn()
      device.messenger.start()
      world.run(until: { device.messenger.isReady })
    }
  }
}
