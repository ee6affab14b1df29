import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// Requested status reports, whatever the route.
@Suite struct StatusReportTests {
  private static let long = String(repeating: "Three parts of text go here. ", count: 14)

  @Test func itTellsReferenceRecipientAndTimes() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let before = world.wall
    let sending = alice.messenger.sent("Did you get it?", to: bob.number.e164, wantsReport: true)
    world.run(.seconds(2))
    #expect(alice.messenger.reports.count == 1)
    let report = try #require(alice.messenger.reports.first)
    #expect(sending.responses.last?.messageReference == UInt16(report.messageReference))
    #expect(report.recipientAddress == SMSAddress(bob.number) && report.status == .received)
    for time in [report.serviceCentreTimestamp, report.dischargeTime] {
      let told = try #require(time.wallTime)
      // Whole seconds.
      #expect(told.since(before) > .seconds(-1) && told.since(before) < .seconds(2))
    }
  }

  /// Some by IP, some by carrier, to one person: every report finds its message by its reference.
  @Test func reportsOfBothRoutesAreToldApart() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    // The carrier's reports take their time.
    world.carrier.add(CarrierRule(match: .recipient(bob.number.e164), effect: .delay(.seconds(40))))
    var references: [UInt16: Route] = [:]
    for index in 0..<24 {
      if index % 3 == 0 { bob.cutNetwork() } else if !bob.isOnline {
        bob.restoreNetwork()
        world.run(until: { bob.isOnline })
      }
      let sending = alice.messenger.sent("Text \(index)", to: bob.number.e164, wantsReport: true)
      let reference = try #require(sending.responses.last?.messageReference)
      #expect(references[reference] == nil, "two messages with one reference")
      references[reference] = alice.records.last { $0.direction == .outgoing }?.route
    }
    bob.restoreNetwork()
    world.run(.seconds(300))
    #expect(Set(references.values) == [.ip, .carrier])
    #expect(alice.messenger.reports.count == 24)
    #expect(Set(alice.messenger.reports.map { UInt16($0.messageReference) }) == Set(references.keys))
    #expect(bob.messenger.texts.count == 24)
  }

  @Test func ofALongTextEachPartThatAskedGetsOne() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let submits = try MessageComposer.submits(text: Self.long, to: SMSAddress(bob.number), reference: 9).map { submit in
      try SMSSubmit(
        destinationAddress: submit.destinationAddress, dataCodingScheme: submit.dataCodingScheme,
        requestsStatusReport: submit.concatenation?.number != 2, userData: submit.userData)
    }
    let sending = alice.messenger.send(submits)
    world.run(until: { sending.isFinished })
    world.run(.seconds(5))
    #expect(sending.hasSucceeded && bob.messenger.texts == ["+919876543210: \(Self.long)"])
    let asked = [sending.responses[0], sending.responses[2]].map(\.messageReference)
    #expect(alice.messenger.reports.map { UInt16($0.messageReference) } == asked && asked[0] != asked[1])
  }

  @Test func afterAFallbackItIsTheCarriers() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    world.relay.toDevice = { device, frame in
      if device === alice, case .acknowledged = frame.message { [] } else { [frame] }
    }
    let sending = alice.messenger.sent(Self.long, to: bob.number.e164, wantsReport: true)
    world.run(.seconds(30))
    #expect(alice.records.map(\.summary) == ["carrier no-acknowledgement sent"])
    #expect(alice.messenger.reports.map { UInt16($0.messageReference) } == [try #require(sending.responses.last?.messageReference)])
    #expect(bob.messenger.texts == ["+919876543210: \(Self.long)"])
  }

  @Test func itIsThereAfterARestart() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    let sending = alice.messenger.sent("Hello", to: bob.number.e164, wantsReport: true)
    alice.kill()
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    world.run(.seconds(1))
    #expect(alice.messenger.reports.map { UInt16($0.messageReference) } == [try #require(sending.responses.last?.messageReference)])
  }
}
