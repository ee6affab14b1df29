import FoundationEssentials
import Interposer
import QMI
import SwiftProtobuf
import Telephony
import Testing

@testable import Handset

/// Files of waiting texts: whole, or known to be damaged.
@Suite struct SpooledMessageTests {
  private let id = StoredMessageID(ordinal: 3)!

  private func file(_ body: [UInt8] = [0x48, 0x69], contentCount: Int = 2) throws -> SpooledMessage {
    let submit = try SMSSubmit(
      destinationAddress: SMSAddress(dialled: "+919876543210"), dataCodingScheme: .gsm7, userData: UserData(septets: body, header: nil))
    let deliver = SMSDeliver(
      delivering: submit, from: try SMSAddress(dialled: "+919876500000"),
      at: ServiceCentreTimestamp(WallTime(millisecondsSince1970: 1_790_000_000_000)))
    let message = try #require(WMS.RawMessage(octets: RawPDU(tpdu: deliver.encoded()).encoded()))
    return SpooledMessage(
      StoredMessage(id: id, message: message), receivedAt: WallTime(millisecondsSince1970: 1_790_000_000_000),
      messageID: [UInt8](repeating: 5, count: 16), contents: Array(repeating: ContentIdentity(submit), count: contentCount))
  }

  @Test func theChecksumIsTheUsualOne() {
    #expect(Checksum.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(Checksum.crc32([]) == 0)
  }

  /// Any octet that the disk changed: the text is the one that came, or the file counts as damaged.
  @Test func noChangedOctetChangesAText() throws {
    let file = try file()
    let whole = try file.decoded()
    var damagedCount = 0
    for index in file.octets.indices {
      for change in [0x01, 0x08, 0x80, 0xFF] as [UInt8] {
        var octets = file.octets
        octets[index] ^= change
        do throws(SpoolError) {
          let read = try SpooledMessage(id: id, octets: octets).decoded()
          #expect(read.message == whole.message && read.messageID == whole.messageID, "octet \(index)")
          #expect(read.copy?.contents == whole.copy?.contents && read.copy?.receivedAt == whole.copy?.receivedAt, "octet \(index)")
        } catch {
          damagedCount += 1
        }
      }
    }
    #expect(damagedCount > 4 * (file.octets.count - 6))
  }

  @Test func noCutOffFileChangesAText() throws {
    let file = try file()
    let whole = try file.decoded().message
    for count in 0..<file.octets.count {
      let cut = SpooledMessage(id: id, octets: Array(file.octets.prefix(count)))
      // Without its end, at the border of a field, it may lack what is known of the carrier's copy; not the text.
      if let read = try? cut.decoded() { #expect(read.message.message == whole.message) }
    }
    for octets in [[], [UInt8](repeating: 0, count: file.octets.count), file.octets + [0]] {
      #expect(throws: SpoolError.unreadable) { try SpooledMessage(id: id, octets: octets).decoded() }
    }
  }

  @Test func aChangedTagHasAChecksumOfItsOwn() throws {
    let file = try file()
    let whole = try file.decoded().message
    let read = try #require(file.retagged(.receivedRead)).decoded().message
    #expect(read.tag == .receivedRead && read.message == whole.message)
  }

  @Test func filesFromBeforeThereWereChecksumsAreRead() throws {
    var state = try StateSpooledMessage(serializedBytes: try file().octets)
    state.checksum = 0
    let old = SpooledMessage(id: id, octets: try state.serializedBytes())
    #expect(try old.decoded().message == file().decoded().message)
  }

  /// ModemManager is given nothing that it can't read.
  @Test func whatIsNoMessageIsDamaged() throws {
    for pdu in [[0], [0, 0], [0, 0xFF, 0xFF], [0, 0x01, 0x00], [7, 1, 2]] as [[UInt8]] {
      var state = StateSpooledMessage()
      state.pdu = Data(pdu)
      let octets: [UInt8] = try state.serializedBytes()
      #expect(throws: SpoolError.unreadable) { try SpooledMessage(id: id, octets: octets).decoded() }
    }
  }
}
