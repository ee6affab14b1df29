import RelayProtocol
import Telephony

@testable import Sealing

/// Repeatable chance for tests: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
  mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: .min ... .max, using: &self) } }
}

struct BadHex: Error {}

func octets(hex: String) throws -> [UInt8] {
  let digits = hex.filter { !$0.isWhitespace }
  guard digits.count.isMultiple(of: 2) else { throw BadHex() }
  var octets: [UInt8] = []
  var rest = Substring(digits)
  while !rest.isEmpty {
    guard let octet = UInt8(rest.prefix(2), radix: 16) else { throw BadHex() }
    octets.append(octet)
    rest = rest.dropFirst(2)
  }
  return octets
}

enum Fixtures {
  static let certificatePEM = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
  static let first = TokenGeneration(rawValue: 1)
  static let now = WallTime(millisecondsSince1970: 1_795_392_000_000)
  /// A day after `now`.
  static let expires: UInt64 = 1_795_392_000 + 86_400

  static func number(_ text: String = "+919876543210") throws -> PhoneNumber { try PhoneNumber(e164: text) }
  static func recipientNumber() throws -> PhoneNumber { try number("+919876500000") }

  /// A relay whose number-token key of generation 1 is `scalar`.
  static func keys(scalar: [UInt8]) throws -> RelayKeys {
    let fresh = try PEMText.blocks(in: try RelayKeys().pemText).filter { $0.label != KeyFileLabel.tokenPrivateKey }
    let block = PEMText.Block(
      label: KeyFileLabel.tokenPrivateKey, octets: GenerationPrefix.joined(generation: first, key: scalar))
    return try RelayKeys(pemText: PEMText.text([block] + fresh))
  }

  static func keys(smallScalar: UInt8) throws -> RelayKeys {
    try keys(scalar: [UInt8](repeating: 0, count: 47) + [smallScalar])
  }

  static func trust(_ keys: RelayKeys) throws -> RelayTrust { try keys.trust(certificatePEM: certificatePEM) }

  /// Stands for scrypt's output where the 40 ms of making it show nothing.
  static func stretched(_ octet: UInt8 = 1) -> StretchedNumber {
    StretchedNumber(stretched: [UInt8](repeating: octet, count: StretchedNumber.octetCount))
  }

  static func part(_ text: String = "Hallo") -> MessagePart {
    MessagePart(
      protocolIdentifier: 0, dataCodingScheme: 4, hasUserDataHeader: false, userDataLength: UInt8(text.utf8.count),
      userData: Array(text.utf8))
  }

  static func content(parts: Int = 1) throws -> MessageContent {
    MessageContent(
      senderNumber: try number(), sent: now, parts: (0..<parts).map { part(String(repeating: "x", count: $0 % 141)) })
  }
}

/// A sender and a recipient with a session.
struct Pair {
  let sender: IdentityKey
  let recipient: IdentityKey
  let sessionKey: SessionKey
  let messageID: MessageID

  init(seed: UInt64 = 1) throws {
    var generator = SeededGenerator(seed: seed)
    sender = try IdentityKey()
    recipient = try IdentityKey()
    sessionKey = try SessionKey(
      id: FixedOctets(using: &generator), expires: Fixtures.expires, identity: recipient)
    messageID = FixedOctets(using: &generator)
  }

  func seal(_ content: MessageContent) throws -> SealedMessage {
    try MessageSealer.seal(
      content, id: messageID, from: sender, to: VerifiedKeyPackage(sessionKey.keyPackage, now: Fixtures.now),
      of: Fixtures.recipientNumber())
  }

  func incoming(
    _ sealed: [UInt8], id: MessageID? = nil, sender: IdentityPublicKey? = nil, keyPackageID: KeyPackageID? = nil
  ) throws -> IncomingMessage {
    IncomingMessage(
      messageID: id ?? messageID, senderToken: try FixedOctets([UInt8](repeating: 9, count: 48)),
      generation: Fixtures.first, senderIdentityKey: sender ?? self.sender.publicKey,
      keyPackageID: keyPackageID ?? sessionKey.keyPackage.id, sealed: sealed)
  }
}
