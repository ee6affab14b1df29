import Testing
@testable import Telephony

@Suite struct WallTimeTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_795_392_931_042, "2026-11-23T00:15:31.042Z"), (951_825_600_000, "2000-02-29T12:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (946_684_799_000, "1999-12-31T23:59:59.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
  ] as [(Int64, String)])
  func formatsAndParses(_ milliseconds: Int64, _ text: String) {
    #expect(WallTime(millisecondsSince1970: milliseconds).rfc3339 == text)
    #expect(WallTime(rfc3339: text)?.millisecondsSince1970 == milliseconds)
  }

  @Test func parsesOffsetsAndFractions() {
    #expect(WallTime(rfc3339: "2026-11-23T05:45:31+05:30")?.rfc3339 == "2026-11-23T00:15:31.000Z")
    #expect(WallTime(rfc3339: "2026-11-22T16:15:31.5-08:00")?.rfc3339 == "2026-11-23T00:15:31.500Z")
    #expect(WallTime(rfc3339: "2026-11-23t00:15:31.123456789z")?.rfc3339 == "2026-11-23T00:15:31.123Z")
  }

  @Test(arguments: [
    "", "2026", "2026-11-23", "2026-11-23T00:15:31", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z",
    "2026-11-23T00:15:31.Z", "2026-11-23T00:15:31+24:00", "2026-11-23T00:15:31Zx", "2026-11-23T00:60:31Z", "x026-11-23T00:15:31Z",
  ])
  func refusesOtherTexts(_ text: String) {
    #expect(WallTime(rfc3339: text) == nil)
  }

  @Test func civilTimeGoesBothWays() {
    var generator = SeededGenerator(seed: 0x5EED_0001)
    for _ in 0..<20_000 {
      let time = WallTime(millisecondsSince1970: Int64.random(in: -60_000_000_000_000...250_000_000_000_000, using: &generator))
      let civil = CivilTime(time)
      guard civil.wallTime == time,
        CivilTime(
          year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute, second: civil.second,
          millisecond: civil.millisecond) == civil
      else {
        Issue.record("\(time.millisecondsSince1970)")
        return
      }
    }
  }

  @Test func farEndsDoNotTrap() {
    for milliseconds in [Int64.min, .max] {
      let time = WallTime(millisecondsSince1970: milliseconds)
      #expect(!time.rfc3339.isEmpty)
      #expect(time.adding(.seconds(Int64.max)) >= time)
      #expect(time.adding(.seconds(Int64.min)) <= time)
      #expect(time.adding(.milliseconds(-1)) <= time)
    }
  }

  @Test func addsAndSubtracts() {
    let start = WallTime(millisecondsSince1970: 1000)
    #expect(start.adding(.milliseconds(1500)).millisecondsSince1970 == 2500)
    #expect(start.adding(.milliseconds(-1500)).millisecondsSince1970 == -500)
    #expect(start.adding(.milliseconds(1500)).since(start) == .milliseconds(1500))
  }
}
