import Testing

@testable import Simulation

/// Small worlds in which everything breaks by turns: see ``Simulation`` for what is checked after each. One after the other: each keeps a
/// thread busy, and tests that talk to programs with time limits want a turn, too.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SimulationTests {
  static let laboratory = try! Laboratory(handsets: 3)

  @Test(arguments: 0..<25) func eachTextHasOneFate(_ part: UInt64) {
    for seed in part * 12..<part * 12 + 12 {
      let outcome = Simulation.run(SimulationPlan(seed: seed, handsets: 3, messages: 12), in: Self.laboratory)
      #expect(outcome.violations.isEmpty, "shunt-lab simulate --seed \(seed) --handsets 3 --messages 12")
    }
  }

  /// Each kind of fault alone, often: what a swarm would hide shows here.
  @Test(arguments: FaultKind.allCases) func eachFaultAlone(_ kind: FaultKind) {
    for seed in 0..<(kind == .consentWithdrawn ? 1 : 3) as Range<UInt64> {
      let plan = SimulationPlan(seed: seed, handsets: 3, messages: 15, only: [kind], faultCount: kind == .consentWithdrawn ? 1 : 12)
      let outcome = Simulation.run(plan, in: Self.laboratory)
      #expect(outcome.violations.isEmpty, "\(kind.rawValue), seed \(seed)")
      #expect(outcome.figures.faults[kind] ?? 0 > 0)
      #expect(outcome.figures.messages > 0 && outcome.figures.lost == 0 && outcome.figures.duplicated == 0)
    }
  }

  @Test func withoutFaultsTextsGoByIP() {
    let plan = SimulationPlan(seed: 1, handsets: 3, messages: 40, only: [])
    let figures = Simulation.run(plan, in: Self.laboratory).figures
    #expect(figures.faultCount == 0 && figures.violationCount == 0)
    #expect(figures.failed == 0 && figures.unanswered == 0 && figures.shownTwice == 0 && figures.lostByCarrier == 0)
    #expect(figures.shownByIP > figures.messages * 3 / 4)
    #expect(figures.messages == figures.shownByIP + figures.shownByCarrier + figures.takenByCarrier)
  }

  @Test func aHandsetCanEnrolWithin() {
    var plan = SimulationPlan(seed: 3, handsets: 2, messages: 12, only: [])
    plan.handsets[0] = PlannedHandset(enrolment: .at(.seconds(1)), deletesWhatItReads: true, listsFirst: false, storageCapacity: 50)
    let outcome = Simulation.run(plan, in: Self.laboratory)
    #expect(outcome.violations.isEmpty && outcome.figures.shownByIP > 0)
  }

  @Test(arguments: [2, 31, 77] as [UInt64]) func theSameSeedDoesTheSame(_ seed: UInt64) throws {
    let plan = SimulationPlan(seed: seed, handsets: 3, messages: 30)
    let first = Simulation.run(plan, in: Self.laboratory, keepsTrace: true)
    // Other keys, and dictionaries at other addresses.
    let second = Simulation.run(plan, in: try Laboratory(handsets: 3), keepsTrace: true)
    #expect(first.trace.count > 50)
    for (one, other) in zip(first.trace, second.trace) where one != other {
      Issue.record("\(one)\n\(other)")
      break
    }
    #expect(first.trace.count == second.trace.count)
    #expect(first.traceHash == second.traceHash && first.figures == second.figures)
    #expect(Simulation.run(SimulationPlan(seed: seed + 1, handsets: 3, messages: 30), in: Self.laboratory).traceHash != first.traceHash)
  }

  @Test func aPartOfAPlanIsAPlan() {
    let plan = SimulationPlan(seed: 9, handsets: 3, messages: 20)
    let part = plan.keeping(messages: [3, 4], faults: [0])
    #expect(part.messages.map(\.index) == [3, 4] && part.faults.allSatisfy { $0.index == 0 })
    let figures = Simulation.run(part, in: Self.laboratory).figures
    #expect(figures.messages <= 2 && figures.faultCount <= 1)
  }

  @Test func figuresAddUpAndComeBackFromTheirFields() {
    var sum = SimulationFigures()
    for seed in 20..<24 as Range<UInt64> {
      sum += Simulation.run(SimulationPlan(seed: seed, handsets: 3, messages: 10), in: Self.laboratory).figures
    }
    #expect(sum.seeds == 4 && sum.faultCount > 0)
    var again = SimulationFigures()
    for field in sum.fields where field.value != 0 { again.set(field.name, field.value) }
    again.virtualTime = sum.virtualTime
    #expect(again == sum)
  }
}
