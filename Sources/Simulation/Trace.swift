/// What happened in a run, in order: always as a hash, and as lines when somebody wants to read them.
///
/// Nothing in it depends on keys, on the process or on the machine, so the same plan gives the same hash everywhere.
final class Trace {
  private(set) var hash = StableHash()
  private(set) var lines: [String] = []
  /// The number of things that happened.
  private(set) var count = 0
  private let keepsLines: Bool

  init(keepsLines: Bool) { self.keepsLines = keepsLines }

  /// - Parameters:
  ///   - place: who it happened to: `h0`, `relay`, `carrier`.
  ///   - value: what tells this event from others of its kind.
  func add(_ now: Duration, _ place: Int, _ event: StaticString, _ value: Int = 0, _ detail: @autoclosure () -> String = "") {
    count += 1
    let (seconds, attoseconds) = now.components
    hash.add(UInt64(bitPattern: seconds))
    hash.add(UInt64(bitPattern: attoseconds))
    hash.add(UInt64(bitPattern: Int64(place)))
    // What it says, not where it is: that differs from process to process.
    hash.add(UInt64(event.utf8CodeUnitCount))
    event.withUTF8Buffer { octets in
      for octet in octets.prefix(12) { hash.add(UInt64(octet)) }
    }
    hash.add(UInt64(bitPattern: Int64(value)))
    guard keepsLines else { return }
    let text = detail()
    let milliseconds = attoseconds / 1_000_000_000_000_000
    let padding = String(repeating: "0", count: 3 - String(milliseconds).count)
    let number = value == 0 ? "" : " \(value)"
    lines.append(
      "\(seconds).\(padding)\(milliseconds) \(Self.name(place)) \(event)\(number)\(text.isEmpty ? "" : ": \(text)")")
  }

  static let relay = -1
  static let carrier = -2
  static let world = -3

  private static func name(_ place: Int) -> String {
    switch place {
    case relay: "relay  "
    case carrier: "carrier"
    case world: "world  "
    default: "h\(place)     "
    }
  }
}
