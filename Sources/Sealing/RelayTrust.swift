internal import CryptoExtras
internal import Crypto
internal import FoundationEssentials
public import RelayProtocol

/// What a device must know of its relay beforehand, so that nobody can stand in for it: the file `ca.pem` that
/// `shunt-relay init` writes. All of it is public.
public struct RelayTrust: Hashable, Sendable {
  /// The CA that signs the relay's certificate, DER; at least one.
  public let certificates: [[UInt8]]
  /// The pinned number-token keys, newest first; at least one.
  public let tokenKeys: [TokenKey]
  /// Registrations are sealed to it.
  public let registrationKey: SealingPublicKey
  /// Salts scrypt over numbers; the same for all devices of a relay, or their tokens would differ.
  public let numberSalt: NumberSalt

  /// A VOPRF(P-384, SHA-384) public key.
  public struct TokenKey: Hashable, Sendable {
    public let generation: TokenGeneration
    /// A compressed point.
    public let point: [UInt8]
  }

  /// - Throws: ``KeyFileError`` when a block is missing, repeated or not what its label says.
  public init(pemText: String) throws(KeyFileError) {
    let blocks = try PEMText.blocks(in: pemText)
    certificates = blocks.all(KeyFileLabel.certificate)
    guard !certificates.isEmpty else { throw .missing(KeyFileLabel.certificate) }

    var tokenKeys: [TokenKey] = []
    for octets in blocks.all(KeyFileLabel.tokenKey) {
      guard let (generation, point) = GenerationPrefix.split(octets, keyOctetCount: 49),
        (try? P384._VOPRF.PublicKey(compressedRepresentation: point)) != nil
      else { throw .invalid(KeyFileLabel.tokenKey, expected: "a generation and a compressed P-384 point") }
      guard !tokenKeys.contains(where: { $0.generation == generation }) else { throw .repeated(KeyFileLabel.tokenKey) }
      tokenKeys.append(TokenKey(generation: generation, point: point))
    }
    guard !tokenKeys.isEmpty else { throw .missing(KeyFileLabel.tokenKey) }
    self.tokenKeys = tokenKeys.sorted { $0.generation > $1.generation }

    do {
      registrationKey = try FixedOctets(try blocks.one(KeyFileLabel.registrationKey))
    } catch let error as KeyFileError {
      throw error
    } catch {
      throw .invalid(KeyFileLabel.registrationKey, expected: "an X-Wing public key of 1,216 octets")
    }
    numberSalt = try NumberSalt(blocks)
  }

  init(certificates: [[UInt8]], tokenKeys: [TokenKey], registrationKey: SealingPublicKey, numberSalt: NumberSalt) {
    self.certificates = certificates
    self.tokenKeys = tokenKeys
    self.registrationKey = registrationKey
    self.numberSalt = numberSalt
  }

  /// The file's text, as ``init(pemText:)`` reads it.
  public var pemText: String {
    PEMText.text(
      certificates.map { PEMText.Block(label: KeyFileLabel.certificate, octets: $0) }
        + tokenKeys.map {
          PEMText.Block(
            label: KeyFileLabel.tokenKey, octets: GenerationPrefix.joined(generation: $0.generation, key: $0.point))
        }
        + [
          PEMText.Block(label: KeyFileLabel.registrationKey, octets: registrationKey.octets),
          PEMText.Block(label: KeyFileLabel.numberSalt, octets: numberSalt.octets),
        ])
  }

  /// The newest of the relay's generations that is pinned here, or nil when none is: the file is then out of date.
  public func newestGeneration(servedBy relay: [TokenGeneration]) -> TokenGeneration? {
    tokenKeys.map(\.generation).first { relay.contains($0) }
  }

  /// Whether this is `whole`, but for number-token keys that only `whole` has.
  public func isPart(of whole: RelayTrust) -> Bool {
    certificates == whole.certificates && registrationKey == whole.registrationKey && numberSalt == whole.numberSalt
      && tokenKeys.allSatisfy(whole.tokenKeys.contains)
  }

  /// Whether a number-token key of this generation is pinned here.
  public func pins(_ generation: TokenGeneration) -> Bool { tokenKeys.contains { $0.generation == generation } }

  func tokenKey(_ generation: TokenGeneration) throws(SealingError) -> P384._VOPRF.PublicKey {
    guard let key = tokenKeys.first(where: { $0.generation == generation }) else {
      throw .unknownGeneration(generation)
    }
    guard let publicKey = try? P384._VOPRF.PublicKey(compressedRepresentation: key.point) else {
      throw .invalidKey("number-token key")
    }
    return publicKey
  }
}

/// Salts scrypt over numbers, 32 octets, public.
public typealias NumberSalt = FixedOctets<NumberSaltKind>
public enum NumberSaltKind: OctetKind {
  public static let octetCount = 32
  public static let name = "number salt"
  public static let isRedacted = false
}

extension NumberSalt {
  init(_ blocks: [PEMText.Block]) throws(KeyFileError) {
    let octets = try blocks.one(KeyFileLabel.numberSalt)
    do throws(RelayFrameError) {
      try self.init(octets)
    } catch {
      throw .invalid(KeyFileLabel.numberSalt, expected: "32 octets")
    }
  }
}

/// A generation (4 octets, big-endian, not 0) in front of a key.
enum GenerationPrefix {
  static func split(_ octets: [UInt8], keyOctetCount: Int) -> (TokenGeneration, [UInt8])? {
    guard octets.count == 4 + keyOctetCount else { return nil }
    let generation = octets.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard generation != 0 else { return nil }
    return (TokenGeneration(rawValue: generation), Array(octets.dropFirst(4)))
  }

  static func joined(generation: TokenGeneration, key: [UInt8]) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: generation.rawValue >> $0) } + key
  }
}
