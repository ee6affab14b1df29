import RelayProtocol
import Telephony
import Testing

@testable import Sealing

@Suite struct KeyPackageTests {
  private let package: KeyPackage
  init() throws { package = try Pair().sessionKey.keyPackage }

  @Test func aFreshOneHolds() throws {
    #expect(try VerifiedKeyPackage(package, now: Fixtures.now).keyPackage == package)
  }

  @Test func everyFieldIsSigned() throws {
    let changes: [(inout KeyPackage) throws -> Void] = [
      { $0.id = try FixedOctets([UInt8](repeating: 1, count: 16)) },
      { $0.publicKey = try FixedOctets([UInt8](repeating: 1, count: 1_216)) },
      { $0.expires += 1 },
      { $0.identityKey = try IdentityKey().publicKey },
      { $0.signature = try FixedOctets([UInt8](repeating: 1, count: 64)) },
    ]
    for change in changes {
      var changed = package
      try change(&changed)
      #expect(throws: SealingError.badSignature) { try VerifiedKeyPackage(changed, now: Fixtures.now) }
    }
  }

  @Test func anExpiredOneDoesNotHold() throws {
    let end = WallTime(millisecondsSince1970: Int64(Fixtures.expires) * 1000)
    #expect(throws: SealingError.expired) { try VerifiedKeyPackage(package, now: end) }
    #expect(throws: Never.self) { try VerifiedKeyPackage(package, now: end.adding(.milliseconds(-1))) }
    // A clock that was not set yet says nothing about expiry.
    #expect(throws: Never.self) { try VerifiedKeyPackage(package, now: WallTime(millisecondsSince1970: -1)) }
  }

  /// Its owner may sign any octets: what is no key is noticed when something is sealed to it.
  @Test func aKeyThatIsNoneCannotBeSealedTo() throws {
    let owner = try IdentityKey()
    var generator = SeededGenerator(seed: 1)
    let key = try SealingPublicKey([UInt8](repeating: 0xFF, count: 1_216))
    let id: KeyPackageID = FixedOctets(using: &generator)
    let signature = try owner.sign(.keyPackage(id: id, publicKey: key, expires: Fixtures.expires))
    let package = KeyPackage(
      id: id, publicKey: key, expires: Fixtures.expires, identityKey: owner.publicKey, signature: signature)
    let verified = try VerifiedKeyPackage(package, now: Fixtures.now)
    #expect(throws: SealingError.invalidKey("sealing public key")) {
      try MessageSealer.seal(
        try Fixtures.content(), id: FixedOctets(using: &generator), from: owner, to: verified, of: Fixtures.recipientNumber())
    }
  }

  @Test func aSessionIsProvedToOneRelayOnly() throws {
    let owner = try IdentityKey()
    var generator = SeededGenerator(seed: 2)
    let nonce: ChallengeNonce = FixedOctets(using: &generator)
    let hash: CertificateKeyHash = FixedOctets(using: &generator)
    let signature = try owner.sign(.session(nonce: nonce, certificateKeyHash: hash))
    try owner.publicKey.verify(signature, of: .session(nonce: nonce, certificateKeyHash: hash))
    #expect(throws: SealingError.badSignature) {
      try owner.publicKey.verify(signature, of: .session(nonce: FixedOctets(using: &generator), certificateKeyHash: hash))
    }
    #expect(throws: SealingError.badSignature) {
      try owner.publicKey.verify(signature, of: .session(nonce: nonce, certificateKeyHash: FixedOctets(using: &generator)))
    }
  }
}
