import RelayProtocol
import Testing

@Suite struct RecordingTests {
  private let records = [
    RecordedOctets(kind: .received, connection: 1, octets: [1, 2, 3]),
    RecordedOctets(kind: .sent, connection: .max, octets: []),
    RecordedOctets(kind: .opened, connection: 0, octets: [UInt8](repeating: 7, count: 300)),
  ]

  private func octets(_ records: [RecordedOctets]) -> [UInt8] {
    records.reduce(into: RecordedOctets.header) {
      $0 += RecordedOctets.recordHeader($1.kind, connection: $1.connection, octetCount: $1.octets.count) + $1.octets
    }
  }

  @Test(arguments: [1, 2, 7, 1_000])
  func whatWasWrittenIsReadHoweverItIsCut(pieceOctetCount: Int) throws {
    var decoder = RecordingDecoder()
    var read: [RecordedOctets] = []
    var rest = octets(records)[...]
    while !rest.isEmpty {
      decoder.append(rest.prefix(pieceOctetCount))
      rest = rest.dropFirst(pieceOctetCount)
      while let record = try decoder.next() { read.append(record) }
    }
    #expect(read == records)
    #expect(decoder.pendingOctetCount == 0)
  }

  @Test func aCutOffRecordWaits() throws {
    var decoder = RecordingDecoder()
    decoder.append(octets(records).dropLast())
    #expect(try decoder.next() == records[0])
    #expect(try decoder.next() == records[1])
    #expect(try decoder.next() == nil)
    #expect(decoder.pendingOctetCount > 0)
  }

  private static let unknown = [UInt8](repeating: 0x41, count: 13)
  private static let large: [UInt8] = [0x52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1]

  @Test(arguments: [(unknown, RecordingError.unknownKind(0x41)), (large, .tooLarge(octetCount: 1_048_577))])
  func damagedRecordsAreRefused(record: [UInt8], error: RecordingError) {
    var decoder = RecordingDecoder()
    decoder.append(RecordedOctets.header + record)
    #expect(throws: error) { try decoder.next() }
    #expect(throws: error) { try decoder.next() }
  }

  @Test func otherFilesAreRefused() {
    var decoder = RecordingDecoder()
    decoder.append(Array("shunt-relay log".utf8))
    #expect(throws: RecordingError.noRecording) { try decoder.next() }
  }
}
