internal import RelayProtocol

/// Searches what a relay recorded: each way of each connection put together, and what the relay opened by itself.
struct RecordingSearch {
  private let matcher: LeakMatcher
  private var decoder = RecordingDecoder()
  private var scans: [Stream: LeakScan] = [:]
  private(set) var recordCount = 0
  private(set) var octetCount = 0

  struct Stream: Hashable, CustomStringConvertible {
    let kind: RecordedOctets.Kind
    let connection: UInt64

    var description: String {
      switch kind {
      case .received: "received on connection \(connection)"
      case .sent: "sent on connection \(connection)"
      case .opened: "opened by the relay"
      }
    }
  }

  init(_ matcher: LeakMatcher) { self.matcher = matcher }

  var streamCount: Int { scans.count }

  mutating func append(_ octets: some Collection<UInt8>, found: (Int, Stream, Int) -> Void) throws {
    decoder.append(octets)
    while let record = try decoder.next() { add(record, found: found) }
  }

  mutating func add(_ record: RecordedOctets, found: (Int, Stream, Int) -> Void) {
    recordCount += 1
    octetCount += record.octets.count
    let stream = Stream(kind: record.kind, connection: record.connection)
    record.octets.withUnsafeBytes { octets in
      var scan = scans[stream] ?? LeakScan(matcher)
      scan.append(octets) { found($0, stream, $1) }
      // Each number that was opened stands for itself.
      if record.kind == .opened { scan.interrupt() }
      scans[stream] = scan
    }
  }

  /// - Throws: when the recording ends within a record.
  func finish() throws {
    guard decoder.pendingOctetCount == 0 else { throw LabError("it ends in the middle of a record; was it copied whole?") }
  }

  static func run(_ path: String, _ matcher: LeakMatcher, _ secrets: [LeakSecret]) throws -> LeakSearch {
    var search = LeakSearch(.frames, path)
    var findings = LeakFindings(matcher, secrets)
    var recording = RecordingSearch(matcher)
    var accepted: Set<Int> = []
    do {
      let file = try OctetFile(path)
      while let piece = try file.next() {
        try recording.append(piece) { pattern, stream, offset in
          if stream.kind == .opened, secrets[matcher.patterns[pattern].secret].kind == .ownNumber {
            accepted.insert(matcher.patterns[pattern].secret)
          } else {
            findings.add(pattern, offset, place: "\(stream)")
          }
        }
      }
      try recording.finish()
    } catch {
      throw LabError("cannot search \(path): \(error)")
    }
    search.partCount = recording.recordCount
    search.octetCount = recording.octetCount
    search.streamCount = recording.streamCount
    search.acceptedCount = accepted.count
    search.findings = findings.all
    (search.plantedCount, search.plantedFoundCount) = prove(recording, matcher)
    return search
  }

  /// Goes on with a connection that nobody has, on which every pattern is cut between two records.
  private static func prove(_ recording: RecordingSearch, _ matcher: LeakMatcher) -> (Int, Int) {
    var plant = LeakPlant(matcher)
    var found: Set<Int> = []
    var recording = recording
    for pattern in matcher.patterns {
      let example = pattern.example
      let cut = example.count / 2
      for part in [example[..<cut], example[cut...]] {
        recording.add(RecordedOctets(kind: .received, connection: .max, octets: Array(part))) { pattern, stream, _ in
          if stream.connection == .max { found.insert(pattern) }
        }
      }
    }
    for pattern in found { plant.found(pattern) }
    return (plant.plantedCount, plant.foundCount)
  }
}
