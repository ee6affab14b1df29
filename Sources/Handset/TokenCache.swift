internal import FoundationEssentials
internal import RelayProtocol
internal import SwiftProtobuf
internal import Telephony

/// Number tokens asked for before, which spare the relay and the battery: a token of a generation never changes.
struct TokenCache: Sendable {
  /// Contacts remembered at most; the one asked for longest ago goes first.
  static let capacity = 5_000
  /// How long a token is kept, in seconds.
  static let maximumAge: UInt64 = 30 * 86_400

  private struct Entry: Sendable {
    let token: NumberToken
    /// Seconds since 1970.
    let fetched: UInt64
  }

  private(set) var generation: TokenGeneration?
  private var entries: [PhoneNumber: Entry] = [:]

  init() {}

  /// What can't be read is as good as not there.
  init(serialized octets: [UInt8]) {
    guard let state = try? StateTokenCache(serializedBytes: octets) else { return }
    generation = TokenGeneration(rawValue: state.generation)
    for cached in state.tokens.prefix(Self.capacity) {
      guard let number = try? PhoneNumber(e164: cached.number), let token = try? NumberToken([UInt8](cached.token))
      else { continue }
      entries[number] = Entry(token: token, fetched: cached.fetched)
    }
  }

  var serialized: [UInt8] {
    var state = StateTokenCache()
    state.generation = generation?.rawValue ?? 0
    state.tokens = entries.map { number, entry in
      var cached = StateCachedToken()
      cached.number = number.e164
      cached.token = .init(entry.token.octets)
      cached.fetched = entry.fetched
      return cached
    }
    return (try? state.serializedBytes()) ?? []
  }

  var count: Int { entries.count }

  /// The token of `number`, when it is of `generation` and not too old.
  func token(for number: PhoneNumber, generation: TokenGeneration, wall: WallTime) -> NumberToken? {
    guard generation == self.generation, let entry = entries[number] else { return nil }
    let now = Self.seconds(wall)
    guard entry.fetched <= now, now - entry.fetched <= Self.maximumAge else { return nil }
    return entry.token
  }

  mutating func store(_ token: NumberToken, for number: PhoneNumber, generation: TokenGeneration, wall: WallTime) {
    if generation != self.generation {
      entries = [:]
      self.generation = generation
    }
    if entries.count >= Self.capacity, entries[number] == nil,
      let oldest = entries.min(by: { $0.value.fetched < $1.value.fetched })?.key
    {
      entries[oldest] = nil
    }
    entries[number] = Entry(token: token, fetched: Self.seconds(wall))
  }

  private static func seconds(_ wall: WallTime) -> UInt64 {
    UInt64(clamping: wall.millisecondsSince1970 / 1000)
  }
}
