import RelayProtocol
import Testing

@testable import Sealing

@Suite struct KeyFileTests {
  @Test func thePublicFileComesBack() throws {
    let trust = try Fixtures.trust(#require(RelayKeys().addingGeneration()))
    #expect(try RelayTrust(pemText: trust.pemText) == trust)
    #expect(trust.tokenKeys.map(\.generation.rawValue) == [2, 1])
    #expect(trust.certificates == [[0x30, 3, 2, 1, 1]])
  }

  @Test func thePrivateFileComesBack() throws {
    let keys = try #require(RelayKeys().addingGeneration())
    let again = try RelayKeys(pemText: keys.pemText)
    #expect(again.pemText == keys.pemText)
    #expect(try Fixtures.trust(again) == Fixtures.trust(keys))
  }

  @Test func twoGenerationsAtATime() throws {
    let first = try RelayKeys()
    #expect(first.droppingOldestGeneration() == nil)
    let both = try #require(first.addingGeneration())
    #expect(both.addingGeneration() == nil)
    let second = try #require(both.droppingOldestGeneration())
    #expect(second.generations.map(\.rawValue) == [2])
    let third = try #require(second.addingGeneration())
    #expect(third.generations.map(\.rawValue) == [3, 2])
    // What is kept is the same key.
    #expect(try Fixtures.trust(both).tokenKeys[0] == Fixtures.trust(third).tokenKeys[1])
    // A file with more is refused.
    let block = try #require(PEMText.blocks(in: first.pemText).first { $0.label == KeyFileLabel.tokenPrivateKey })
    #expect(throws: KeyFileError.tooMany(KeyFileLabel.tokenPrivateKey, limit: 2)) {
      try RelayKeys(pemText: PEMText.text([block]) + third.pemText)
    }
  }

  @Test func aPublicFileMayLackAKeyThatTheRelayHas() throws {
    let keys = try RelayKeys()
    let both = try #require(keys.addingGeneration())
    let other = try RelayKeys()
    #expect(try Fixtures.trust(keys).isPart(of: Fixtures.trust(both)))
    #expect(try !Fixtures.trust(both).isPart(of: Fixtures.trust(keys)))
    #expect(try !Fixtures.trust(other).isPart(of: Fixtures.trust(both)))
    #expect(try Fixtures.trust(both).pins(TokenGeneration(rawValue: 2)))
    #expect(try !Fixtures.trust(keys).pins(TokenGeneration(rawValue: 2)))
  }

  @Test func thePublicFileHoldsNothingPrivate() throws {
    let keys = try RelayKeys()
    let text = try keys.trust(certificatePEM: Fixtures.certificatePEM + keys.pemText).pemText
    #expect(!text.contains("PRIVATE"))
    let labels = try PEMText.blocks(in: text).map(\.label)
    #expect(labels == ["CERTIFICATE", "SHUNT TOKEN KEY", "SHUNT REGISTRATION KEY", "SHUNT NUMBER SALT"])
  }

  @Test func commentsOtherBlocksAndLineEndsDoNotMatter() throws {
    let trust = try Fixtures.trust(RelayKeys())
    let other = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
    let text = "relay.example, written by hand\n" + other + trust.pemText + "\nend"
    #expect(try RelayTrust(pemText: text) == trust)
    #expect(try RelayTrust(pemText: text.split(separator: "\n").joined(separator: "\r\n")) == trust)
    #expect(try RelayTrust(pemText: text.split(separator: "\n").map { "  \($0)\t" }.joined(separator: "\n")) == trust)
  }

  @Test(arguments: ["CERTIFICATE", "SHUNT TOKEN KEY", "SHUNT REGISTRATION KEY", "SHUNT NUMBER SALT"])
  func aMissingBlockIsNamed(label: String) throws {
    let blocks = try PEMText.blocks(in: try Fixtures.trust(RelayKeys()).pemText)
    let text = PEMText.text(blocks.filter { $0.label != label })
    #expect(throws: KeyFileError.missing(label)) { try RelayTrust(pemText: text) }
  }

  @Test(arguments: ["SHUNT TOKEN KEY", "SHUNT REGISTRATION KEY", "SHUNT NUMBER SALT"])
  func aRepeatedBlockIsNamed(label: String) throws {
    let blocks = try PEMText.blocks(in: try Fixtures.trust(RelayKeys()).pemText)
    let text = PEMText.text(blocks + blocks.filter { $0.label == label })
    #expect(throws: KeyFileError.repeated(label)) { try RelayTrust(pemText: text) }
  }

