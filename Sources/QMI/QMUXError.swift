/// Octets that are not a QMUX frame.
public enum QMUXError: Error, Hashable, Sendable {
  /// A frame does not start with 0x01: the place where frames begin is lost.
  case badMarker(UInt8)
  /// The QMUX length leaves no room for the headers of the frame's service.
  case tooShort(octetCount: Int)
  /// The QMUX length and the octets given do not agree (never from ``QMUXFrameDecoder``, which cuts by that length).
  case wrongOctetCount(announced: Int, actual: Int)
  /// The QMI header's TLV length does not agree with the QMUX length.
  case wrongTLVOctetCount(announced: Int, actual: Int)
  /// A TLV runs past the end of the frame.
  case truncatedTLV

  /// True when no further frame can be found in the stream. Otherwise only the one frame is lost, as it is in libqmi.
  public var endsStream: Bool {
    switch self {
    case .badMarker: true
    case .tooShort, .wrongOctetCount, .wrongTLVOctetCount, .truncatedTLV: false
    }
  }
}

extension QMUXError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .badMarker(let octet): "no QMUX marker (\(hexadecimal(octet, digits: 2)))"
    case .tooShort(let octetCount): "QMUX frame too short (\(octetCount) octets)"
    case .wrongOctetCount(let announced, let actual): "QMUX frame of \(actual) octets announces \(announced)"
    case .wrongTLVOctetCount(let announced, let actual): "\(actual) octets of TLVs where \(announced) are announced"
    case .truncatedTLV: "a TLV runs past the end of its frame"
    }
  }
}
