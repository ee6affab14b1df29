import QMI
import Testing

/// Whatever the octets, decoding neither traps nor loses its place, and what decodes is what was there.
@Suite struct QMUXPropertyTests {
  /// The checks of ``QMUXFrame`` written the slow way, from the wire format.
  static func isFrame(_ octets: [UInt8]) -> Bool {
    guard octets.count >= 12, octets[0] == 1, Int(octets[1]) + 256 * Int(octets[2]) == octets.count - 1 else { return false }
    let start = octets[4] == 0 ? 12 : 13
    guard octets.count >= start else { return false }
    guard Int(octets[start - 2]) + 256 * Int(octets[start - 1]) == octets.count - start else { return false }
    var rest = octets.dropFirst(start)
    while !rest.isEmpty {
      guard rest.count >= 3 else { return false }
      let count = Int(rest[rest.startIndex + 1]) + 256 * Int(rest[rest.startIndex + 2])
      rest = rest.dropFirst(3)
      guard rest.count >= count else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func validationAgreesWithTheWireFormat(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let octets =
        Bool.random(using: &generator)
        ? generator.mutate(generator.frame().octets) : generator.octets(Int.random(in: 0...40, using: &generator))
      let frame = try? QMUXFrame(octets)
      #expect((frame != nil) == Self.isFrame(octets), "seed \(seed)")
      guard let frame else { continue }
      #expect(frame.octets == octets)
      let rebuilt = frame.tlvs.flatMap { tlv in
        [tlv.tag.rawValue, UInt8(tlv.value.count & 0xFF), UInt8(tlv.value.count >> 8)] + tlv.value
      }
      #expect(rebuilt == Array(octets.dropFirst(frame.isControl ? 12 : 13)), "seed \(seed)")
      for tlv in frame.tlvs {
        #expect(frame.value(of: tlv.tag) == frame.tlvs.first { $0.tag == tlv.tag }?.value)
      }
      _ = frame.result
      _ = frame.description
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func theSplitOfAStreamDoesNotMatter(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var stream: [UInt8] = []
    for _ in 0..<6 {
      let octets = generator.frame().octets
      stream += Int.random(in: 0..<4, using: &generator) == 0 ? generator.mutate(octets) : octets
    }
    enum Outcome: Equatable {
      case frame(QMUXFrame)
      case error(QMUXError)
    }
    func outcomes(_ pieces: [ArraySlice<UInt8>]) -> [Outcome] {
      var decoder = QMUXFrameDecoder()
      var result: [Outcome] = []
      for piece in pieces {
        decoder.append(piece)
        draining: while true {
          do {
            guard let frame = try decoder.next() else { break draining }
            result.append(.frame(frame))
          } catch {
            if result.last != .error(error) || !error.endsStream { result.append(.error(error)) }
            if error.endsStream { break draining }
          }
        }
      }
      return result
    }
    var pieces: [ArraySlice<UInt8>] = []
    var position = 0
    while position < stream.count {
      let end = min(stream.count, position + Int.random(in: 1...30, using: &generator))
      pieces.append(stream[position..<end])
      position = end
    }
    #expect(outcomes(pieces) == outcomes([stream[...]]), "seed \(seed)")
  }
}
