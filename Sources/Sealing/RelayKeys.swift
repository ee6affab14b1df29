internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
public import RelayProtocol
public import Telephony

/// The relay's secrets: the number-token keys and the registration key, with the salt that goes with them. The file
/// they are in must be readable by the relay only.
public struct RelayKeys: Sendable, Secret {
  /// Newest first; one, or while it is being replaced two (`TokenGeneration.maximumServed`).
  public let generations: [TokenGeneration]
  public let numberSalt: NumberSalt
  /// By generation; scalars of 48 octets.
  private let tokenKeys: [TokenGeneration: [UInt8]]
  let registrationKey: XWingMLKEM768X25519.PrivateKey

  /// New random keys, with one number-token key of generation 1.
  public init() throws(SealingError) {
    guard let registrationKey = try? XWingMLKEM768X25519.PrivateKey.generate() else {
      throw .internalFailure("key generation")
    }
    var generator = SystemRandomNumberGenerator()
    self.init(
      tokenKeys: [TokenGeneration(rawValue: 1): [UInt8](P384._VOPRF.PrivateKey().rawRepresentation)],
      registrationKey: registrationKey, numberSalt: NumberSalt(using: &generator))
  }

  private init(
    tokenKeys: [TokenGeneration: [UInt8]], registrationKey: XWingMLKEM768X25519.PrivateKey, numberSalt: NumberSalt
  ) {
    self.tokenKeys = tokenKeys
    self.registrationKey = registrationKey
    self.numberSalt = numberSalt
    generations = tokenKeys.keys.sorted(by: >)
  }

