import Crypto
import CryptoExtras
import FoundationEssentials
import RelayProtocol
import Telephony
import Testing

@testable import Sealing

/// Published vectors, through this module's own code where it lets them in.
@Suite struct KnownAnswerTests {
  /// RFC 7914, section 12, the vector with this module's own parameters.
  @Test func scrypt() throws {
    let key = try Scrypt.derive(
      from: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), octetCount: 64,
      rounds: StretchedNumber.rounds, blockSize: StretchedNumber.blockSize, parallelism: StretchedNumber.parallelism)
    #expect(
      try key
        == octets(
          hex: """
            7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
            d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887
            """))
  }

  struct VOPRFVector: Sendable {
    var input, blindedElement, evaluatedElement, output: String
  }

  /// RFC 9497, appendix A.4.2: P384-SHA384, VOPRF mode.
  static let secretKey =
    "051646b9e6e7a71ae27c1e1d0b87b4381db6d3595eeeb1adb41579adbf992f4278f9016eafc944edaa2b43183581779d"
  static let publicKey =
    "031d689686c611991b55f1a1d8f4305ccd6cb719446f660a30db61b7aa87b46acf59b7c0d4a9077b3da21c25dd482229a0"
  static let vectors = [
    VOPRFVector(
      input: "00",
      blindedElement:
        "02d338c05cbecb82de13d6700f09cb61190543a7b7e2c6cd4fca56887e564ea82653b27fdad383995ea6d02cf26d0e24d9",
      evaluatedElement:
        "02a7bba589b3e8672aa19e8fd258de2e6aae20101c8d761246de97a6b5ee9cf105febce4327a326255a3c604f63f600ef6",
      output: "3333230886b562ffb8329a8be08fea8025755372817ec969d114d1203d026b4a622beab60220bf19078bca35a529b35c"),
    VOPRFVector(
      input: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
      blindedElement:
        "02f27469e059886f221be5f2cca03d2bdc61e55221721c3b3e56fc012e36d31ae5f8dc058109591556a6dbd3a8c69c433b",
      evaluatedElement:
        "03f16f903947035400e96b7f531a38d4a07ac89a80f89d86a1bf089c525a92c7f4733729ca30c56ce78b1ab4f7d92db8b4",
      output: "b91c70ea3d4d62ba922eb8a7d03809a441e1c3c7af915cbc2226f485213e895942cd0f8580e6d99f82221e66c40d274f"),
  ]

  @Test func tokenPublicKey() throws {
    let trust = try Fixtures.trust(Fixtures.keys(scalar: octets(hex: Self.secretKey)))
    #expect(try trust.tokenKeys.map(\.point) == [octets(hex: Self.publicKey)])
  }

  @Test(arguments: vectors.indices) func evaluation(index: Int) throws {
    let vector = Self.vectors[index]
    let keys = try Fixtures.keys(scalar: octets(hex: Self.secretKey))
    let element = try BlindedElement(octets(hex: vector.blindedElement))
    let evaluations = try keys.evaluate([element], generation: Fixtures.first)
    #expect(try evaluations.map { Array($0.octets.prefix(49)) } == [octets(hex: vector.evaluatedElement)])
  }

  /// The output does not depend on the blind, so that this module's own random one must lead to it.
  @Test(arguments: vectors.indices) func output(index: Int) throws {
    let vector = Self.vectors[index]
    let keys = try Fixtures.keys(scalar: octets(hex: Self.secretKey))
    let stretched = StretchedNumber(stretched: try octets(hex: vector.input))
    let request = try NumberTokenRequest(stretched, generation: Fixtures.first, trust: Fixtures.trust(keys))
    let evaluation = try #require(try keys.evaluate([request.blindedElement], generation: Fixtures.first).first)
    #expect(try request.token(from: evaluation).octets == octets(hex: vector.output))
  }

  /// draft-connolly-cfrg-xwing-kem: the library's key encapsulation is the one other clients will have.
  @Test func xWing() throws {
    let key = try XWingMLKEM768X25519.PrivateKey(
      seedRepresentation: try octets(hex: XWingVector.seed), publicKey: nil)
    let hash = Array(SHA256.hash(data: key.publicKey.rawRepresentation))
    #expect(try hash == octets(hex: XWingVector.publicKeyHash))
    let secret = try key.decapsulate(Data(octets(hex: XWingVector.encapsulatedKey)))
    #expect(try secret.withUnsafeBytes { Array($0) } == octets(hex: XWingVector.sharedSecret))
  }

  /// RFC 8032, section 7.1, test 1.
  @Test func identityKey() throws {
    let key = try IdentityKey(
      rawRepresentation: octets(hex: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    #expect(
      try key.publicKey.octets
        == octets(hex: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
  }

  /// The MAC is plain HMAC-SHA256 over label and id, as relay.proto tells other clients.
  @Test func acknowledgementMAC() throws {
    let key = SymmetricKey(data: [UInt8](repeating: 0x0B, count: 32))
    let id = try MessageID([UInt8](repeating: 1, count: 16))
    let expected = HMAC<SHA256>.authenticationCode(
      for: Array("shunt/1 acknowledgement".utf8) + id.octets, using: key)
    #expect(try AcknowledgementKey(key).mac(for: id).octets == Array(expected))
  }
}
