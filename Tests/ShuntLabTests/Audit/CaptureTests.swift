import Testing

@testable import shunt_lab

@Suite struct CaptureTests {
  private let matcher: LeakMatcher

  init() throws {
    matcher = LeakMatcher(LeakPatterns(try LeakSecret.list("text See you at seven")))
  }

  /// A pcap file of Ethernet frames.
  private func capture(_ packets: [[UInt8]], linkType: UInt8 = 1, cut: Int = 0) -> [UInt8] {
    [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, linkType, 0, 0, 0]
      + packets.flatMap { packet -> [UInt8] in
        let count = packet.count - cut
        return [0, 0, 0, 0, 0, 0, 0, 0, UInt8(count), 0, 0, 0, UInt8(packet.count), 0, 0, 0] + packet.prefix(count)
      }
  }

  private let ethernet: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00]

  private func segment(_ text: String, _ sequence: UInt32) -> [UInt8] {
    ethernet + PlantedPackets.packet(Array(text.utf8)[...], sequence: sequence)
  }

  private struct Found: Equatable {
    var packets: [Int] = []
    var streams: [String] = []
  }

  private func search(_ octets: [UInt8], pieceCount: Int = 10_000) throws -> (Found, CaptureSearch) {
    var search = CaptureSearch(matcher)
    var found = Found()
    let note = { (_: Int, place: CaptureSearch.Place, offset: Int) in
      switch place {
      case .packet(let number): found.packets.append(number)
      case .stream(let flow): found.streams.append("\(flow) at \(offset)")
      }
    }
    for start in stride(from: 0, to: octets.count, by: pieceCount) {
      try octets[start..<min(start + pieceCount, octets.count)].withUnsafeBytes { try search.append($0, found: note) }
    }
    try search.finish(found: note)
    return (found, search)
  }

  @Test func aTextInOnePacketIsFoundThereAndInTheStream() throws {
    let (found, search) = try search(capture([segment("Hello. See you at seven.", 5)]), pieceCount: 7)
    #expect(found == Found(packets: [1], streams: ["192.0.2.1:1 to 192.0.2.2:2 at 7"]))
    #expect(search.packetCount == 1 && search.streamCount == 1 && search.cutOctetCount == 0)
  }

  @Test func aTextAcrossPacketsIsFoundInTheStream() throws {
    let cut = [segment("Hello. See yo", 100), segment("at seven.", 115), segment("u ", 113)]
    let expected = Found(streams: ["192.0.2.1:1 to 192.0.2.2:2 at 7"])
    #expect(try search(capture(cut)).0 == expected)
    // Again, twice, overlapping.
    #expect(try search(capture([cut[1], cut[0], cut[0], segment("See you at", 107), cut[1]])).0 == expected)
    // With a part missing there are two runs.
    #expect(try search(capture([cut[0], cut[1]])).0 == Found())
  }

  @Test func sequenceNumbersBeginAgain() throws {
    let packets = [segment("Hello. See yo", .max - 6), segment("u at seven.", 6)]
    #expect(try search(capture(packets)).0.streams.count == 1)
  }

  @Test func aSecondConnectionOfThePortsIsAnotherStream() throws {
    var first = segment("", 99)
    first[ethernet.count + 33] = 0x02
    var second = first
    second[ethernet.count + 27] = 200
    let packets = [first, segment("See you", 100), second, segment(" at seven", 201)]
    let (found, search) = try search(capture(packets))
    #expect(found == Found() && search.streamCount == 2)
  }

  @Test func otherLinksAndPacketsAreSearched() throws {
    let packet = PlantedPackets.packet(Array("See you at seven".utf8)[...], sequence: 1)
    let tagged = Array(ethernet.prefix(12)) + [0x81, 0x00, 0, 5, 0x08, 0x00] + packet
    let cooked = [UInt8](repeating: 0, count: 16) + packet
    #expect(try search(capture([tagged])).0.streams.count == 1)
    #expect(try search(capture([cooked], linkType: 113)).0.streams.count == 1)
    #expect(try search(capture([packet], linkType: 101)).0.streams.count == 1)
    // UDP and anything else: the packet alone.
    var datagram = ethernet + packet
    datagram[ethernet.count + 9] = 17
    #expect(try search(capture([datagram])).0 == Found(packets: [1]))
    #expect(try search(capture([Array("See you at seven".utf8)])).0 == Found(packets: [1]))
  }

  @Test func ipv6WithOptionsIsPutTogether() throws {
    let tcp = Array(PlantedPackets.packet(Array("See you at seven".utf8)[...], sequence: 1).dropFirst(20))
    let addresses: [UInt8] = [UInt8](repeating: 0, count: 15) + [1] + [UInt8](repeating: 0, count: 15) + [2]
    let packet = [0x60, 0, 0, 0, 0, UInt8(tcp.count + 8), 0, 64] + addresses + [6, 0, 1, 4, 0, 0, 0, 0] + tcp
    let frame = Array(ethernet.prefix(12)) + [0x86, 0xDD] + packet
    #expect(try search(capture([frame])).0.streams == ["[0:0:0:0:0:0:0:1]:1 to [0:0:0:0:0:0:0:2]:2 at 0"])
  }

  @Test func whatWasNotCapturedIsCounted() throws {
    #expect(try search(capture([segment("See you at seven", 1)], cut: 4)).1.cutOctetCount == 4)
  }

  @Test func damagedFilesAreRefused() {
    #expect(throws: CaptureError.noCapture) { try search([UInt8](repeating: 7, count: 100)) }
    #expect(throws: CaptureError.nextGeneration) { try search([0x0A, 0x0D, 0x0D, 0x0A] + [UInt8](repeating: 0, count: 28)) }
    #expect(throws: LabError.self) { try search(Array(capture([segment("x", 1)]).dropLast())) }
    #expect(throws: LabError.self) { try search([0xD4, 0xC3]) }
    var huge = capture([segment("x", 1)])
    huge[24 + 11] = 0x7F
    #expect(throws: CaptureError.self) { try search(huge) }
  }

  @Test func streamsAreHeldUpToABound() throws {
    let packet = PlantedPackets.packet([UInt8](repeating: 0x5A, count: 60_000)[...], sequence: 1)
    let segment = try #require(TCPSegment(packet, linkType: PlantedPackets.linkType))
    var streams = TCPStreams()
    // The segments share their octets.
    while streams.add(segment) {}
    #expect(TCPStreams.maximumOctetCount - 60_000..<TCPStreams.maximumOctetCount ~= streams.octetCount)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func anyPacketIsTaken(seed: UInt64) throws {
    var generator = LeakTestGenerator(state: seed)
    var packet = segment("See you at seven", 1)
    for _ in 0..<4 { packet[Int.random(in: 0..<packet.count, using: &generator)] = .random(in: 0...255, using: &generator) }
    packet = Array(packet.prefix(Int.random(in: 0...packet.count, using: &generator)))
    _ = try search(capture([packet]))
  }
}

/// The same numbers for the same seed.
struct LeakTestGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 33)
  }
}
