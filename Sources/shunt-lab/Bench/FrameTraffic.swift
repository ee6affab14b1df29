/// The frames that went one way.
struct FrameTraffic: Equatable {
  /// The most octets of content in a TLS record (RFC 8446, section 5.1).
  private static let recordOctetCount = 16_384
  /// What TLS 1.3 adds to each: its header, the type behind the content, and the tag of the cipher (section 5.2).
  private static let recordOverhead = 5 + 1 + 16

  private(set) var frames = 0
  private(set) var octets = 0
  /// TLS records, when each frame is written as one piece.
  private(set) var records = 0

  var tlsOctets: Int { records * Self.recordOverhead }

  mutating func add(_ frame: [UInt8]) {
    frames += 1
    octets += frame.count
    records += (frame.count + Self.recordOctetCount - 1) / Self.recordOctetCount
  }

  /// What came after `earlier`.
  func since(_ earlier: FrameTraffic) -> FrameTraffic {
    var difference = self
    difference.frames -= earlier.frames
    difference.octets -= earlier.octets
    difference.records -= earlier.records
    return difference
  }
}
