/// A secret that was found, without the secret.
struct LeakFinding: Encodable, Equatable {
  /// Its kind and whose it is.
  let secret: String
  let encoding: String
  /// Where it was found first: a file, a packet, a stream.
  let place: String
  /// Where in that; in memory the address.
  let offset: Int
  var count = 1
}

/// What one search found, by pattern and kind of place.
struct LeakFindings {
  private let matcher: LeakMatcher
  private let secrets: [LeakSecret]
  private var findings: [Key: LeakFinding] = [:]
  private var order: [Key] = []

  private struct Key: Hashable {
    let pattern: Int
    let isInPacket: Bool
    let file: String?
  }

  init(_ matcher: LeakMatcher, _ secrets: [LeakSecret]) {
    self.matcher = matcher
    self.secrets = secrets
  }

  /// - Parameters:
  ///   - isInPacket: all packets of a capture count as one place, of which the first is named.
  ///   - file: files are places each.
  mutating func add(_ pattern: Int, _ offset: Int, place: String, isInPacket: Bool = false, file: String? = nil) {
    let key = Key(pattern: pattern, isInPacket: isInPacket, file: file)
    if findings[key] != nil {
      findings[key]?.count += 1
      return
    }
    let pattern = matcher.patterns[pattern]
    findings[key] = LeakFinding(
      secret: secrets[pattern.secret].label, encoding: pattern.encoding, place: place, offset: offset)
    order.append(key)
  }

  var all: [LeakFinding] { order.compactMap { findings[$0] } }
}

/// What one search did.
struct LeakSearch: Encodable {
  enum Kind: String, Encodable {
    case capture, frames, files, memory
  }

  let kind: Kind
  /// A path, or a process.
  let name: String
  /// Packets, records, files or regions of memory.
  var partCount = 0
  var octetCount = 0
  /// TCP streams of a capture, each way for itself; each way of a connection in a recording.
  var streamCount = 0
  /// Octets that could not be searched: pages that can't be read, parts of packets that were not captured.
  var unreadOctetCount = 0
  /// Own numbers in what the relay itself opened, which is where they have to be.
  var acceptedCount = 0
  /// Patterns planted in the search, and found again.
  var plantedCount = 0
  var plantedFoundCount = 0
  var findings: [LeakFinding] = []

  init(_ kind: Kind, _ name: String) {
    self.kind = kind
    self.name = name
  }

  /// The search is shown to find what there is.
  var isProved: Bool { plantedFoundCount == plantedCount && plantedCount > 0 }

  enum CodingKeys: String, CodingKey {
    case kind, name, findings
    case partCount = "parts"
    case octetCount = "octets"
    case streamCount = "streams"
    case unreadOctetCount = "unread_octets"
    case acceptedCount = "accepted"
    case plantedCount = "planted"
    case plantedFoundCount = "planted_found"
  }
}
