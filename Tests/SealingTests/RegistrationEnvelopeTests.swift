import RelayProtocol
import Telephony
import Testing

@testable import Sealing

@Suite struct RegistrationEnvelopeTests {
  private let keys: RelayKeys
  private let identity: IdentityPublicKey

  init() throws {
    keys = try RelayKeys()
    identity = try IdentityKey().publicKey
  }

  @Test func theRelayReadsTheNumber() throws {
    for text in ["+919876543210", "+1234567", "+123456789012345"] {
      let number = try Fixtures.number(text)
      let sealed = try RegistrationEnvelope.seal(number, identity: identity, trust: Fixtures.trust(keys))
      #expect(sealed.count <= ClientMessage.maximumSealedNumberOctetCount)
      #expect(try RegistrationEnvelope.open(sealed, identity: identity, keys: keys) == number)
      // Not even the same number looks the same twice.
      #expect(try sealed != RegistrationEnvelope.seal(number, identity: identity, trust: Fixtures.trust(keys)))
    }
  }

  @Test func nobodyElseCanSendItIn() throws {
    let sealed = try RegistrationEnvelope.seal(Fixtures.number(), identity: identity, trust: Fixtures.trust(keys))
    let other = try IdentityKey().publicKey
    #expect(throws: SealingError.unopenable) { try RegistrationEnvelope.open(sealed, identity: other, keys: keys) }
  }

  @Test func anotherRelayCannotReadIt() throws {
    let sealed = try RegistrationEnvelope.seal(Fixtures.number(), identity: identity, trust: Fixtures.trust(keys))
    let other = try RelayKeys()
    #expect(throws: SealingError.unopenable) { try RegistrationEnvelope.open(sealed, identity: identity, keys: other) }
  }

  @Test func whatOpensToNoNumberIsRefused() throws {
    for text in ["", "hello", "+0123456789", "0987654321"] {
      let sealed = try HybridEncryption.seal(
        Array(text.utf8), to: Fixtures.trust(keys).registrationKey.octets, info: "shunt/1 registration",
        authenticating: identity.octets
      ).sealed
      #expect(throws: SealingError.badContent("number")) {
        try RegistrationEnvelope.open(sealed, identity: identity, keys: keys)
      }
    }
  }

  @Test(arguments: 0..<UInt64(50)) func otherOctets(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let random = generator.octets(.random(in: 0...1_300, using: &generator))
    #expect(throws: SealingError.unopenable) { try RegistrationEnvelope.open(random, identity: identity, keys: keys) }
    var sealed = try RegistrationEnvelope.seal(Fixtures.number(), identity: identity, trust: Fixtures.trust(keys))
    sealed[Int.random(in: sealed.indices, using: &generator)] ^= UInt8(1) << Int.random(in: 0..<8, using: &generator)
    #expect(throws: SealingError.unopenable) { try RegistrationEnvelope.open(sealed, identity: identity, keys: keys) }
    sealed.removeLast(.random(in: 1...sealed.count, using: &generator))
    #expect(throws: SealingError.unopenable) { try RegistrationEnvelope.open(sealed, identity: identity, keys: keys) }
  }
}
