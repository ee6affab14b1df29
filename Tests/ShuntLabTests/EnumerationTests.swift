import ArgumentParser
import RelayProtocol
import Testing

@testable import shunt_lab

@Suite struct EnumerationTests {
  private static let day: Duration = .seconds(86_400)

  private func tested(_ registrations: Int, _ way: EnumerationAttack.Way = .wait, days: Int = 1) throws -> Int {
    let attack = EnumerationAttack(registrations: registrations, way: way)
    try attack.run(until: Self.day * days)
    return attack.tested
  }

  @Test func aRegistrationTestsFiveHundredNumbersAndTwentyAnHour() throws {
    #expect(try tested(1) == 500 + 24 * 20)
    #expect(try tested(1, days: 30) == 500 + 30 * 24 * 20)
  }

  @Test func registrationsAddUp() throws {
    #expect(try tested(7) == 7 * 980)
  }

  @Test func askingAtTheEndOfADayCostsNothingLater() throws {
    let attack = EnumerationAttack(registrations: 1)
    var days: [Int] = []
    for day in 1...3 {
      try attack.run(until: Self.day * day)
      days.append(attack.tested)
    }
    #expect(days == [980, 1460, 1940])
  }

  /// The relay counts by number token: neither another session nor another device has an allowance of its own.
  @Test(arguments: EnumerationAttack.Way.allCases) func nothingIsGainedByBeginningAnew(way: EnumerationAttack.Way) throws {
    #expect(try tested(2, way, days: 3) == 2 * (500 + 3 * 24 * 20))
  }

  @Test func aNewRegistrationIsReallyMade() throws {
    let attack = EnumerationAttack(registrations: 1, way: .newRegistration)
    try attack.run(until: Self.day)
    #expect(attack.statistics.registrationsMade == 3)
    let other = EnumerationAttack(registrations: 1, way: .newSession)
    try other.run(until: Self.day)
    #expect(other.statistics.sessionsOpened > 8)
  }

  @Test func theLimitsAreTheRelaysOwn() throws {
    var limits = RelayLimits()
    limits.evaluationBurst = 100
    limits.evaluationsPerHour = 10
    let attack = EnumerationAttack(registrations: 1, limits: limits)
    try attack.run(until: Self.day)
    #expect(attack.tested == 340)
    #expect(attack.statistics.elementsEvaluated == 340)
    #expect(attack.statistics.tokensLookedUp == 340)
  }

  @Test func howLongAnAddressBookTakes() throws {
    #expect(try EnumerationAttack(registrations: 1).time(toTest: 448) == .zero)
    let time = try EnumerationAttack(registrations: 1).time(toTest: 1024)
    #expect(time >= .seconds((1024 - 500) * 180) && time < .seconds((1024 - 500) * 180 + 60))
  }

  @Test func theReport() throws {
    let report = try EnumerationReport(registrations: [1, 2])
    #expect(
      report.rows == [
        EnumerationReport.Row(registrations: 1, inADay: 980, inThirtyDays: 14_900),
        EnumerationReport.Row(registrations: 2, inADay: 1_960, inThirtyDays: 29_800),
      ])
    #expect(
      report.lines == [
        """
        registrations  numbers in a day  in 30 days  of 10⁹ in 30 days
        1                           980      14,900           0.0015 %
        2                         1,960      29,800           0.0030 %
        """,
        "a new session after each refusal, one registration in 30 days: gains nothing",
        "a new registration of the number after each refusal, one registration in 30 days: gains nothing",
        "each registration is a number of its own, which got a code by SMS",
      ])
    #expect(
      report.json.first == #"{"registrations":1,"numbers_in_a_day":980,"numbers_in_30_days":14900}"#)
  }

  @Test func whatAWholeRangeCosts() {
    let report = OfflineReport(
      withScrypt: OfflineSearch(milliseconds: 36), without: OfflineSearch(milliseconds: 0.36))
    #expect(
      report.lines[2] == """
        offline, a whole range                           numbers        with scrypt  core-years         without  core-years
        mobile, United Kingdom (7 and 9 digits)    1,000,000,000  10,000 core-hours        1.14  100 core-hours        0.01
        mobile, India (6 to 9 and 9 digits)        4,000,000,000  40,000 core-hours        4.56  400 core-hours        0.05
        all of North America (800 · 800 · 10,000)  6,400,000,000  64,000 core-hours        7.30  640 core-hours        0.07
        """)
    #expect(report.lines[3].hasSuffix("1,000,000,000 · 36.00 ms = 10,000 core-hours"))
    #expect(report.lines[4].contains("1,000 cores like this one need 10.0 hours"))
    #expect(report.lines[5].contains("16 MiB") && report.lines[5].contains("15.6 GiB"))
    #expect(
      report.json[0]
        == #"{"range":"mobile, United Kingdom (7 and 9 digits)","numbers":1000000000,"core_hours_with_scrypt":10000,"core_hours_without":100,"microseconds_with_scrypt":36000,"microseconds_without":360}"#
    )
  }

  @Test func measuringCostsOnThisMachine() throws {
    let (withScrypt, without) = try OfflineSearch.measure(rounds: 1)
    #expect(without.milliseconds > 0 && withScrypt.milliseconds > without.milliseconds)
  }

  @Test func arguments() throws {
    #expect(try BenchEnumerationCommand.parse([]).registrations == [1, 10, 100, 1000])
    #expect(try BenchEnumerationCommand.parse(["--registrations", "3", "5", "--json"]).registrations == [3, 5])
    for wrong in [["--registrations", "0"], ["--registrations", "10001"], ["--registrations"]] {
      #expect(throws: (any Error).self, "\(wrong)") { try BenchEnumerationCommand.parse(wrong) }
    }
  }
}
