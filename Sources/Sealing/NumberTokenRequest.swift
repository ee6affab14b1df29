internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
public import RelayProtocol
public import Telephony

/// One number on its way to becoming a ``RelayProtocol/NumberToken``: the client's side of VOPRF(P-384, SHA-384) in
/// verifiable mode (RFC 9497, section 3.3.2). The relay sees ``blindedElement`` only, which is random to it.
///
/// Cannot be stored or sent: the library does not let its blind out. Ask anew after a restart.
public struct NumberTokenRequest: Secret {
  public let generation: TokenGeneration
  /// What goes to the relay.
  public let blindedElement: BlindedElement
  private let publicKey: P384._VOPRF.PublicKey
  private let input: P384._VOPRF.BlindedInput

  /// Stretches the number (some 40 ms) and blinds it.
  ///
  /// - Throws: ``SealingError/unknownGeneration(_:)`` when `trust` pins no key of that generation.
  public init(_ number: PhoneNumber, generation: TokenGeneration, trust: RelayTrust) throws(SealingError) {
    try self.init(
      StretchedNumber(number, salt: trust.numberSalt), generation: generation, trust: trust)
  }

  /// Blinds a number stretched before with the same relay's salt (some 2 ms).
  public init(_ number: StretchedNumber, generation: TokenGeneration, trust: RelayTrust) throws(SealingError) {
    let publicKey = try trust.tokenKey(generation)
    guard let input = try? publicKey.blind(number.octets) else { throw .internalFailure("blinding") }
    self.generation = generation
    self.publicKey = publicKey
    self.input = input
    blindedElement = try FixedOctets(library: input.blindedElement.oprfRepresentation)
  }

  /// Checks the relay's proof and takes the blind away (some 10 ms).
  ///
  /// - Throws: ``SealingError/badProof`` when the evaluation was not made with the pinned key.
  public func token(from evaluation: Evaluation) throws(SealingError) -> NumberToken {
    guard EvaluationCheck.isSafe(evaluation, of: blindedElement, publicKey: publicKey),
      let parsed = try? P384._VOPRF.BlindEvaluation(rawRepresentation: evaluation.octets),
      let output = try? publicKey.finalize(input, using: parsed)
    else { throw .badProof }
    return try FixedOctets(library: output)
  }
}

/// Keeps the library from evaluations that would stop the program instead of being refused.
///
/// Checking a proof (c, s) means computing s·G + c·B and s·C + c·D (RFC 9497, section 2.2.2). swift-crypto 4.5.2 traps
/// when one of these is the point at infinity, which has no encoding; a relay can bring that about at will, with c = s =
/// 0 as with s = -c·k. A sum is the point at infinity only if both terms have the same x coordinate, and key agreement
/// gives x coordinates. No honest proof has that property, but for a chance of 2^-384.
enum EvaluationCheck {
  static let pointOctetCount = 49
  static let scalarOctetCount = 48

  static func isSafe(_ evaluation: Evaluation, of blinded: BlindedElement, publicKey: P384._VOPRF.PublicKey) -> Bool {
    let scalars = evaluation.octets.dropFirst(pointOctetCount)
    // Both must be in 1…n-1 to be private keys.
    guard let c = try? P384.KeyAgreement.PrivateKey(rawRepresentation: Array(scalars.prefix(scalarOctetCount))),
      let s = try? P384.KeyAgreement.PrivateKey(rawRepresentation: Array(scalars.dropFirst(scalarOctetCount))),
      let b = try? P384.KeyAgreement.PublicKey(compressedRepresentation: publicKey.compressedRepresentation),
      let blindedPoint = try? P384.KeyAgreement.PublicKey(compressedRepresentation: blinded.octets),
      let evaluatedPoint = try? P384.KeyAgreement.PublicKey(
        compressedRepresentation: Array(evaluation.octets.prefix(pointOctetCount))),
      let cB = x(c, b), let sC = x(s, blindedPoint), let cD = x(c, evaluatedPoint)
    else { return false }
    let sG = [UInt8](s.publicKey.rawRepresentation.prefix(scalarOctetCount))
    return sG != cB && sC != cD
  }

  private static func x(_ scalar: P384.KeyAgreement.PrivateKey, _ point: P384.KeyAgreement.PublicKey) -> [UInt8]? {
    guard let secret = try? scalar.sharedSecretFromKeyAgreement(with: point) else { return nil }
    return secret.withUnsafeBytes { [UInt8]($0) }
  }
}
