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
    var input, blindedElement, evaluatedElement, proof, output: String
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
      proof: """
        bfc6cf3859127f5fe25548859856d6b7fa1c7459f0ba5712a806fc091a3000c42d8ba34ff45f32a52e40533efd2a03bc\
        87f3bf4f9f58028297ccb9ccb18ae7182bcd1ef239df77e3be65ef147f3acf8bc9cbfc5524b702263414f043e3b7ca2e
        """,
      output: "3333230886b562ffb8329a8be08fea8025755372817ec969d114d1203d026b4a622beab60220bf19078bca35a529b35c"),
    VOPRFVector(
      input: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
      blindedElement:
        "02f27469e059886f221be5f2cca03d2bdc61e55221721c3b3e56fc012e36d31ae5f8dc058109591556a6dbd3a8c69c433b",
      evaluatedElement:
        "03f16f903947035400e96b7f531a38d4a07ac89a80f89d86a1bf089c525a92c7f4733729ca30c56ce78b1ab4f7d92db8b4",
      proof: """
        d005d6daaad7571414c1e0c75f7e57f2113ca9f4604e84bc90f9be52da896fff3bee496dcde2a578ae9df315032585f8\
        01fb21c6080ac05672b291e575a40295b306d967717b28e08fcc8ad1cab47845d16af73b3e643ddcc191208e71c64630
        """,
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

  /// The second element of vector 3, input 2 under another blind. The vector's one proof is for both elements, which the
  /// library has no way to make or check.
  @Test func evaluationOfABatchsElement() throws {
    let keys = try Fixtures.keys(scalar: octets(hex: Self.secretKey))
    let element = try BlindedElement(
      octets(
        hex: "02fa02470d7f151018b41e82223c32fad824de6ad4b5ce9f8e9f98083c9a726de9a1fc39d7a0cb6f4f188dd9cea01474cd"))
    let evaluations = try keys.evaluate([element], generation: Fixtures.first)
    #expect(
      try evaluations.map { Array($0.octets.prefix(49)) } == [
        octets(hex: "028e9e115625ff4c2f07bf87ce3fd73fc77994a7a0c1df03d2a630a3d845930e2e63a165b114d98fe34e61b68d23c0b50a")
      ])
  }

  /// The library lets no blind in, so that it can't be made to check these proofs; that they pass the check in front of
  /// the library, and fail for any blind but theirs, is what can be seen.
  @Test(arguments: vectors.indices) func proof(index: Int) throws {
    let vector = Self.vectors[index]
    let publicKey = try P384._VOPRF.PublicKey(compressedRepresentation: octets(hex: Self.publicKey))
    let evaluation = try Evaluation(octets(hex: vector.evaluatedElement) + octets(hex: vector.proof))
    #expect(
      try EvaluationCheck.isSafe(
        evaluation, of: BlindedElement(octets(hex: vector.blindedElement)), publicKey: publicKey))
    let keys = try Fixtures.keys(scalar: octets(hex: Self.secretKey))
    let stretched = StretchedNumber(stretched: try octets(hex: vector.input))
    let request = try NumberTokenRequest(stretched, generation: Fixtures.first, trust: Fixtures.trust(keys))
    #expect(throws: SealingError.badProof) { try request.token(from: evaluation) }
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
  @Test(arguments: XWingVector.all) func xWing(vector: XWingVector) throws {
    let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: try octets(hex: vector.seed), publicKey: nil)
    let hash = Array(SHA256.hash(data: key.publicKey.rawRepresentation))
    #expect(try hash == octets(hex: vector.publicKeyHash))
    let secret = try key.decapsulate(Data(octets(hex: vector.encapsulatedKey)))
    #expect(try secret.withUnsafeBytes { Array($0) } == octets(hex: vector.sharedSecret))
  }

  /// draft-ietf-hpke-pq, the vector of the one suite that messages are sealed with: key schedule, cipher and export.
  @Test func hybridEncryption() throws {
    let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: try octets(hex: HPKEVector.seed), publicKey: nil)
    let hash = Array(SHA256.hash(data: key.publicKey.rawRepresentation))
    #expect(try hash == octets(hex: HPKEVector.publicKeyHash))
    let (plaintext, context) = try HybridEncryption.open(
      octets(hex: HPKEVector.encapsulatedKey) + octets(hex: HPKEVector.ciphertext), with: key, info: HPKEVector.info,
      authenticating: octets(hex: HPKEVector.authenticatedData))
    #expect(try plaintext == octets(hex: HPKEVector.plaintext))
    let exported = try context.exportSecret(context: octets(hex: HPKEVector.exporterContext), outputByteCount: 32)
    #expect(try exported.withUnsafeBytes { Array($0) } == octets(hex: HPKEVector.exportedValue))
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
