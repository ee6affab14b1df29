internal import Sealing
internal import Telephony

/// Keys of people written to lately: the next message to them goes out without asking first. The relay says
/// when one is out of date.
struct ContactCache: Sendable {
  /// People remembered at most; the one written to longest ago goes first.
  static let capacity = 128
  /// How long a key is used without asking again.
  static let maximumAge: Duration = .seconds(600)

  private struct Entry: Sendable {
    let keyPackage: VerifiedKeyPackage
    let found: Duration
  }

  private var entries: [PhoneNumber: Entry] = [:]

  var count: Int { entries.count }

  func keyPackage(of number: PhoneNumber, now: Duration) -> VerifiedKeyPackage? {
    guard let entry = entries[number], now - entry.found <= Self.maximumAge else { return nil }
    return entry.keyPackage
  }

  mutating func remember(_ keyPackage: VerifiedKeyPackage, of number: PhoneNumber, now: Duration) {
    if entries.count >= Self.capacity, entries[number] == nil,
      let oldest = entries.min(by: { $0.value.found < $1.value.found })?.key
    {
      entries[oldest] = nil
    }
    entries[number] = Entry(keyPackage: keyPackage, found: now)
  }

  mutating func forget(_ number: PhoneNumber) {
    entries[number] = nil
  }

  mutating func forgetAll() {
    entries = [:]
  }
}
