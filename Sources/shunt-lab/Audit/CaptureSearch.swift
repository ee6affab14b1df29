/// Searches a capture: every packet as it is, and the streams of TCP put together, so that what was cut between packets is found.
struct CaptureSearch {
  private let matcher: LeakMatcher
  private var decoder = CaptureDecoder()
  private var streams = TCPStreams()
  private(set) var packetCount = 0
  private(set) var octetCount = 0
  private(set) var cutOctetCount = 0

  /// A place in the capture where a pattern is.
  enum Place {
    case packet(Int)
    case stream(TCPFlow)
  }

  init(_ matcher: LeakMatcher) { self.matcher = matcher }

  var linkType: UInt32? { decoder.linkType }
  var streamCount: Int { streams.count }

  mutating func append(_ octets: UnsafeRawBufferPointer, found: (Int, Place, Int) -> Void) throws {
    decoder.append(octets)
    while let packet = try decoder.next() { try add(packet, found: found) }
  }

  private mutating func add(_ packet: CapturedPacket, found: (Int, Place, Int) -> Void) throws {
    packetCount += 1
    octetCount += packet.octets.count
    cutOctetCount += max(0, packet.wireOctetCount - packet.octets.count)
    let number = packetCount
    packet.octets.withUnsafeBytes { octets in matcher.scan(octets) { found($0, .packet(number), $1) } }
    guard let linkType, let segment = TCPSegment(packet.octets, linkType: linkType) else { return }
    guard streams.add(segment) else { throw LabError("the streams have more than \(TCPStreams.maximumOctetCount) octets") }
  }

  mutating func finish(found: (Int, Place, Int) -> Void) throws {
    guard linkType != nil, !decoder.isInPacket else { throw LabError("it is cut off") }
    for run in streams.runs {
      run.octets.withUnsafeBytes { octets in matcher.scan(octets) { found($0, .stream(run.flow), $1) } }
    }
  }

  static func run(_ path: String, _ matcher: LeakMatcher, _ secrets: [LeakSecret]) throws -> LeakSearch {
    var search = LeakSearch(.capture, path)
    var findings = LeakFindings(matcher, secrets)
    let find = { (pattern: Int, place: Place, offset: Int) in
      switch place {
      case .packet(let number): findings.add(pattern, offset, place: "packet \(number)", isInPacket: true)
      case .stream(let flow): findings.add(pattern, offset, place: "TCP \(flow)")
      }
    }
    var capture = CaptureSearch(matcher)
    do {
      try capture.read(path, found: find)
      try capture.finish(found: find)
    } catch {
      throw LabError("cannot search \(path): \(error)")
    }
    search.partCount = capture.packetCount
    search.octetCount = capture.octetCount
    search.streamCount = capture.streamCount
    search.unreadOctetCount = capture.cutOctetCount
    search.findings = findings.all
    (search.plantedCount, search.plantedFoundCount) = try prove(path, matcher)
    return search
  }

  private mutating func read(_ path: String, found: (Int, Place, Int) -> Void) throws {
    let file = try OctetFile(path)
    while let piece = try file.next() { try append(piece, found: found) }
  }

  /// Adds, to a copy of the capture in memory, a connection in which every pattern is cut between two segments, which come in the
  /// wrong order; looks for them in streams.
  private static func prove(_ path: String, _ matcher: LeakMatcher) throws -> (Int, Int) {
    var plant = LeakPlant(matcher)
    var found: Set<Int> = []
    let flow = PlantedPackets.flow
    let find = { (pattern: Int, place: Place, _: Int) in
      if case .stream(flow) = place { found.insert(pattern) }
    }
    var capture = CaptureSearch(matcher)
    try capture.read(path, found: { _, _, _ in })
    for packet in PlantedPackets.packets(cutting: matcher.patterns.map(\.example)) {
      // The capture's own link type counts; what is planted has none below IP.
      guard let segment = TCPSegment(packet, linkType: PlantedPackets.linkType), capture.streams.add(segment) else { continue }
    }
    try capture.finish(found: find)
    for pattern in found { plant.found(pattern) }
    return (plant.plantedCount, plant.foundCount)
  }
}

/// Packets of a TCP connection that no capture has, for showing that a search works.
enum PlantedPackets {
  static let linkType: UInt32 = 101
  static let flow = TCPFlow(source: [192, 0, 2, 1], sourcePort: 1, destination: [192, 0, 2, 2], destinationPort: 2)

  /// Two segments for each, the second half before the first.
  static func packets(cutting texts: [[UInt8]]) -> [[UInt8]] {
    var packets: [[UInt8]] = []
    // Near the end of sequence numbers, so that they begin again at zero.
    var sequence = UInt32.max - 100
    for text in texts {
      let cut = text.count / 2
      packets.append(packet(text[cut...], sequence: sequence &+ UInt32(cut)))
      packets.append(packet(text[..<cut], sequence: sequence))
      sequence &+= UInt32(text.count)
    }
    // The stream's first octets come first: where it begins is taken from there.
    return [packet([0xAA], sequence: UInt32.max - 101)] + packets
  }

  static func packet(_ payload: ArraySlice<UInt8>, sequence: UInt32) -> [UInt8] {
    func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    let address = [0x45, 0] + big(UInt16(40 + payload.count)) + [0, 0, 0, 0, 64, 6, 0, 0] + flow.source + flow.destination
    let ports = big(flow.sourcePort) + big(flow.destinationPort)
    return address + ports + big(sequence) + [0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0] + payload
  }
}
