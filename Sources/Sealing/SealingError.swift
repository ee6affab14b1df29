public import RelayProtocol

/// Why something could not be sealed, opened, signed for or believed. None of them carries personal data.
public enum SealingError: Error, Hashable, Sendable {
  /// Octets that are no key, or no point, of their kind; the kind's name.
  case invalidKey(String)
  /// The relay's answer was not made with the pinned number-token key (RFC 9497, section 2.2).
  case badProof
  /// Neither pinned nor held: a number-token key of this generation.
  case unknownGeneration(TokenGeneration)
  /// A signature that does not hold.
  case badSignature
  /// A key package past its expiry.
  case expired
  /// A message sealed to another key package than this session's.
  case staleKeyPackage
  /// Not sealed to this key, for another identity, or changed on its way.
  case unopenable
  /// Opened and signed, yet not what relay.proto says; the field.
  case badContent(String)
  /// What would be sealed does not fit a frame.
  case tooLarge(octetCount: Int, limit: Int)
  /// The library failed where only a lack of memory lets it fail; what it was doing.
  case internalFailure(String)
}

extension SealingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidKey(let name): "not a \(name)"
    case .badProof: "the relay's evaluation was not made with the pinned number-token key"
    case .unknownGeneration(let generation): "no number-token key of generation \(generation.rawValue)"
    case .badSignature: "the signature does not hold"
    case .expired: "the key package has expired"
    case .staleKeyPackage: "sealed to a key package of an earlier session"
    case .unopenable: "cannot be opened with this key"
    case .badContent(let field): "bad content: \(field)"
    case .tooLarge(let octetCount, let limit): "\(octetCount) octets, over the limit of \(limit)"
    case .internalFailure(let what): "\(what) failed"
    }
  }
}
