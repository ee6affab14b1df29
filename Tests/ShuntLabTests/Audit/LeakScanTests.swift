import Testing

@testable import shunt_lab

@Suite struct LeakScanTests {
  private let matcher: LeakMatcher

  init() throws {
    matcher = LeakMatcher(LeakPatterns(try LeakSecret.list("imei 356938035643809\ntext See you at seven")))
  }

  private func offsets(_ pieces: [[UInt8]]) -> [Int] {
    var scan = LeakScan(matcher)
    var offsets: [Int] = []
    for piece in pieces {
      piece.withUnsafeBytes { octets in scan.append(octets) { offsets.append($1) } }
    }
    #expect(scan.octetCount == pieces.reduce(0) { $0 + $1.count })
    return offsets.sorted()
  }

  @Test func whatLiesAcrossPiecesIsFoundOnce() {
    let octets = [UInt8](repeating: 0, count: 300) + Array("See you at seven".utf8) + [UInt8](repeating: 0, count: 300)
    let whole = offsets([octets])
    #expect(whole == [300])
    for count in [1, 2, 3, 5, 16, 299, 301, 308, 316, 400] {
      let pieces = stride(from: 0, to: octets.count, by: count).map { Array(octets[$0..<min($0 + count, octets.count)]) }
      #expect(offsets(pieces) == whole, "pieces of \(count)")
    }
  }

  @Test func whatDoesNotFollowIsNotJoined() {
    var scan = LeakScan(matcher)
    var count = 0
    Array("See you ".utf8).withUnsafeBytes { scan.append($0) { _, _ in count += 1 } }
    scan.interrupt()
    Array("at seven".utf8).withUnsafeBytes { scan.append($0) { _, _ in count += 1 } }
    #expect(count == 0)
  }

  @Test func everyPatternIsFoundWhereverItIsPlanted() {
    for sample in [[], [UInt8](repeating: 0, count: 1000), (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }] {
      var plant = LeakPlant(matcher)
      plant.search(planted: sample)
      #expect(plant.foundCount == plant.plantedCount)
      #expect(plant.plantedCount > 100)
    }
  }
}