  @Test(arguments: ["SHUNT TOKEN KEY", "SHUNT REGISTRATION KEY", "SHUNT NUMBER SALT"])
  func aBlockOfAnotherSizeIsNamed(label: String) throws {
    var blocks = try PEMText.blocks(in: try Fixtures.trust(RelayKeys()).pemText)
    for index in blocks.indices where blocks[index].label == label { blocks[index].octets.append(0) }
    let text = PEMText.text(blocks)
    #expect {
      try RelayTrust(pemText: text)
    } throws: { error in
      guard case .invalid(label, _)? = error as? KeyFileError else { return false }
      return "\(error)".hasPrefix("the \"\(label)\" block is not ")
    }
  }

  @Test(arguments: ["SHUNT TOKEN PRIVATE KEY", "SHUNT REGISTRATION PRIVATE KEY", "SHUNT NUMBER SALT"])
  func thePrivateFileNamesWhatIsWrong(label: String) throws {
    let blocks = try PEMText.blocks(in: try RelayKeys().pemText)
    #expect(throws: KeyFileError.missing(label)) {
      try RelayKeys(pemText: PEMText.text(blocks.filter { $0.label != label }))
    }
    #expect(throws: KeyFileError.repeated(label)) {
      try RelayKeys(pemText: PEMText.text(blocks + blocks.filter { $0.label == label }))
    }
    var changed = blocks
    for index in changed.indices where changed[index].label == label { changed[index].octets.removeLast() }
    #expect {
      try RelayKeys(pemText: PEMText.text(changed))
    } throws: { error in
      guard case .invalid(label, _)? = error as? KeyFileError else { return false }
      return true
    }
  }

  @Test func aKeyOfZeroOrOfGenerationZeroIsRefused() throws {
    #expect(throws: KeyFileError.self) { try Fixtures.keys(smallScalar: 0) }
    #expect(throws: KeyFileError.self) { try Fixtures.keys(scalar: [UInt8](repeating: 0xFF, count: 48)) }
    #expect(GenerationPrefix.split([0, 0, 0, 0, 1], keyOctetCount: 1) == nil)
  }

  @Test func aPointThatIsNoneIsRefused() throws {
    var blocks = try PEMText.blocks(in: try Fixtures.trust(RelayKeys()).pemText)
    for index in blocks.indices where blocks[index].label == KeyFileLabel.tokenKey { blocks[index].octets[4] = 9 }
    #expect(throws: KeyFileError.self) { try RelayTrust(pemText: PEMText.text(blocks)) }
  }

  @Test func brokenPEM() {
    #expect(throws: KeyFileError.malformed(line: 1, expected: "an end to the \"A\" block")) {
      try PEMText.blocks(in: "-----BEGIN A-----\nAAAA\n")
    }
    #expect(throws: KeyFileError.malformed(line: 3, expected: "-----END A-----")) {
      try PEMText.blocks(in: "-----BEGIN A-----\nAAAA\n-----BEGIN B-----\n")
    }
    #expect(throws: KeyFileError.malformed(line: 2, expected: "base64 in the \"A\" block")) {
      try PEMText.blocks(in: "\n-----BEGIN A-----\nA?AA\n-----END A-----\n")
    }
    #expect(throws: KeyFileError.malformed(line: 1, expected: "base64 in the \"A\" block")) {
      try PEMText.blocks(in: "-----BEGIN A-----\n-----END A-----\n")
    }
    #expect(throws: KeyFileError.tooLarge) {
      try PEMText.blocks(in: String(repeating: "x", count: PEMText.maximumOctetCount + 1))
    }
  }

  @Test(arguments: 0..<UInt64(100)) func changedFilesAreReadOrRefused(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var octets = Array(try Fixtures.trust(Fixtures.keys(smallScalar: 3)).pemText.utf8)
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      let position = Int.random(in: octets.indices, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: octets[position] = .random(in: .min ... .max, using: &generator)
      case 1: octets.remove(at: position)
      default: octets.removeSubrange(position..<min(octets.count, position + 80))
      }
    }
    do throws(KeyFileError) {
      _ = try RelayTrust(pemText: String(decoding: octets, as: UTF8.self))
    } catch {
      #expect(!error.description.isEmpty)
    }
  }

  @Test func secretsDoNotShow() throws {
    let keys = try RelayKeys()
    let identity = try IdentityKey()
    var text = "\(keys)" + String(reflecting: keys) + "\(identity)" + String(reflecting: identity)
    dump(keys, to: &text)
    dump(identity, to: &text)
    dump(Fixtures.stretched(), to: &text)
    dump(try Pair().sessionKey, to: &text)
    dump(try Pair().seal(Fixtures.content()), to: &text)
    #expect(text.contains("RelayKeys(…)"))
    #expect(!text.contains("0: "))
    #expect(!text.contains("octets"))
  }

  @Test func anIdentityKeyComesBack() throws {
    let key = try IdentityKey()
    #expect(try IdentityKey(rawRepresentation: key.rawRepresentation).publicKey == key.publicKey)
    #expect(throws: SealingError.invalidKey("private identity key")) { try IdentityKey(rawRepresentation: [1, 2]) }
  }
}
