import Crypto
import FoundationEssentials
import Glibc
import ModemHost
import RelayProtocol
import Telephony
import Testing

@testable import Sealing

/// What a session key opened stays closed when the key has been dropped: nothing of it is left in memory that could be read
/// out of a device later.
@Suite(.timeLimit(.minutes(2)))
struct KeyErasureTests {
  /// What a key is made of, for looking for it.
  private struct Parts {
    let seed: HiddenOctets
    /// The half of it that is X25519's, which is derived from the seed.
    let exchange: HiddenOctets
    let publicKey: HiddenOctets
  }

  /// A key and its parts; no copy of them is left behind.
  @inline(never)
  private static func make(_ identity: IdentityKey) throws -> (SessionKey, Parts) {
    let key = try XWingMLKEM768X25519.PrivateKey.generate()
    var seed = key.seedRepresentation
    let hiddenSeed = HiddenOctets(hiding: seed)
    seed.resetBytes(in: seed.startIndex..<seed.endIndex)
    // BoringSSL's private key, as the library's object holds it behind its header: 7,680 octets of vectors and three times
    // 32 of ML-KEM's, then X25519's.
    let publicKey = [UInt8](key.publicKey.rawRepresentation)
    let exchange = withUnsafeBytes(of: key) { bytes in
      let object = UnsafeRawBufferPointer(start: bytes.load(as: UnsafeRawPointer.self) + 16, count: 7_840)
      return object[(7_680 + 96)..<(7_680 + 128)].map { $0 }
    }
    let isExchange = try [UInt8](Curve25519.KeyAgreement.PrivateKey(rawRepresentation: exchange).publicKey.rawRepresentation)
      == publicKey.suffix(32)
    precondition(isExchange, "the library keeps its key otherwise now")
    let parts = Parts(
      seed: hiddenSeed, exchange: HiddenOctets(hiding: exchange), publicKey: HiddenOctets(hiding: publicKey.prefix(64)))
    exchange.withUnsafeBytes { _ = memset(UnsafeMutableRawPointer(mutating: $0.baseAddress!), 0, $0.count) }
    let session = try SessionKey(
      key, id: FixedOctets([UInt8](repeating: 3, count: 16)), expires: 4_000_000_000, identity: identity)
    return (session, parts)
  }

  /// As a day's messages do.
  @inline(never)
  private static func use(_ session: SessionKey, _ identity: IdentityKey) throws {
    let number = try PhoneNumber(e164: "+919876500000")
    let now = WallTime(millisecondsSince1970: 1_795_392_000_000)
    let part = MessagePart(
      protocolIdentifier: 0, dataCodingScheme: 4, hasUserDataHeader: false, userDataLength: 2, userData: [72, 105])
    for octet in UInt8(1)...5 {
      let id = try MessageID([UInt8](repeating: octet, count: 16))
      let sealed = try MessageSealer.seal(
        MessageContent(senderNumber: number, sent: now, parts: [part]), id: id, from: identity,
        to: VerifiedKeyPackage(session.keyPackage, now: now), of: number)
      let incoming = IncomingMessage(
        messageID: id, senderToken: try FixedOctets([UInt8](repeating: 5, count: 48)),
        generation: TokenGeneration(rawValue: 1), senderIdentityKey: identity.publicKey,
        keyPackageID: session.keyPackage.id, sealed: sealed.sealed)
      let opened = try session.open(incoming, for: number, now: now)
      precondition(opened.content.parts == [part])
    }
  }

  @inline(never)
  private static func makeUseAndDrop(_ identity: IdentityKey) throws -> Parts {
    let (session, parts) = try make(identity)
    try use(session, identity)
    // So that what follows could fail.
    let (seed, exchange, publicKey) = (try parts.seed.count(), try parts.exchange.count(), try parts.publicKey.count())
    precondition(seed == 1, "the seed is found in \(seed) places")
    precondition(exchange >= 1 && publicKey >= 1)
    return parts
  }

  @Test(.enabled(if: !ProcessMemoryTests.isAddressSanitized, "the sanitizer's allocator keeps what is freed"))
  func nothingOfADroppedKeyIsLeft() async {
    await #expect(processExitsWith: .success) {
      ProcessMemory.keepSmall()
      ProcessMemory.wipeFreed()
      let identity = try IdentityKey()
      let parts = try Self.makeUseAndDrop(identity)
      let (seed, exchange) = (try parts.seed.count(), try parts.exchange.count())
      precondition(seed == 0, "the seed is left in \(seed) places")
      precondition(exchange == 0, "the X25519 key is left in \(exchange) places")
    }
  }
}
