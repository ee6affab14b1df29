internal import RelayProtocol
internal import Sealing
internal import Telephony

/// What it costs whoever has a relay's keys, its operator or a thief, to make the tokens of all numbers of a range and see
/// which of them are registered.
struct OfflineSearch {
  struct Range {
    var name: String
    var numbers: Int
  }

  /// All numbers that the numbering plan has room for, whether given out or not.
  static let ranges = [
    Range(name: "mobile, United Kingdom (7 and 9 digits)", numbers: 1_000_000_000),
    Range(name: "mobile, India (6 to 9 and 9 digits)", numbers: 4_000_000_000),
    // The area code and the exchange begin with 2 to 9.
    Range(name: "all of North America (800 · 800 · 10,000)", numbers: 6_400_000_000),
  ]

  /// Milliseconds of one core for a number.
  var milliseconds: Double

  func coreHours(_ range: Range) -> Double { Double(range.numbers) * milliseconds / 1000 / 3600 }
  func coreYears(_ range: Range) -> Double { coreHours(range) / (24 * 365.25) }

  /// Measures both ways on this machine.
  static func measure(rounds: Int) throws -> (withScrypt: OfflineSearch, without: OfflineSearch) {
    let keys = try RelayKeys()
    guard let generation = keys.generations.first else { throw LabError("no number-token key") }
    let number = try PhoneNumber(e164: "+447700900123")
    let stretched = try StretchedNumber(number, salt: keys.numberSalt)
    let latencies = try TimedOperation.measure(
      [
        TimedOperation("with scrypt") { _ = try keys.token(for: number, generation: generation) },
        TimedOperation("without") { _ = try keys.token(for: stretched, generation: generation) },
      ], rounds: rounds)
    return (OfflineSearch(milliseconds: latencies[0].median / 1000), OfflineSearch(milliseconds: latencies[1].median / 1000))
  }
}
