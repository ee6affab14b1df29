import QMI

/// The input is a stream that arrives twice: whole, and in pieces whose sizes the input itself chooses. Both must give the same
/// frames, and each frame must be the octets that it was cut from.
enum QMUXTarget {
  private enum Outcome: Equatable {
    case frame(QMUXFrame)
    case error(QMUXError)
  }

  static func run(_ input: [UInt8]) throws(Finding) {
    let whole = try outcomes([input[...]])
    var pieces: [ArraySlice<UInt8>] = []
    var position = 0
    while position < input.count {
      let end = min(input.count, position + 1 + Int(input[position] % 17))
      pieces.append(input[position..<end])
      position = end
    }
    try check(try outcomes(pieces) == whole, "pieces give other frames than the whole")
  }

  private static func outcomes(_ pieces: [ArraySlice<UInt8>]) throws(Finding) -> [Outcome] {
    var decoder = QMUXFrameDecoder()
    var result: [Outcome] = []
    for piece in pieces {
      piece.withUnsafeBytes { decoder.append($0) }
      while let outcome = next(&decoder) {
        result.append(outcome)
        switch outcome {
        case .frame(let frame): try look(frame)
        case .error(let error): if error.endsStream { return result }
        }
      }
    }
    return result
  }

  private static func next(_ decoder: inout QMUXFrameDecoder) -> Outcome? {
    do {
      return try decoder.next().map { .frame($0) }
    } catch {
      return .error(error)
    }
  }

  private static func look(_ frame: QMUXFrame) throws(Finding) {
    try check((try? QMUXFrame(frame.octets)) == frame, "a frame is not its octets")
    let valueOctets = frame.tlvs.reduce(0) { $0 + TLV.headerOctetCount + $1.value.count }
    try check(valueOctets + (frame.isControl ? 12 : 13) == frame.octets.count, "TLVs do not fill the frame")
    var copy = frame
    copy.transaction = frame.transaction
    try check(copy == frame, "setting the same transaction changes the frame")
    try check(frame.response(.invalidQMICommand).result?.error == .invalidQMICommand, "a response has another result")
    try check(!frame.description.isEmpty, "no description")
  }
}
