import Testing
@testable import Telephony

@Suite struct TimeFieldTests {
  @Test func timestampsAreSwappedSemiOctets() throws {
    let time = try #require(WallTime(rfc3339: "2026-11-23T05:45:31+05:30"))
    let timestamp = ServiceCentreTimestamp(time, quartersFromUTC: 22)
    #expect(timestamp.octets == hex("62 11 32 50 54 13 22"))
    #expect(timestamp.wallTime == time)
    #expect(timestamp.quartersFromUTC == 22)
  }

  @Test func zonesWestOfGreenwichHaveTheSignBit() throws {
    let time = try #require(WallTime(rfc3339: "2011-01-11T17:59:15-03:30"))
    let timestamp = ServiceCentreTimestamp(time, quartersFromUTC: -14)
    #expect(timestamp.octets == hex("11 10 11 71 95 51 49"))
    #expect(timestamp.wallTime == time)
    #expect(timestamp.quartersFromUTC == -14)
  }

  @Test func lastCenturyIsRead() throws {
    #expect(try ServiceCentreTimestamp(octets: hex("99 30 92 51 61 95 80")).wallTime?.rfc3339 == "1999-03-29T13:16:59.000Z")
  }

  @Test(arguments: [
    "26 31 11 00 00 00 00", "62 20 03 00 00 00 00", "62 11 00 00 00 00 00", "A2 11 32 00 00 00 00", "62 11 32 42 00 00 00",
    "62 11 32 00 06 00 00", "62 11 32 00 00 06 00", "62 11 32 00 00 00 A0", "FF FF FF FF FF FF FF", "00 00 00 00 00 00 00",
  ])
  func whatIsNoDateHasNoTime(_ octets: String) throws {
    #expect(try ServiceCentreTimestamp(octets: hex(octets)).wallTime == nil)
  }

  @Test func everyZoneGoesBothWays() throws {
    var generator = SeededGenerator(seed: 0x5EED_0002)
    for quarters in -79...79 {
      let seconds = Int64.random(in: 700_000_000...3_700_000_000, using: &generator)
      let time = WallTime(millisecondsSince1970: seconds * 1000)
      let timestamp = ServiceCentreTimestamp(time, quartersFromUTC: quarters)
      #expect(timestamp.wallTime == time)
      #expect(timestamp.quartersFromUTC == quarters)
    }
  }

  @Test func relativePeriodsFollowTheTable() {
    #expect(ValidityPeriod.relative(0).duration == .seconds(300))
    #expect(ValidityPeriod.relative(143).duration == .seconds(43_200))
    #expect(ValidityPeriod.relative(144).duration == .seconds(45_000))
    #expect(ValidityPeriod.relative(167).duration == .seconds(86_400))
    #expect(ValidityPeriod.relative(168).duration == .seconds(172_800))
    #expect(ValidityPeriod.relative(0xAA).duration == .seconds(4 * 86_400))
    #expect(ValidityPeriod.relative(196).duration == .seconds(30 * 86_400))
    #expect(ValidityPeriod.relative(197).duration == .seconds(5 * 604_800))
    #expect(ValidityPeriod.relative(255).duration == .seconds(63 * 604_800))
  }

  @Test func relativePeriodsAreNeverShorterThanAsked() {
    for value in UInt8.min...UInt8.max {
      #expect(ValidityPeriod(lasting: ValidityPeriod.duration(ofRelative: value)) == .relative(value))
    }
    for minutes in [0, 1, 6, 719, 721, 1439, 1441, 43_199, 43_201, 50_000, 600_000] {
      let duration = Duration.seconds(minutes * 60)
      #expect(ValidityPeriod(lasting: duration).duration ?? .zero >= duration)
    }
    #expect(ValidityPeriod(lasting: .seconds(-5)) == .relative(0))
    #expect(ValidityPeriod(lasting: .seconds(Int64.max)) == .relative(255))
  }

  @Test func enhancedPeriodsHaveThreeForms() throws {
    #expect(try EnhancedValidityPeriod(octets: hex("01 AA 00 00 00 00 00")).duration == .seconds(4 * 86_400))
    #expect(EnhancedValidityPeriod(seconds: 90).duration == .seconds(90))
    #expect(EnhancedValidityPeriod(seconds: 90, isSingleShot: true).isSingleShot)
    #expect(try EnhancedValidityPeriod(octets: hex("03 10 20 30 00 00 00")).duration == .seconds(3600 + 120 + 3))
    #expect(try EnhancedValidityPeriod(octets: hex("03 A0 20 30 00 00 00")).duration == nil)
    #expect(try EnhancedValidityPeriod(octets: hex("00 AA 00 00 00 00 00")).duration == nil)
    #expect(try EnhancedValidityPeriod(octets: hex("07 AA 00 00 00 00 00")).duration == nil)
    #expect(throws: TPDUError.truncated(.validityPeriod)) { try EnhancedValidityPeriod(octets: hex("03 10")) }
  }
}
