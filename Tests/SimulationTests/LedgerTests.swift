import Testing

@testable import Simulation

/// The checks themselves: what must be noticed is noticed.
@Suite struct LedgerTests {
  private func plan(parts: Int = 1, isWide: Bool = false) -> SimulationPlan {
    var plan = SimulationPlan(seed: 5, handsets: 2, messages: 1, only: [])
    plan.messages = [
      PlannedMessage(
        index: 0, time: .seconds(5), from: 0, to: 1, way: .rawSend, parts: parts, isWide: isWide, wantsReport: false)
    ]
    return plan
  }

  private func world(_ plan: SimulationPlan) -> World {
    World(plan, laboratory: SimulationTests.laboratory, keepsTrace: false)
  }

  private func kinds(_ world: World) -> [Violation.Kind] {
    world.run()
    defer { world.tearDown() }
    return world.violations.map(\.kind)
  }

  @Test(arguments: [1, 2, 7, 12], [false, true]) func everyPartSaysWhichMessageItIsOf(_ parts: Int, _ isWide: Bool) {
    let world = world(plan(parts: parts, isWide: isWide))
    #expect(kinds(world).isEmpty)
    #expect(world.figures.shownByIP == 1)
  }

  @Test func aMessageThatNobodyGotIsLost() {
    let world = world(plan())
    world.at(World.start + .seconds(20)) { world.ledger.fates[0]?.answer = .succeeded }
    world.at(World.start + .seconds(4)) { world.ledger.fates[0]?.requested = world.now }
    // It is never sent.
    world.handsets[0].messenger.kill()
    #expect(kinds(world).contains(.lost))
    #expect(world.figures.lost == 1)
  }

  @Test func aSecondCopyIsADuplicate() {
    let world = world(plan())
    world.at(World.start + .seconds(60)) {
      guard let location = world.handsets[1].messenger.inbox.shown.first else { return }
      world.handsets[1].messenger.inbox.showAgain(location)
    }
    #expect(kinds(world) == [.duplicated])
  }

  @Test func anEarlyPromiseIsNoticed() {
    let world = world(plan())
    world.at(World.start + .seconds(1)) {
      world.ledger.asked(0, world.handsets[0], isFirst: true)
      world.ledger.answered(0, .succeeded, world.handsets[0])
    }
    #expect(kinds(world).contains(.promisedTooEarly))
  }

  @Test func aLostRecordIsNoticed() {
    let world = world(plan())
    world.at(World.start + .seconds(60)) { world.handsets[0].daemon?.wasGiven(99) }
    #expect(kinds(world) == [.record])
  }

  @Test func aMessageHeldTooLongIsNoticed() {
    let world = world(plan())
    world.at(World.start + .seconds(1)) { world.ledger.asked(0, world.handsets[0], isFirst: true) }
    world.at(World.start + .seconds(2)) { world.ledger.fates[0]?.watch = world.handsets[0].daemon?.watch }
    world.at(World.start + .seconds(4)) {
      world.ledger.fates[0]?.lastRequest = World.start - .seconds(20)
      world.ledger.fates[0]?.storedByIP = [world.now]
      world.ledger.answered(0, .succeeded, world.handsets[0])
    }
    #expect(kinds(world).contains(.heldTooLong))
  }
}
