import QMI
import Testing

@Suite struct QMUXFrameDecoderTests {
  let frames: [QMUXFrame]
  let stream: [UInt8]

  init() throws {
    var generator = SeededGenerator(seed: 1)
    frames = (0..<20).map { _ in generator.frame() }
    stream = frames.flatMap(\.octets)
  }

  func drain(_ decoder: inout QMUXFrameDecoder) throws -> [QMUXFrame] {
    var result: [QMUXFrame] = []
    while let frame = try decoder.next() { result.append(frame) }
    return result
  }

  @Test func takesFramesWhole() throws {
    var decoder = QMUXFrameDecoder()
    for frame in frames {
      #expect(try decoder.next() == nil)
      decoder.append(frame.octets)
      #expect(try decoder.next() == frame)
      #expect(decoder.pendingOctetCount == 0)
    }
    #expect(try decoder.next() == nil)
  }

  @Test func takesFramesFromARawBuffer() throws {
    var decoder = QMUXFrameDecoder()
    stream.withUnsafeBytes { decoder.append($0) }
    #expect(try drain(&decoder) == frames)
    stream.withUnsafeBytes { decoder.append(UnsafeRawBufferPointer(rebasing: $0.prefix(5))) }
    stream.withUnsafeBytes { decoder.append(UnsafeRawBufferPointer(rebasing: $0.dropFirst(5))) }
    #expect(try drain(&decoder) == frames)
    decoder.append(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(try decoder.next() == nil)
  }

  @Test func takesCoalescedFrames() throws {
    var decoder = QMUXFrameDecoder()
    decoder.append(stream)
    #expect(decoder.pendingOctetCount == stream.count)
    #expect(try drain(&decoder) == frames)
    #expect(decoder.pendingOctetCount == 0)
  }

  @Test func takesOneOctetAtATime() throws {
    var decoder = QMUXFrameDecoder()
    var result: [QMUXFrame] = []
    for octet in stream {
      decoder.append(CollectionOfOne(octet))
      result += try drain(&decoder)
    }
    #expect(result == frames)
  }

  @Test(arguments: 0..<64 as Range<UInt64>)
  func takesAnySplit(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var decoder = QMUXFrameDecoder()
    var result: [QMUXFrame] = []
    var position = 0
    while position < stream.count {
      let end = min(stream.count, position + Int.random(in: 1...120, using: &generator))
      decoder.append(stream[position..<end])
      position = end
      // Sometimes more comes before the frames are asked for.
      if Bool.random(using: &generator) { result += try drain(&decoder) }
    }
    result += try drain(&decoder)
    #expect(result == frames, "seed \(seed)")
  }

  @Test func aFrameOfTheMaximumSizePasses() throws {
    var builder = QMIMessageBuilder(.request, service: .dms, client: 1, transaction: 1, message: 0x20)
    let room = builder.remainingOctetCount - 3
    #expect(room == QMUXFrame.maximumOctetCount - 13 - 3)
    builder.append(0x01, [UInt8](repeating: 0x55, count: room))
    #expect(builder.remainingOctetCount == 0)
    let largest = builder.finish()
    #expect(largest.octets.count == QMUXFrame.maximumOctetCount)
    #expect(try QMUXFrame(largest.octets) == largest)
    var decoder = QMUXFrameDecoder()
    for start in stride(from: 0, to: largest.octets.count, by: 4096) {
      #expect(try decoder.next() == nil)
      decoder.append(largest.octets[start..<min(start + 4096, largest.octets.count)])
    }
    #expect(try decoder.next() == largest)
    decoder.append(frames[0].octets)
    #expect(try decoder.next() == frames[0])
  }

  @Test func aLostMarkerIsFinal() throws {
    var decoder = QMUXFrameDecoder()
    decoder.append(frames[0].octets + [0xFE] + frames[1].octets)
    #expect(try decoder.next() == frames[0])
    for _ in 0..<3 {
      #expect(throws: QMUXError.badMarker(0xFE)) { try decoder.next() }
      decoder.append(frames[2].octets)
      #expect(decoder.pendingOctetCount == 0)
    }
  }

  @Test func aBadFrameIsSkippedAlone() throws {
    var decoder = QMUXFrameDecoder()
    let bad = SeededGenerator.frameOctets(service: 5, flags: 0, message: 1, tlvs: [0x01, 9, 0])
    decoder.append(frames[0].octets + bad + frames[1].octets)
    #expect(try decoder.next() == frames[0])
    #expect(throws: QMUXError.truncatedTLV) { try decoder.next() }
    #expect(try decoder.next() == frames[1])
    #expect(try decoder.next() == nil)
  }

  @Test func aLengthThatHoldsNoHeaderIsSkippedAlone() throws {
    var decoder = QMUXFrameDecoder()
    decoder.append([0x01, 0x00, 0x00])
    #expect(throws: QMUXError.tooShort(octetCount: 1)) { try decoder.next() }
    // What was taken for a length is looked at as the next marker.
    #expect(throws: QMUXError.badMarker(0x00)) { try decoder.next() }
  }

  @Test func waitsForTheRest() throws {
    let octets = frames[3].octets
    for count in 0..<octets.count {
      var decoder = QMUXFrameDecoder()
      decoder.append(octets.prefix(count))
      #expect(try decoder.next() == nil)
      #expect(decoder.pendingOctetCount == count)
      decoder.append(octets.dropFirst(count))
      #expect(try decoder.next() == frames[3])
    }
  }
}
