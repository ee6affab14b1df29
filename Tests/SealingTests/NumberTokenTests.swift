import RelayProtocol
import Telephony
import Testing

@testable import Sealing

@Suite struct NumberTokenTests {
  private func token(_ number: StretchedNumber, _ keys: RelayKeys, _ generation: TokenGeneration) throws -> NumberToken {
    let request = try NumberTokenRequest(number, generation: generation, trust: Fixtures.trust(keys))
    let evaluation = try #require(try keys.evaluate([request.blindedElement], generation: generation).first)
    return try request.token(from: evaluation)
  }

  @Test func deviceAndRelayComeToTheSameToken() throws {
    let keys = try RelayKeys()
    let number = try Fixtures.number()
    let request = try NumberTokenRequest(number, generation: Fixtures.first, trust: Fixtures.trust(keys))
    let evaluation = try #require(try keys.evaluate([request.blindedElement], generation: Fixtures.first).first)
    #expect(try request.token(from: evaluation) == keys.token(for: number, generation: Fixtures.first))
  }

  @Test func theRelaySeesAnotherElementEachTime() throws {
    let trust = try Fixtures.trust(RelayKeys())
    let elements = try (0..<4).map { _ in
      try NumberTokenRequest(Fixtures.stretched(), generation: Fixtures.first, trust: trust).blindedElement
    }
    #expect(Set(elements).count == 4)
  }

  @Test func numbersSaltsKeysAndGenerationsMakeDifferentTokens() throws {
    let keys = try RelayKeys()
    let both = try #require(keys.addingGeneration())
    let second = TokenGeneration(rawValue: 2)
    #expect(both.generations == [second, Fixtures.first])
    let tokens = [
      try token(Fixtures.stretched(1), keys, Fixtures.first), try token(Fixtures.stretched(2), keys, Fixtures.first),
      try token(Fixtures.stretched(1), both, second), try token(Fixtures.stretched(1), RelayKeys(), Fixtures.first),
    ]
    #expect(Set(tokens).count == 4)
    #expect(both.addingGeneration() == nil)
    // The older generation stays served, and says the same.
    #expect(try token(Fixtures.stretched(1), both, Fixtures.first) == tokens[0])

    let number = try Fixtures.number()
    let one = try StretchedNumber(number, salt: keys.numberSalt)
    #expect(try one == StretchedNumber(number, salt: keys.numberSalt))
    #expect(try one != StretchedNumber(number, salt: RelayKeys().numberSalt))
    #expect(try one != StretchedNumber(Fixtures.number("+919876543211"), salt: keys.numberSalt))
  }

