import QMI

/// The input is a program: the first half of its octets choose reads, the second half is the value that they are made on. Every read
/// must either take exactly what it says or throw and take no more than is there; what was read is written again and compared.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTLV(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let program = input.prefix(count / 2)
  let value = input[(count / 2)...]
  guard value.count <= TLV.maximumValueOctetCount - 16 else { return 0 }

  var builder = QMIMessageBuilder(.request, service: .wms, client: 1, transaction: 1, message: 0x20)
  builder.append(0x42, value)
  builder.append(0x43, [1])
  let frame = builder.finish()
  precondition((try? QMUXFrame(frame.octets)) == frame)
  precondition(frame.value(of: 0x42) == value)
  precondition(frame.value(of: 0x43) == [1])

  guard var reader = frame.reader(of: 0x42) else { preconditionFailure("the TLV just written is not there") }
  var copy = QMIMessageBuilder(.request, service: .wms, client: 1, transaction: 1, message: 0x20)
  copy.append(0x42) { writer in
    for instruction in program {
      let before = reader.remainingOctetCount
      do throws(QMIDecodingError) {
        try step(instruction, &reader, &writer)
      } catch {
        precondition(error == .truncated(0x42))
      }
      precondition(reader.remainingOctetCount <= before)
    }
    let rest = reader.readRemainingOctets()
    writer.append(octets: rest)
    precondition(reader.remainingOctetCount == 0)
  }
  let copied = copy.finish()
  precondition((try? QMUXFrame(copied.octets)) == copied)
  precondition(copied.value(of: 0x42) == value)
  return 0
}

private func step(_ instruction: UInt8, _ reader: inout TLVReader, _ writer: inout TLVWriter) throws(QMIDecodingError) {
  switch instruction % 6 {
  case 0: writer.append(try reader.readUInt8())
  case 1: writer.append(try reader.readUInt16())
  case 2: writer.append(try reader.readUInt32())
  case 3: writer.append(try reader.readUInt64())
  case 4:
    // Tried on a copy: a failed counted read has taken its count.
    var trial = reader
    let octets = instruction & 0x80 == 0 ? try trial.readOctetsWithUInt8Count() : try trial.readOctetsWithUInt16Count()
    reader = trial
    if instruction & 0x80 == 0 {
      writer.appendWithUInt8Count(octets)
    } else {
      writer.appendWithUInt16Count(octets)
    }
  default: writer.append(octets: try reader.readOctets(Int(instruction / 6)))
  }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`, so libFuzzer's own is never linked.
@_cdecl("FuzzTLV_main")
public func main(
  _ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var argumentCount = argumentCount
  var arguments = arguments
  return runDriver(&argumentCount, &arguments) { fuzzTLV($0, $1) }
}
