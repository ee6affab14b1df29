/// Why a capture can't be read.
enum CaptureError: Error, Equatable, CustomStringConvertible {
  /// Neither tcpdump's format nor one like it.
  case noCapture
  case nextGeneration
  case badPacket(octetCount: Int)

  var description: String {
    switch self {
    case .noCapture: "it is no pcap file"
    case .nextGeneration: "it is a pcapng file; make a pcap file of it: editcap -F pcap"
    case .badPacket(let octetCount): "it is damaged: a packet of \(octetCount) octets"
    }
  }
}

/// A packet of a capture.
struct CapturedPacket: Equatable {
  var octets: [UInt8]
  /// What it had on the wire; more than `octets` when the capture cut it.
  var wireOctetCount: Int
}

/// Cuts a pcap file into packets (draft-ietf-opsawg-pcap: a header of 24 octets, then packets with one of 16). Nil means more octets.
struct CaptureDecoder {
  /// Of a link's layer, LINKTYPE_*.
  private(set) var linkType: UInt32?
  private var isBigEndian = false
  private var buffer: [UInt8] = []
  private var start = 0

  static let headerOctetCount = 24
  static let packetHeaderOctetCount = 16
  /// More than tcpdump captures of a packet.
  static let maximumPacketOctetCount = 1 << 19

  mutating func append(_ octets: UnsafeRawBufferPointer) {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: octets)
  }

  /// Whether octets wait for the rest of their packet.
  var isInPacket: Bool { buffer.count > start }

  mutating func next() throws(CaptureError) -> CapturedPacket? {
    if linkType == nil {
      guard buffer.count >= Self.headerOctetCount else { return nil }
      try readHeader()
    }
    let body = start + Self.packetHeaderOctetCount
    guard buffer.count >= body else { return nil }
    let octetCount = Int(integer(at: start + 8))
    guard octetCount <= Self.maximumPacketOctetCount else { throw .badPacket(octetCount: octetCount) }
    let wireOctetCount = Int(integer(at: start + 12))
    guard buffer.count - body >= octetCount else { return nil }
    start = body + octetCount
    return CapturedPacket(octets: Array(buffer[body..<start]), wireOctetCount: wireOctetCount)
  }

  private mutating func readHeader() throws(CaptureError) {
    // Microseconds or nanoseconds, in the order of the machine that captured.
    switch integer(at: 0) {
    case 0xA1B2_C3D4, 0xA1B2_3C4D: break
    case 0xD4C3_B2A1, 0x4D3C_B2A1: isBigEndian = true
    case 0x0A0D_0D0A: throw .nextGeneration
    default: throw .noCapture
    }
    linkType = integer(at: 20) & 0x0FFF_FFFF
    start = Self.headerOctetCount
  }

  private func integer(at index: Int) -> UInt32 {
    let octets = buffer[index..<index + 4]
    return (isBigEndian ? Array(octets) : octets.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
  }
}