  @Test func aGenerationThatIsNotPinned() throws {
    let keys = try RelayKeys()
    let trust = try Fixtures.trust(keys)
    let other = TokenGeneration(rawValue: 3)
    #expect(throws: SealingError.unknownGeneration(other)) {
      try NumberTokenRequest(Fixtures.stretched(), generation: other, trust: trust)
    }
    #expect(throws: SealingError.unknownGeneration(other)) { try keys.evaluate([], generation: other) }
    #expect(trust.newestGeneration(servedBy: [other, Fixtures.first]) == Fixtures.first)
    #expect(trust.newestGeneration(servedBy: [other]) == nil)
  }

  // MARK: a relay that cheats

  @Test func aKeyOfTheRelaysOwnChoosingIsNoticed() throws {
    let trust = try Fixtures.trust(RelayKeys())
    let request = try NumberTokenRequest(Fixtures.stretched(), generation: Fixtures.first, trust: trust)
    let evaluation = try #require(
      try RelayKeys().evaluate([request.blindedElement], generation: Fixtures.first).first)
    #expect(throws: SealingError.badProof) { try request.token(from: evaluation) }
  }

  @Test func anAnswerToAnotherElementIsNoticed() throws {
    let keys = try RelayKeys()
    let trust = try Fixtures.trust(keys)
    let request = try NumberTokenRequest(Fixtures.stretched(1), generation: Fixtures.first, trust: trust)
    let other = try NumberTokenRequest(Fixtures.stretched(2), generation: Fixtures.first, trust: trust)
    let evaluation = try #require(try keys.evaluate([other.blindedElement], generation: Fixtures.first).first)
    #expect(throws: SealingError.badProof) { try request.token(from: evaluation) }
  }

  @Test func everyChangedOctetIsNoticed() throws {
    let keys = try RelayKeys()
    let request = try NumberTokenRequest(
      Fixtures.stretched(), generation: Fixtures.first, trust: Fixtures.trust(keys))
    let evaluation = try #require(try keys.evaluate([request.blindedElement], generation: Fixtures.first).first)
    for position in stride(from: 0, to: 145, by: 6) {
      var octets = evaluation.octets
      octets[position] ^= 0x01
      let changed = try Evaluation(octets)
      #expect(throws: SealingError.badProof) { try request.token(from: changed) }
    }
  }

  @Test(arguments: 0..<UInt64(6)) func randomEvaluations(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let request = try NumberTokenRequest(
      Fixtures.stretched(), generation: Fixtures.first, trust: Fixtures.trust(Fixtures.keys(smallScalar: 3)))
    var octets = generator.octets(145)
    #expect(throws: SealingError.badProof) { try request.token(from: Evaluation(octets)) }
    // A point that is one, and scalars at the ends of their range.
    octets.replaceSubrange(0..<49, with: request.blindedElement.octets)
    for edge in [[UInt8](repeating: 0, count: 48), [UInt8](repeating: 0xFF, count: 48), Self.order, Self.order(minus: 1)] {
      octets.replaceSubrange(49..<97, with: edge)
      #expect(throws: SealingError.badProof) { try request.token(from: Evaluation(octets)) }
      octets.replaceSubrange(97..<145, with: edge)
      #expect(throws: SealingError.badProof) { try request.token(from: Evaluation(octets)) }
    }
  }

  /// FIPS 186-4, D.1.2.4: the order of P-384.
  static let order: [UInt8] =
    [UInt8](repeating: 0xFF, count: 24) + [
      0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2,
      0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
    ]

  static func order(minus small: UInt8) -> [UInt8] { order.dropLast() + [0x73 - small] }

  private func proof(c: [UInt8], s: [UInt8], for element: [UInt8]) throws -> Evaluation {
    try Evaluation(element + c + s)
  }

  /// swift-crypto 4.5.2 stops the program over these; see ``EvaluationCheck``.
  @Test func proofsThatEndAtInfinityAreRefused() throws {
    let one = [UInt8](repeating: 0, count: 47) + [1]
    let zero = [UInt8](repeating: 0, count: 48)
    let keys = try Fixtures.keys(smallScalar: 5)
    let request = try NumberTokenRequest(
      Fixtures.stretched(), generation: Fixtures.first, trust: Fixtures.trust(keys))
    let honest = try #require(try keys.evaluate([request.blindedElement], generation: Fixtures.first).first)
    let evaluated = Array(honest.octets.prefix(49))

    #expect(throws: SealingError.badProof) { try request.token(from: proof(c: zero, s: zero, for: evaluated)) }
    #expect(throws: SealingError.badProof) {
      try request.token(from: proof(c: Self.order, s: Self.order, for: evaluated))
    }
    // s·G + c·B with B = 5·G.
    #expect(throws: SealingError.badProof) {
      try request.token(from: proof(c: one, s: Self.order(minus: 5), for: evaluated))
    }
    // s·C + c·D with D = 7·C, which the pinned key did not make.
    let other = try #require(
      try Fixtures.keys(smallScalar: 7).evaluate([request.blindedElement], generation: Fixtures.first).first)
    #expect(throws: SealingError.badProof) {
      try request.token(from: proof(c: one, s: Self.order(minus: 7), for: Array(other.octets.prefix(49))))
    }
    // The honest one still passes.
    #expect(throws: Never.self) { try request.token(from: honest) }
  }

  // MARK: a device that cheats

  @Test(arguments: 0..<UInt64(200)) func elementsThatAreNoPoints(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var octets = generator.octets(49)
    octets[0] = seed.isMultiple(of: 2) ? 2 : octets[0]
    let keys = try Fixtures.keys(smallScalar: 3)
    do {
      let evaluations = try keys.evaluate([BlindedElement(octets)], generation: Fixtures.first)
      #expect(evaluations.count == 1)
      #expect([2, 3].contains(octets[0]))
    } catch {
      #expect(error as? SealingError == .invalidKey("blinded element"))
    }
  }

  @Test func theElementAtInfinityIsRefused() throws {
    let keys = try RelayKeys()
    let zero = try BlindedElement([UInt8](repeating: 0, count: 49))
    #expect(throws: SealingError.invalidKey("blinded element")) {
      try keys.evaluate([zero], generation: Fixtures.first)
    }
  }
}
