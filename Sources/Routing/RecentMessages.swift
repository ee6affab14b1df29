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

  private struct Entry: Sendable {
    let sender: PhoneNumber
    let content: [UInt8]
    let route: Route
    let time: Duration
  }

  private var entries: [Entry] = []

  public init() {}

  public var count: Int { entries.count }

  /// Remembers a part that was shown.
  ///
  /// - Parameter content: What identifies the text: coding scheme, header without its concatenation
  ///   reference, and user data.
  public mutating func remember(sender: PhoneNumber, content: [UInt8], route: Route, now: Duration) {
    forget(before: now)
    if entries.count == Self.capacity { entries.removeFirst() }
    entries.append(Entry(sender: sender, content: content, route: route, time: now))
  }

  /// Whether this is the other copy of something shown by the other route. True at most once a copy.
  ///
  /// - Parameter within: how long ago the other may have been shown, at most ``window``.
  public mutating func isOtherCopy(
    sender: PhoneNumber, content: [UInt8], route: Route, within: Duration = window, now: Duration
  ) -> Bool {
    forget(before: now)
    guard
      let index = entries.firstIndex(where: {
        $0.route != route && $0.sender == sender && $0.content == content && now - $0.time <= within
      })
    else { return false }
    entries.remove(at: index)
    return true
  }

  /// Whether something shown by the other route says the same. As often as it is asked.
  ///
  /// - Parameter within: how long ago the other may have been shown, at most ``window``.
  public func hasOtherCopy(
    sender: PhoneNumber, content: [UInt8], route: Route, within: Duration = window, now: Duration
  ) -> Bool {
    entries.contains {
      $0.route != route && $0.sender == sender && $0.content == content && now - $0.time <= min(within, Self.window)
    }
  }

  /// What says this was shown, but its other copy will not come.
  public mutating func forget(sender: PhoneNumber, content: [UInt8], route: Route) {
    entries.removeAll { $0.route == route && $0.sender == sender && $0.content == content }
  }

  private mutating func forget(before now: Duration) {
    entries.removeAll { now - $0.time > Self.window }
  }
}
