/// What a ``FixedOctets`` is: its size on the wire, its name in errors, and whether it may be shown.
public protocol OctetKind: Sendable {
  static var octetCount: Int { get }
  /// As in "message id of 3 octets instead of 16".
  static var name: String { get }
  /// True: never shown in logs, debuggers or mirrors.
  static var isRedacted: Bool { get }
}

/// Octets of one fixed count, with a type of their own per meaning, so that a message id cannot be passed for a key
/// package id and a key of the wrong size does not exist past the decoder.
public struct FixedOctets<Kind: OctetKind>: Hashable, Sendable {
  /// Exactly `Kind.octetCount` octets.
  public let octets: [UInt8]

  /// - Throws: ``RelayFrameError/wrongOctetCount(field:expected:found:)``.
  public init(_ octets: some Collection<UInt8>) throws(RelayFrameError) {
    guard octets.count == Kind.octetCount else {
      throw .wrongOctetCount(field: Kind.name, expected: Kind.octetCount, found: octets.count)
    }
    self.octets = [UInt8](octets)
  }

  /// Random octets, from a generator that the caller chose.
  public init(using generator: inout some RandomNumberGenerator) {
    // Drawn from a copy: the system's generator has no fields and so no place in memory, where ThreadSanitizer would look.
    var copy = generator
    var octets: [UInt8] = []
    octets.reserveCapacity(Kind.octetCount)
    for _ in 0..<Kind.octetCount { octets.append(.random(in: .min ... .max, using: &copy)) }
    generator = copy
    self.octets = octets
  }
}

extension FixedOctets: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    guard !Kind.isRedacted else { return "\(Kind.name) …" }
    var text = ""
    for octet in octets {
      text += octet < 16 ? "0" : ""
      text += String(octet, radix: 16)
    }
    return text
  }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Names one message, from sender to recipient: 16 random octets.
public typealias MessageID = FixedOctets<MessageIDKind>
public enum MessageIDKind: OctetKind {
  public static let octetCount = 16
  public static let name = "message id"
  public static let isRedacted = false
}

/// Names one key package: 16 random octets.
public typealias KeyPackageID = FixedOctets<KeyPackageIDKind>
public enum KeyPackageIDKind: OctetKind {
  public static let octetCount = 16
  public static let name = "key package id"
  public static let isRedacted = false
}

/// A subscriber's number as the relay knows it: the output of VOPRF(P-384, SHA-384), 48 octets. Personal data.
public typealias NumberToken = FixedOctets<NumberTokenKind>
public enum NumberTokenKind: OctetKind {
  public static let octetCount = 48
  public static let name = "number token"
  public static let isRedacted = true
}

/// A number as it stands in what is signed: E.164 with its plus sign, then zeros, 16 octets. Personal data.
public typealias SignedNumber = FixedOctets<SignedNumberKind>
public enum SignedNumberKind: OctetKind {
  public static let octetCount = 16
  public static let name = "signed number"
  public static let isRedacted = true
}

/// A device's Ed25519 public key, 32 octets. It stands for a person, so it is not shown.
public typealias IdentityPublicKey = FixedOctets<IdentityPublicKeyKind>
public enum IdentityPublicKeyKind: OctetKind {
  public static let octetCount = 32
  public static let name = "identity key"
  public static let isRedacted = true
}

/// An Ed25519 signature, 64 octets.
public typealias Signature = FixedOctets<SignatureKind>
public enum SignatureKind: OctetKind {
  public static let octetCount = 64
  public static let name = "signature"
  public static let isRedacted = false
}

/// What the relay wants signed to believe an identity key: 32 random octets, used once.
public typealias ChallengeNonce = FixedOctets<ChallengeNonceKind>
public enum ChallengeNonceKind: OctetKind {
  public static let octetCount = 32
  public static let name = "challenge nonce"
  public static let isRedacted = false
}

/// SHA-256 of the SubjectPublicKeyInfo (DER) in the relay's certificate, 32 octets.
public typealias CertificateKeyHash = FixedOctets<CertificateKeyHashKind>
public enum CertificateKeyHashKind: OctetKind {
  public static let octetCount = 32
  public static let name = "certificate key hash"
  public static let isRedacted = false
}

/// An X-Wing (ML-KEM-768 + X25519) public key, 1,216 octets.
public typealias SealingPublicKey = FixedOctets<SealingPublicKeyKind>
public enum SealingPublicKeyKind: OctetKind {
  public static let octetCount = 1_216
  public static let name = "sealing public key"
  public static let isRedacted = false
}

/// A number on its way to the relay, blinded: a compressed P-384 point, 49 octets.
public typealias BlindedElement = FixedOctets<BlindedElementKind>
public enum BlindedElementKind: OctetKind {
  public static let octetCount = 49
  public static let name = "blinded element"
  public static let isRedacted = false
}

/// The relay's answer to a ``BlindedElement``: the evaluated element (49 octets) and its proof (96), 145 octets.
public typealias Evaluation = FixedOctets<EvaluationKind>
public enum EvaluationKind: OctetKind {
  public static let octetCount = 145
  public static let name = "evaluation"
  public static let isRedacted = false
}

/// HMAC-SHA256 by which a recipient says that it has stored a message, 32 octets.
public typealias AcknowledgementMAC = FixedOctets<AcknowledgementMACKind>
public enum AcknowledgementMACKind: OctetKind {
  public static let octetCount = 32
  public static let name = "acknowledgement MAC"
  public static let isRedacted = false
}
