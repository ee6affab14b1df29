import QMI

/// The input is a stream that arrives twice: whole, and in pieces whose sizes the input itself chooses. Both must give the same
/// frames, and each frame must be the octets that it was cut from.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzQMUX(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let whole = outcomes([input])
  var pieces: [UnsafeRawBufferPointer] = []
  var position = 0
  while position < input.count {
    let end = min(input.count, position + 1 + Int(input[position] % 17))
    pieces.append(UnsafeRawBufferPointer(rebasing: input[position..<end]))
    position = end
  }
  precondition(outcomes(pieces) == whole)
  return 0
}

private enum Outcome: Equatable {
  case frame(QMUXFrame)
  case error(QMUXError)
}

private func outcomes(_ pieces: [UnsafeRawBufferPointer]) -> [Outcome] {
  var decoder = QMUXFrameDecoder()
  var result: [Outcome] = []
  for piece in pieces {
    decoder.append(piece)
    while true {
      do {
        guard let frame = try decoder.next() else { break }
        check(frame)
        result.append(.frame(frame))
      } catch {
        result.append(.error(error))
        if error.endsStream { return result }
      }
    }
  }
  return result
}

private func check(_ frame: QMUXFrame) {
  precondition((try? QMUXFrame(frame.octets)) == frame)
  let valueOctets = frame.tlvs.reduce(0) { $0 + TLV.headerOctetCount + $1.value.count }
  precondition(valueOctets + (frame.isControl ? 12 : 13) == frame.octets.count)
  var copy = frame
  copy.transaction = frame.transaction
  precondition(copy == frame)
  precondition(frame.response(.invalidQMICommand).result?.error == .invalidQMICommand)
  precondition(!frame.description.isEmpty)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`, so libFuzzer's own is never linked.
@_cdecl("FuzzQMUX_main")
public func main(
  _ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var argumentCount = argumentCount
  var arguments = arguments
  return runDriver(&argumentCount, &arguments) { fuzzQMUX($0, $1) }
}
