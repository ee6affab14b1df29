import RelayProtocol
import Testing

/// Whatever the octets: a frame or a ``RelayFrameError``, and what decodes encodes to something that decodes to the same.
@Suite struct FramePropertyTests {
  private func check(_ octets: [UInt8]) throws {
    if let frame = try? ClientFrame(decoding: octets), frame.message != .unrecognized {
      #expect(try ClientFrame(decoding: try frame.encoded().dropFirst(4)) == frame)
    }
    if let frame = try? ServerFrame(decoding: octets), frame.message != .unrecognized {
      let again = try ServerFrame(decoding: try frame.encoded().dropFirst(4))
      #expect(again == frame)
    }
  }

  @Test(arguments: 0..<UInt64(8)) func randomOctets(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      try check(generator.octets(.random(in: 0...300, using: &generator)))
    }
  }

  @Test(arguments: 0..<UInt64(8)) func mutatedFrames(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let frames = try samples.clientFrames().map { try $0.encoded() } + samples.serverFrames().map { try $0.encoded() }
    var generator = samples.generator
    for frame in frames {
      for _ in 0..<40 {
        try check(mutated(Array(frame.dropFirst(4)), &generator))
      }
    }
  }

  @Test(arguments: 0..<UInt64(8)) func mutatedStreams(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let stream = try samples.serverFrames().flatMap { try $0.encoded() }
    var generator = samples.generator
    for _ in 0..<20 {
      let octets = mutated(stream, &generator)
      // In one piece and in small ones, the same frames come out and the same error ends them.
      #expect(decode(octets, pieces: octets.count) == decode(octets, pieces: 97))
    }
  }

  private func decode(_ octets: [UInt8], pieces: Int) -> [Result<ServerFrame, RelayFrameError>] {
    var decoder = RelayFrameDecoder()
    var results: [Result<ServerFrame, RelayFrameError>] = []
    var rest = octets[...]
    while !rest.isEmpty {
      decoder.append(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
      do throws(RelayFrameError) {
        while let frame = try decoder.nextServerFrame() { results.append(.success(frame)) }
      } catch {
        results.append(.failure(error))
        break
      }
      #expect(decoder.pendingOctetCount < 4 + RelayFrame.maximumOctetCount)
    }
    return results
  }

  private func mutated(_ octets: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var octets = octets
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      guard let position = octets.indices.randomElement(using: &generator) else { return octets }
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: octets[position] = .random(in: .min ... .max, using: &generator)
      case 1: octets[position] ^= 1 << Int.random(in: 0..<8, using: &generator)
      case 2: octets.remove(at: position)
      case 3: octets.insert(.random(in: .min ... .max, using: &generator), at: position)
      default: octets.removeSubrange(position..<min(octets.count, position + 40))
      }
    }
    return octets
  }
}
