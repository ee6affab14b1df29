import QMI

/// The input is a program: the first half of its octets choose reads, the second half is the value that they are made on. Every
/// read must either take exactly what it says or throw and take no more than is there; what was read is written again and compared.
enum TLVTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    let program = input.prefix(input.count / 2)
    let value = input[(input.count / 2)...]
    guard value.count <= TLV.maximumValueOctetCount - 16 else { return }

    var builder = QMIMessageBuilder(.request, service: .wms, client: 1, transaction: 1, message: 0x20)
    builder.append(0x42, value)
    builder.append(0x43, [1])
    let frame = builder.finish()
    try check((try? QMUXFrame(frame.octets)) == frame, "a built frame is none")
    try check(frame.value(of: 0x42) == value, "a value is another one")
    try check(frame.value(of: 0x43) == [1], "a value behind it is another one")

    guard var reader = frame.reader(of: 0x42) else { throw Finding("the TLV just written is not there") }
    var copy = QMIMessageBuilder(.request, service: .wms, client: 1, transaction: 1, message: 0x20)
    var finding: Finding?
    copy.append(0x42) { writer in
      do throws(Finding) {
        try copyAll(program, &reader, &writer)
      } catch {
        finding = error
      }
    }
    if let finding { throw finding }
    let copied = copy.finish()
    try check((try? QMUXFrame(copied.octets)) == copied, "a copied frame is none")
    try check(copied.value(of: 0x42) == value, "a copied value is another one")
  }

  private static func copyAll(
    _ program: ArraySlice<UInt8>, _ reader: inout TLVReader, _ writer: inout TLVWriter
  ) throws(Finding) {
    for instruction in program {
      let before = reader.remainingOctetCount
      do throws(QMIDecodingError) {
        try step(instruction, &reader, &writer)
      } catch {
        try check(error == .truncated(0x42), "a read fails otherwise than at the end")
      }
      try check(reader.remainingOctetCount <= before, "a read gives octets back")
    }
    let rest = reader.readRemainingOctets()
    writer.append(octets: rest)
    try check(reader.remainingOctetCount == 0, "there is a rest of the rest")
  }

  private static func step(
    _ instruction: UInt8, _ reader: inout TLVReader, _ writer: inout TLVWriter
  ) throws(QMIDecodingError) {
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
}
