internal import FoundationEssentials
internal import RelayProtocol
internal import SwiftProtobuf
internal import Telephony

/// Number tokens asked for before, which spare the relay and the battery: a token of a generation never changes. While
/// the relay replaces its number-token key, tokens of both are good.
struct TokenCache: Sendable {
  /// Tokens remembered at most; the one asked for longest ago goes first.
  static let capacity = 5_000
  /// How long a token is kept, in seconds.
  static let maximumAge: UInt64 = 30 * 86_400

  private struct Key: Hashable, Sendable {
    let number: PhoneNumber
    let generation: TokenGeneration
  }

  private struct Entry: Sendable {
    let token: NumberToken
    /// Seconds since 1970.
    let fetched: UInt64
  }

  private var entries: [Key: Entry] = [:]

  init() {}

  /// What can't be read is as good as not there.
  init(serialized octets: [UInt8]) {
    guard let state = try? StateTokenCache(serializedBytes: octets) else { return }
    for cached in state.tokens.prefix(Self.capacity) {
      let generation = cached.generation == 0 ? state.generation : cached.generation
      guard generation != 0, let number = try? PhoneNumber(e164: cached.number),
        let token = try? NumberToken([UInt8](cached.token))
      else { continue }
      entries[Key(number: number, generation: TokenGeneration(rawValue: generation))] =
        Entry(token: token, fetched: cached.fetched)
    }
  }

  var serialized: [UInt8] {
    var state = StateTokenCache()
    state.tokens = entries.map { key, entry in
      var cached = StateCachedToken()
      cached.number = key.number.e164
      cached.generation = key.generation.rawValue
      cached.token = .init(entry.token.octets)
      cached.fetched = entry.fetched
      return cached
    }
    return (try? state.serializedBytes()) ?? []
  }

  var count: Int { entries.count }

  /// The token of `number`, when it is of `generation` and not too old.
  func token(for number: PhoneNumber, generation: TokenGeneration, wall: WallTime) -> NumberToken? {
    guard let entry = entries[Key(number: number, generation: generation)] else { return nil }
    let now = Self.seconds(wall)
    guard entry.fetched <= now, now - entry.fetched <= Self.maximumAge else { return nil }
    return entry.token
  }

  mutating func store(_ token: NumberToken, for number: PhoneNumber, generation: TokenGeneration, wall: WallTime) {
    let key = Key(number: number, generation: generation)
    if entries.count >= Self.capacity, entries[key] == nil,
      let oldest = entries.min(by: { $0.value.fetched < $1.value.fetched })?.key
    {
      entries[oldest] = nil
    }
    entries[key] = Entry(token: token, fetched: Self.seconds(wall))
  }

  /// Forgets the tokens of other generations: the relay serves these only.
  ///
  /// - Returns: whether there were any.
  mutating func keepOnly(_ generations: [TokenGeneration]) -> Bool {
    let count = entries.count
    entries = entries.filter { generations.contains($0.key.generation) }
    return entries.count != count
  }

  private static func seconds(_ wall: WallTime) -> UInt64 {
    UInt64(clamping: wall.millisecondsSince1970 / 1000)
  }
}
