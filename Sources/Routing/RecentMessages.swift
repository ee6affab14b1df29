public import Telephony

/// Remembers what was shown lately, so that the second copy of a message that came both by IP and by
/// carrier is recognised.
///
/// Only copies of *different* routes match, and each remembered copy suppresses one other: two equal
/// texts sent twice by the same route stay two.
public struct RecentMessages: Sendable {
  /// How long the other copy may take.
  public static let window: Duration = .seconds(600)
  /// Copies remembered at most; the oldest goes first.
  public static let capacity = 512

  private enum Copy: Sendable {
    case shown(sender: PhoneNumber, content: [UInt8])
    /// Its reader has deleted it, and what is kept of it is just enough to tell a copy by.
    case erased(matches: @Sendable (PhoneNumber, [UInt8]) -> Bool)

    func says(_ words: [UInt8], from person: PhoneNumber) -> Bool {
      switch self {
      case .shown(let sender, let content): sender == person && content == words
      case .erased(let matches): matches(person, words)
      }
    }
  }

  private struct Entry: Sendable {
    let copy: Copy
    let message: [UInt8]
    let route: Route
    let time: Duration
    /// By the wall clock as it was then.
    let wall: WallTime?
  }

  private var entries: [Entry] = []

  public init() {}

  public var count: Int { entries.count }

  /// Remembers a part that was shown.
  ///
  /// - Parameter content: What identifies the text: coding scheme, header without its concatenation
  ///   reference, and user data.
  /// - Parameter message: the id of the message it is a part of; empty when it has none.
  public mutating func remember(
    sender: PhoneNumber, content: [UInt8], route: Route, message: [UInt8] = [], now: Duration, wall: WallTime? = nil
  ) {
    remember(.shown(sender: sender, content: content), route, message, now, wall)
  }

  /// Remembers a part that was shown, and deleted by its reader, in an earlier run.
  public mutating func rememberErased(
    route: Route, message: [UInt8], now: Duration, wall: WallTime?,
    matches: @escaping @Sendable (_ sender: PhoneNumber, _ content: [UInt8]) -> Bool
  ) {
    remember(.erased(matches: matches), route, message, now, wall)
  }

  private mutating func remember(_ copy: Copy, _ route: Route, _ message: [UInt8], _ now: Duration, _ wall: WallTime?) {
    forget(before: now)
    if entries.count == Self.capacity { entries.removeFirst() }
    entries.append(Entry(copy: copy, message: message, route: route, time: now, wall: wall))
  }

  /// Whether anything shown by that route is remembered.
  public func remembers(_ route: Route, now: Duration) -> Bool {
    entries.contains { $0.route == route && now - $0.time <= Self.window }
  }

  /// Whether this is the other copy of something shown by the other route. At most once a copy.
  ///
  /// - Parameters:
  ///   - within: how long ago the other may have been shown, at most ``window``.
  ///   - shown: or when, by the wall clock as it was then, which may have been set since. What was shown after that is another
  ///     message in any case.
  /// - Returns: the id of the message that it is the other copy of, empty when that has none; nil when it is no copy.
  public mutating func takeOtherCopy(
    sender: PhoneNumber, content: [UInt8], route: Route, within: Duration = window, shown: ClosedRange<WallTime>? = nil,
    now: Duration
  ) -> [UInt8]? {
    forget(before: now)
    func isRecent(_ entry: Entry) -> Bool {
      guard let shown, let wall = entry.wall else { return now - entry.time <= within }
      return wall <= shown.upperBound && (wall >= shown.lowerBound || now - entry.time <= within)
    }
    guard
      let index = entries.firstIndex(where: {
        $0.route != route && isRecent($0) && $0.copy.says(content, from: sender)
      })
    else { return nil }
    return entries.remove(at: index).message
  }

  /// Whether something shown by the other route says the same. As often as it is asked.
  ///
  /// - Parameter within: how long ago the other may have been shown, at most ``window``.
  public func hasOtherCopy(
    sender: PhoneNumber, content: [UInt8], route: Route, within: Duration = window, now: Duration
  ) -> Bool {
    entries.contains {
      $0.route != route && now - $0.time <= min(within, Self.window) && $0.copy.says(content, from: sender)
    }
  }

  /// Whether the other copy of any part of the message may still come.
  public func remembers(message: [UInt8], now: Duration) -> Bool {
    entries.contains { !message.isEmpty && $0.message == message && now - $0.time <= Self.window }
  }

  /// The message was shown, but no other copy of it will come.
  public mutating func forget(message: [UInt8]) {
    entries.removeAll { !message.isEmpty && $0.message == message }
  }

  /// What says this was shown, but its other copy will not come.
  public mutating func forget(sender: PhoneNumber, content: [UInt8], route: Route) {
    entries.removeAll { $0.route == route && $0.copy.says(content, from: sender) }
  }

  private mutating func forget(before now: Duration) {
    entries.removeAll { now - $0.time > Self.window }
  }
}
