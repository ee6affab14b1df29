import RelayProtocol
import Testing

@Suite struct TranscriptTests {
  private func filled<Kind>(_ octet: UInt8) -> FixedOctets<Kind> {
    // Right by construction: the count is the kind's.
    try! FixedOctets([UInt8](repeating: octet, count: Kind.octetCount))
  }

  private func octets(_ octet: UInt8, _ count: Int) -> [UInt8] { .init(repeating: octet, count: count) }

  @Test func sessionOctets() {
    let transcript = Transcript.session(nonce: filled(1), certificateKeyHash: filled(2))
    #expect(transcript.octets == Array("shunt/1 session".utf8) + octets(1, 32) + octets(2, 32))
  }

  @Test func keyPackageOctets() {
    let transcript = Transcript.keyPackage(id: filled(1), publicKey: filled(2), expires: 0x0102_0304_0506_0708)
    #expect(
      transcript.octets
        == Array("shunt/1 key package".utf8) + octets(1, 16) + octets(2, 1_216) + [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func messageOctets() {
    let transcript = Transcript.message(
      sender: filled(1), recipient: filled(2), recipientNumber: filled(7), keyPackageID: filled(3), messageID: filled(4),
      content: [5, 6])
    #expect(
      transcript.octets
        == Array("shunt/1 message".utf8) + octets(1, 32) + octets(2, 32) + octets(7, 16) + octets(3, 16) + octets(4, 16)
          + [5, 6])
  }
}
