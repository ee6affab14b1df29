import RelayProtocol
import Sealing
import Telephony
import Testing

/// What two people read to each other.
@Suite struct KeyFingerprintTests {
  private func key(_ octet: UInt8) throws -> IdentityPublicKey { try FixedOctets([UInt8](repeating: octet, count: 32)) }

  private var alice: KeyFingerprint {
    get throws { KeyFingerprint(try key(1), of: try PhoneNumber(e164: "+919876543210")) }
  }
  private var bob: KeyFingerprint {
    get throws { KeyFingerprint(try key(2), of: try PhoneNumber(e164: "+919876500000")) }
  }

  /// Computed apart from this code, by the construction that its documentation names.
  @Test func knownAnswers() throws {
    #expect(
      try alice.hexadecimal
        == "f144 a68b 298d ad96 50de 369a ee1d ce9e 76b0 70cc 8a80 22e2 7a3d 4a31 183f 0ff9")
    #expect(
      try bob.hexadecimal == "12ac eae1 a041 8802 d7a8 3c61 115f 1dbc 5d1a 8a6f ad8d b216 489f cae8 fb1e 02cc")
    #expect(
      try KeyFingerprint.digits(alice, bob)
        == "83625 98206 30446 07468 56698 36511 85664 61896 66173 72111 00776 66334")
  }

  @Test func bothSeeTheSameDigits() throws {
    #expect(try KeyFingerprint.digits(alice, bob) == KeyFingerprint.digits(bob, alice))
  }

  @Test func anotherKeyOrAnotherNumberHasOtherDigits() throws {
    let otherKey = KeyFingerprint(try key(3), of: try PhoneNumber(e164: "+919876500000"))
    let otherNumber = KeyFingerprint(try key(2), of: try PhoneNumber(e164: "+919876500001"))
    let all = try [bob, otherKey, otherNumber].map { KeyFingerprint.digits(try alice, $0) }
    #expect(Set(all).count == 3)
    #expect(try Set([bob.hexadecimal, otherKey.hexadecimal, otherNumber.hexadecimal]).count == 3)
  }

  @Test func hexadecimalIsComparedHoweverItIsSpaced() throws {
    let text = try bob.hexadecimal
    #expect(try bob.isHexadecimal(text) && bob.isHexadecimal(text.filter { $0 != " " }.uppercased()))
    #expect(try !bob.isHexadecimal(String(text.dropLast())) && !bob.isHexadecimal("") && !alice.isHexadecimal(text))
  }
}
