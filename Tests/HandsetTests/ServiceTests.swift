import Interposer
import QMI
import Routing
import Telephony
import Testing
import VirtualModem

@testable import Handset
@testable import RelayProtocol

/// What a carrier does beside people's texts, and what becomes of them when a modem or its SIM is full, or away for a while.
@Suite struct ServiceTests {
  /// An MMS notification, in two parts to port 2948 (WAP push): octets that mean nothing here pass as they are. The same twice is
  /// two, for the carrier says so.
  @Test func aWAPPushPassesAsItIs() throws {
    let world = World()
    let (_, bob) = try Device.pair(world)
    let ports = try InformationElement(.init(rawValue: 0x05), data: [0x0B, 0x84, 0x23, 0xF0])
    for round in 1...2 {
      var sent: [[UInt8]] = []
      for number in 1...2 as ClosedRange<UInt8> {
        let place = try #require(Concatenation(reference: UInt16(round), total: 2, number: number, isWide: false))
        let submit = try SMSSubmit(
          destinationAddress: SMSAddress(bob.number), dataCodingScheme: DataCodingScheme(rawValue: 0x04),
          userData: UserData(octets: [UInt8](repeating: 0xA5 ^ number, count: 90), header: UserDataHeader([place.element, ports])))
        let deliver = SMSDeliver(
          delivering: submit, from: try SMSAddress(dialled: "60777"), at: ServiceCentreTimestamp(world.wall))
        sent.append(deliver.encoded())
        bob.modem.carrierSent(.deliver(id: UInt32(round * 10) + UInt32(number), tpdu: deliver.encoded()), now: world.now)
        world.run(.seconds(1))
      }
      let got = try bob.messenger.received.suffix(2).map { try RawPDU(decoding: $0.pdu).tpdu }
      #expect(got == sent && bob.messenger.received.count == 2 * round)
    }
    #expect(bob.records.map(\.summary) == ["carrier - delivered", "carrier - delivered"])
  }

  /// Nobody empties the modem: by IP texts arrive all the same, and the carrier keeps the others until there is room.
  @Test func aFullModemTakesTextsByIP() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    var count = 0
    while world.carrier.waitingCount(for: bob.number) == 0, count < 1_000 {
      world.inject("Filling \(count)", from: "+447700900123", to: bob)
      world.run(.seconds(1))
      count += 1
    }
    let before = bob.messenger.texts.count
    #expect(before == count - 1)
    let long = String(repeating: "Three parts of text go here. ", count: 14)
    #expect(alice.messenger.sent(long, to: bob.number.e164).hasSucceeded)
    world.run(.seconds(2))
    #expect(alice.record(.outgoing)?.summary == "ip recipient-online delivered")
    #expect(bob.messenger.texts.last == "+919876543210: \(long)" && bob.messenger.texts.count == before + 1)
    #expect(world.carrier.waitingCount(for: bob.number) == 1)
    // One is deleted: what waited comes, once.
    bob.messenger.delete(try #require(bob.messenger.received.first { $0.deliver?.concatenation == nil }).location)
    world.run(.seconds(120))
    #expect(world.carrier.waitingCount(for: bob.number) == 0)
    #expect(bob.messenger.texts.count == before + 2 && bob.messenger.texts.last == "+447700900123: Filling \(count - 1)")
  }

  /// The modem and its SIM are away and back, again and again, while people write by both routes: no text is shown a second time, and
  /// nothing is sent once more.
  @Test func aModemThatComesBackBringsNothingTwice() throws {
    let world = World()
    let (alice, bob) = try Device.pair(world)
    bob.messenger.deletesWhatItReads = true
    var shown: [String] = []
    for round in 0..<8 {
      for index in 0..<3 { #expect(alice.messenger.sent("Round \(round), text \(index)", to: bob.number.e164).hasSucceeded) }
      world.run(.seconds(2))
      shown += bob.messenger.texts
      bob.unplug()
      // While it is away the carrier keeps what is for it.
      for index in 3..<6 { #expect(alice.messenger.sent("Round \(round), text \(index)", to: bob.number.e164).hasSucceeded) }
      world.run(.seconds(20))
      bob.plugIn()
      bob.messenger.start()
      world.run(until: { bob.isOnline && bob.messenger.isReady })
      world.run(.seconds(90))
    }
    shown += bob.messenger.texts
    let expected = (0..<8).flatMap { round in (0..<6).map { "+919876543210: Round \(round), text \($0)" } }
    #expect(shown.sorted() == expected.sorted())
    #expect(alice.records.count == 48 && alice.records.filter { $0.route == .ip }.count == 24)
    #expect(bob.records.filter { $0.route == .ip }.map(\.outcome) == Array(repeating: .delivered, count: 24))
    #expect(bob.handset?.interposer.storedMessageCount == 0)
    #expect(bob.modem.storedMessages(in: .nv).isEmpty && bob.modem.storedMessages(in: .uim).isEmpty)
  }

  /// No SMS leaves a handset for its registration: none is billed.
  @Test func registeringSendsNoSMS() throws {
    let world = World()
    let alice = try Device(world, "+919876543210")
    alice.start()
    alice.messenger.start()
    world.run(until: { alice.messenger.isReady })
    _ = alice.answer(to: .enable(number: alice.number.e164))
    world.run(until: { alice.isOnline })
    _ = alice.answer(to: .lookUp(numbers: ["+447700900123"]))
    _ = alice.answer(to: .disable)
    world.run(.seconds(120))
    #expect(alice.state == "disabled" && world.relay.codes.count == 1)
    #expect(world.carrier.records.filter { $0.kind == .submit }.isEmpty)
  }
}