  /// - Throws: ``KeyFileError``, naming the block.
  public init(pemText: String) throws(KeyFileError) {
    let blocks = try PEMText.blocks(in: pemText)
    var tokenKeys: [TokenGeneration: [UInt8]] = [:]
    for octets in blocks.all(KeyFileLabel.tokenPrivateKey) {
      guard let (generation, scalar) = GenerationPrefix.split(octets, keyOctetCount: 48),
        (try? P384._VOPRF.PrivateKey(rawRepresentation: scalar)) != nil
      else { throw .invalid(KeyFileLabel.tokenPrivateKey, expected: "a generation and a P-384 private key") }
      guard tokenKeys.updateValue(scalar, forKey: generation) == nil else {
        throw .repeated(KeyFileLabel.tokenPrivateKey)
      }
    }
    guard !tokenKeys.isEmpty else { throw .missing(KeyFileLabel.tokenPrivateKey) }
    guard tokenKeys.count <= TokenGeneration.maximumServed else {
      throw .tooMany(KeyFileLabel.tokenPrivateKey, limit: TokenGeneration.maximumServed)
    }
    let seed = try blocks.one(KeyFileLabel.registrationPrivateKey)
    guard let registrationKey = try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: seed, publicKey: nil) else {
      throw .invalid(KeyFileLabel.registrationPrivateKey, expected: "an X-Wing seed of 32 octets")
    }
    self.init(tokenKeys: tokenKeys, registrationKey: registrationKey, numberSalt: try NumberSalt(blocks))
  }

  /// The private file's text, as ``init(pemText:)`` reads it.
  public var pemText: String {
    PEMText.text(
      generations.map {
        PEMText.Block(
          label: KeyFileLabel.tokenPrivateKey,
          octets: GenerationPrefix.joined(generation: $0, key: tokenKeys[$0] ?? []))
      } + [
        PEMText.Block(
          label: KeyFileLabel.registrationPrivateKey, octets: [UInt8](registrationKey.seedRepresentation)),
        PEMText.Block(label: KeyFileLabel.numberSalt, octets: numberSalt.octets),
      ])
  }

  /// The same keys with a new number-token key one generation above the newest; the old one stays served.
  ///
  /// - Returns: nil when there are as many as are served at a time.
  public func addingGeneration() -> RelayKeys? {
    guard generations.count < TokenGeneration.maximumServed, let newest = generations.first?.rawValue, newest < .max
    else { return nil }
    var tokenKeys = tokenKeys
    tokenKeys[TokenGeneration(rawValue: newest + 1)] = [UInt8](P384._VOPRF.PrivateKey().rawRepresentation)
    return RelayKeys(tokenKeys: tokenKeys, registrationKey: registrationKey, numberSalt: numberSalt)
  }

  /// The same keys without the oldest number-token key.
  ///
  /// - Returns: nil when there is only one.
  public func droppingOldestGeneration() -> RelayKeys? {
    guard generations.count > 1, let oldest = generations.last else { return nil }
    var tokenKeys = tokenKeys
    tokenKeys[oldest] = nil
    return RelayKeys(tokenKeys: tokenKeys, registrationKey: registrationKey, numberSalt: numberSalt)
  }

  /// What devices get.
  ///
  /// - Parameter certificatePEM: the CA's certificate, one or more `CERTIFICATE` blocks; other blocks are left out.
  public func trust(certificatePEM: String) throws(KeyFileError) -> RelayTrust {
    let certificates = try PEMText.blocks(in: certificatePEM).all(KeyFileLabel.certificate)
    guard !certificates.isEmpty else { throw .missing(KeyFileLabel.certificate) }
    do {
      var publicKeys: [RelayTrust.TokenKey] = []
      for generation in generations {
        let point = [UInt8](try tokenKey(generation).publicKey.compressedRepresentation)
        publicKeys.append(RelayTrust.TokenKey(generation: generation, point: point))
      }
      return RelayTrust(
        certificates: certificates, tokenKeys: publicKeys,
        registrationKey: try FixedOctets(library: registrationKey.publicKey.rawRepresentation),
        numberSalt: numberSalt)
    } catch {
      throw .invalid(KeyFileLabel.tokenPrivateKey, expected: "a generation and a P-384 private key")
    }
  }

  /// Evaluates blinded numbers with a proof each (some 4 ms an element).
  ///
  /// - Throws: ``SealingError/unknownGeneration(_:)``; ``SealingError/invalidKey(_:)`` when an element is no point.
  public func evaluate(
    _ elements: [BlindedElement], generation: TokenGeneration
  ) throws(SealingError) -> [Evaluation] {
    let key = try tokenKey(generation)
    var evaluations: [Evaluation] = []
    evaluations.reserveCapacity(elements.count)
    for element in elements {
      guard let point = try? P384._VOPRF.BlindedElement(oprfRepresentation: element.octets) else {
        throw .invalidKey("blinded element")
      }
      guard let evaluation = try? key.evaluate(point) else { throw .internalFailure("evaluation") }
      evaluations.append(try FixedOctets(library: evaluation.rawRepresentation))
    }
    return evaluations
  }

  /// The tokens of a number that its owner proved, newest generation first (some 45 ms, most of it scrypt). Each is
  /// equal to what a device makes of the number.
  public func tokens(for number: PhoneNumber) throws(SealingError) -> [GenerationToken] {
    let stretched = try StretchedNumber(number, salt: numberSalt)
    var tokens: [GenerationToken] = []
    for generation in generations {
      tokens.append(GenerationToken(token: try token(for: stretched, generation: generation), generation: generation))
    }
    return tokens
  }

  /// The same of one generation.
  public func token(for number: PhoneNumber, generation: TokenGeneration) throws(SealingError) -> NumberToken {
    try token(for: StretchedNumber(number, salt: numberSalt), generation: generation)
  }

  /// The same of a number stretched before with these keys' salt (some 1 ms).
  public func token(for number: StretchedNumber, generation: TokenGeneration) throws(SealingError) -> NumberToken {
    let key = try tokenKey(generation)
    guard let output = try? key.evaluate(number.octets) else { throw .internalFailure("evaluation") }
    return try FixedOctets(library: output)
  }

  private func tokenKey(_ generation: TokenGeneration) throws(SealingError) -> P384._VOPRF.PrivateKey {
    guard let scalar = tokenKeys[generation] else { throw .unknownGeneration(generation) }
    guard let key = try? P384._VOPRF.PrivateKey(rawRepresentation: scalar) else {
      throw .invalidKey("number-token key")
    }
    return key
  }
}
