import RelayProtocol
import Testing

@Suite struct FrameDecoderTests {
  /// All frames of one sample, as they would stand in a stream.
  private func stream() throws -> (frames: [ClientFrame], octets: [UInt8]) {
    var samples = Samples(seed: 1)
    let frames = samples.clientFrames()
    return (frames, try frames.flatMap { try $0.encoded() })
  }

  @Test func coalesced() throws {
    let (frames, octets) = try stream()
    var decoder = RelayFrameDecoder()
    decoder.append(octets)
    for frame in frames { #expect(try decoder.nextClientFrame() == frame) }
    #expect(try decoder.nextClientFrame() == nil)
    #expect(decoder.pendingOctetCount == 0)
  }

  @Test func dripped() throws {
    let (frames, octets) = try stream()
    var decoder = RelayFrameDecoder()
    var decoded: [ClientFrame] = []
    for octet in octets {
      decoder.append(CollectionOfOne(octet))
      while let frame = try decoder.nextClientFrame() { decoded.append(frame) }
    }
    #expect(decoded == frames)
  }

  @Test func whole() throws {
    var decoder = RelayFrameDecoder()
    for frame in try stream().frames {
      let octets = try frame.encoded()
      octets.withUnsafeBytes { decoder.append($0) }
      #expect(try decoder.nextClientFrame() == frame)
      #expect(try decoder.nextClientFrame() == nil)
    }
  }

  @Test(arguments: 0..<UInt64(30)) func inRandomPieces(seed: UInt64) throws {
    let (frames, octets) = try stream()
    var generator = SeededGenerator(seed: seed)
    var decoder = RelayFrameDecoder()
    var decoded: [ClientFrame] = []
    var rest = octets[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...9_000, using: &generator)
      decoder.append(rest.prefix(count))
      rest = rest.dropFirst(count)
      // Now and then octets lie there for a while.
      while Bool.random(using: &generator), let frame = try decoder.nextClientFrame() { decoded.append(frame) }
    }
    while let frame = try decoder.nextClientFrame() { decoded.append(frame) }
    #expect(decoded == frames)
  }

  @Test func aCountOverTheLimitIsRefusedBeforeTheFrameArrives() throws {
    var decoder = RelayFrameDecoder()
    decoder.append([0, 0, 0x40, 0x01])
    #expect(throws: RelayFrameError.tooLarge(octetCount: 16_385)) { try decoder.next() }
    // The stream stays unusable, whatever comes.
    decoder.append([0, 0, 0, 2, 0x18, 0x01])
    #expect(throws: RelayFrameError.tooLarge(octetCount: 16_385)) { try decoder.next() }
    var largest = RelayFrameDecoder()
    largest.append([0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: RelayFrameError.tooLarge(octetCount: 4_294_967_295)) { try largest.next() }
  }

  @Test func aFrameOfTheLargestSizePasses() throws {
    var decoder = RelayFrameDecoder()
    decoder.append([0, 0, 0x40, 0x00] + [UInt8](repeating: 1, count: 16_384))
    #expect(try decoder.next()?.count == 16_384)
  }

  @Test func anEmptyFrameIsRefused() {
    var decoder = RelayFrameDecoder()
    decoder.append([0, 0, 0, 0])
    #expect(throws: RelayFrameError.empty) { try decoder.next() }
  }

  @Test func aBadFrameEndsTheStream() throws {
    var decoder = RelayFrameDecoder()
    // A field with wire type 7, which does not exist.
    decoder.append([0, 0, 0, 1, 0x0F])
    #expect(throws: RelayFrameError.malformed) { try decoder.nextServerFrame() }
    decoder.append(try ServerFrame(request: nil, message: .pong).encoded())
    #expect(throws: RelayFrameError.malformed) { try decoder.nextServerFrame() }
  }

  @Test func unusedOctetsAreNotKept() throws {
    var decoder = RelayFrameDecoder()
    let frame = try ServerFrame(request: nil, message: .pong).encoded()
    for _ in 0..<10_000 {
      decoder.append(frame)
      _ = try decoder.next()
      #expect(decoder.pendingOctetCount == 0)
    }
  }

  @Test func largerThanAFrameIsNotEncoded() {
    let message = ClientMessage.register(sealedNumber: [UInt8](repeating: 0, count: 20_000))
    let frame = ClientFrame(request: RequestID(rawValue: 1), message: message)
    #expect(throws: RelayFrameError.self) { try frame.encoded() }
  }
}
