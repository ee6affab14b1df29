import FoundationEssentials
import RelayProtocol
import SwiftProtobuf
import Telephony
import Testing

@testable import Sealing

@Suite struct MessageSealingTests {
  private let pair: Pair
  init() throws { pair = try Pair() }

  private func open(_ incoming: IncomingMessage, now: WallTime = Fixtures.now) throws -> OpenedMessage {
    try pair.sessionKey.open(incoming, for: Fixtures.recipientNumber(), now: now)
  }

  @Test(arguments: [1, 2, 10, 100]) func theRecipientReadsIt(parts: Int) throws {
    let content = try Fixtures.content(parts: parts)
    let message = try pair.seal(content)
    let opened = try open(pair.incoming(message.sealed))
    #expect(opened.content == content)
  }

  @Test func theAcknowledgementIsTheRecipientsOwn() throws {
    let message = try pair.seal(Fixtures.content())
    let opened = try open(pair.incoming(message.sealed))
    let mac = try opened.acknowledgementKey.mac(for: pair.messageID)
    #expect(message.acknowledgementKey.isValid(mac, for: pair.messageID))
    // The sender's answer to it is another, so that neither can be given out for the other.
    let conclusion = try message.acknowledgementKey.conclusion(of: pair.messageID)
    #expect(opened.acknowledgementKey.isValid(conclusion: conclusion, of: pair.messageID))
    #expect(!opened.acknowledgementKey.isValid(conclusion: mac, of: pair.messageID))
    #expect(!message.acknowledgementKey.isValid(conclusion, for: pair.messageID))
    // Not for another message, not with a changed octet, not from another message's key.
    let other = try MessageID([UInt8](repeating: 7, count: 16))
    #expect(!message.acknowledgementKey.isValid(mac, for: other))
    for position in 0..<32 {
      var octets = mac.octets
      octets[position] ^= 1
      #expect(try !message.acknowledgementKey.isValid(AcknowledgementMAC(octets), for: pair.messageID))
    }
    let again = try open(pair.incoming(try pair.seal(Fixtures.content()).sealed))
    #expect(try !message.acknowledgementKey.isValid(again.acknowledgementKey.mac(for: pair.messageID), for: pair.messageID))
  }

  // MARK: what a relay could try

  @Test func underAnotherMessageID() throws {
    let message = try pair.seal(Fixtures.content())
    let other = try MessageID([UInt8](repeating: 7, count: 16))
    #expect(throws: SealingError.unopenable) { try open(pair.incoming(message.sealed, id: other)) }
  }

  @Test func asAnotherSenders() throws {
    let message = try pair.seal(Fixtures.content())
    let other = try IdentityKey().publicKey
    #expect(throws: SealingError.badSignature) { try open(pair.incoming(message.sealed, sender: other)) }
  }

  @Test func withAnIdentityKeyThatIsNone() throws {
    let message = try pair.seal(Fixtures.content())
    for octet in [UInt8(0), 0xFF] {
      let bad = try IdentityPublicKey([UInt8](repeating: octet, count: 32))
      #expect(throws: SealingError.badSignature) { try open(pair.incoming(message.sealed, sender: bad)) }
    }
  }

  @Test func underAnotherKeyPackageID() throws {
    let message = try pair.seal(Fixtures.content())
    let other = try KeyPackageID([UInt8](repeating: 7, count: 16))
    #expect(throws: SealingError.staleKeyPackage) { try open(pair.incoming(message.sealed, keyPackageID: other)) }
  }

  @Test func afterTheKeyPackageExpired() throws {
    let message = try pair.seal(Fixtures.content())
    let late = Fixtures.now.adding(.seconds(86_400))
    #expect(throws: SealingError.expired) { try open(pair.incoming(message.sealed), now: late) }
    #expect(throws: Never.self) {
      try open(pair.incoming(message.sealed), now: Fixtures.now.adding(.milliseconds(86_399_999)))
    }
  }

  @Test func toAnotherSessionWithTheSameID() throws {
    let message = try pair.seal(Fixtures.content())
    let next = try SessionKey(id: pair.sessionKey.keyPackage.id, expires: Fixtures.expires, identity: pair.recipient)
    #expect(throws: SealingError.unopenable) { try next.open(pair.incoming(message.sealed), for: Fixtures.recipientNumber(), now: Fixtures.now) }
  }

  /// What the signature says beside the content.
  private struct Statement {
    var sender: IdentityPublicKey
    var recipient: IdentityPublicKey
    var recipientNumber: SignedNumber
    var keyPackageID: KeyPackageID
    var messageID: MessageID
    var content: [UInt8]

    var transcript: Transcript {
      .message(
        sender: sender, recipient: recipient, recipientNumber: recipientNumber, keyPackageID: keyPackageID,
        messageID: messageID, content: content)
    }
  }

  private func statement(_ content: [UInt8]) throws -> Statement {
    Statement(
      sender: pair.sender.publicKey, recipient: pair.sessionKey.keyPackage.identityKey,
      recipientNumber: try SignedNumber(Fixtures.recipientNumber()), keyPackageID: pair.sessionKey.keyPackage.id,
      messageID: pair.messageID, content: content)
  }

  /// What a recipient opened it could seal again for a third person; the signature says that it was not for them. Nor can
  /// anything else that it says be another than it is.
  @Test func everythingIsSigned() throws {
    let content = try Fixtures.content().encoded()
    let changes: [(inout Statement) throws -> Void] = [
      { $0.sender = try IdentityKey().publicKey },
      { $0.recipient = try IdentityKey().publicKey },
      { $0.recipientNumber = try SignedNumber(Fixtures.number("+919876500001")) },
      { $0.keyPackageID = try FixedOctets([UInt8](repeating: 3, count: 16)) },
      { $0.messageID = try FixedOctets([UInt8](repeating: 3, count: 16)) },
      { $0.content += [0] },
      { $0.content = try Self.changed($0.content) { $0.protocolVersion = 2 } },
      { $0.content = try Self.changed($0.content) { $0.senderNumber = "+919876543211" } },
      { $0.content = try Self.changed($0.content) { $0.sentMs += 1 } },
      { $0.content = try Self.changed($0.content) { $0.parts[0].dataCodingScheme = 0 } },
      { $0.content = try Self.changed($0.content) { $0.parts[0].userData = Data("Hallx".utf8) } },
      { $0.content = try Self.changed($0.content) { $0.parts.append($0.parts[0]) } },
    ]
    for (index, change) in changes.enumerated() {
      var changed = try statement(content)
      try change(&changed)
      let sealed = try sealed(content, signature: pair.sender.sign(changed.transcript))
      #expect(throws: SealingError.badSignature, "change \(index)") { try open(pair.incoming(sealed)) }
    }
    let sealed = try sealed(content, signature: pair.sender.sign(statement(content).transcript))
    #expect(throws: Never.self) { try open(pair.incoming(sealed)) }
  }

  private static func changed(
    _ content: [UInt8], _ change: (inout WireSealedContent) -> Void
  ) throws -> [UInt8] {
    var wire = try WireSealedContent(serializedBytes: content)
    change(&wire)
    return try wire.serializedBytes()
  }

  /// A relay may pass one person's key package off as another's.
  @Test func forAnotherNumber() throws {
    let message = try pair.seal(Fixtures.content())
    #expect(throws: SealingError.badSignature) {
      try pair.sessionKey.open(pair.incoming(message.sealed), for: Fixtures.number("+919876500001"), now: Fixtures.now)
    }
  }

  /// Seals what a sender of another make might.
  private func sealed(_ content: [UInt8], signature: Signature?) throws -> [UInt8] {
    let payload = WireSealedPayload.with {
      $0.content = Data(content)
      $0.signature = Data(signature?.octets ?? [])
    }
    return try HybridEncryption.seal(
      try payload.serializedBytes(), to: pair.sessionKey.keyPackage.publicKey.octets, info: "shunt/1 message",
      authenticating: pair.messageID.octets
    ).sealed
  }

  @Test(arguments: 0..<UInt64(60)) func otherOctets(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let random = generator.octets(.random(in: 0...2_000, using: &generator))
    #expect(throws: SealingError.unopenable) { try open(pair.incoming(random)) }
    var changed = try pair.seal(Fixtures.content()).sealed
    changed[Int.random(in: changed.indices, using: &generator)] ^= UInt8(1) << Int.random(in: 0..<8, using: &generator)
    #expect(throws: SealingError.unopenable) { try open(pair.incoming(changed)) }
    changed.removeLast(Int.random(in: 1...changed.count, using: &generator))
    #expect(throws: SealingError.unopenable) { try open(pair.incoming(changed)) }
  }

  // MARK: what a sender could try

  private func signed(_ content: [UInt8]) throws -> [UInt8] {
    try sealed(content, signature: pair.sender.sign(statement(content).transcript))
  }

  static let contents: [(String, @Sendable (inout WireSealedContent) -> Void)] = [
    ("version", { $0.protocolVersion = 2 }),
    ("sender number", { $0.senderNumber = "12345678" }),
    ("sender number", { $0.senderNumber = "" }),
    ("time sent", { $0.sentMs = .max }),
    ("parts", { $0.parts = [] }),
    ("parts", { $0.parts = .init(repeating: $0.parts[0], count: 256) }),
    ("parts", { $0.parts[0].protocolIdentifier = 256 }),
    ("parts", { $0.parts[0].dataCodingScheme = .max }),
    ("parts", { $0.parts[0].userDataLength = 256 }),
    ("parts", { $0.parts[0].userDataLength = 161; $0.parts[0].userData = Data(count: 141) }),
    ("parts", { $0.parts[0].userDataLength = 141; $0.parts[0].userData = Data(count: 141) }),
    ("parts", { $0.parts[0].userDataLength = 140; $0.parts[0].userData = Data(count: 7) }),
    ("parts", { $0.parts[0].userData = Data() }),
  ]

  @Test(arguments: contents.indices) func contentThatCannotBe(index: Int) throws {
    let (field, change) = Self.contents[index]
    var wire = try WireSealedContent(serializedBytes: Fixtures.content(parts: 6).encoded())
    wire.parts = [wire.parts[5]]
    change(&wire)
    let sealed = try signed(try wire.serializedBytes())
    #expect(throws: SealingError.badContent(field)) { try open(pair.incoming(sealed)) }
  }

  @Test func withoutSignature() throws {
    let sealed = try sealed(Fixtures.content().encoded(), signature: nil)
    #expect(throws: SealingError.badContent("signature")) { try open(pair.incoming(sealed)) }
  }

  @Test(arguments: 0..<UInt64(50)) func signedNonsense(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let nonsense = try signed(generator.octets(.random(in: 0...200, using: &generator)))
    #expect(throws: SealingError.self) { try open(pair.incoming(nonsense)) }
    var octets = try Fixtures.content(parts: 5).encoded()
    octets[Int.random(in: octets.indices, using: &generator)] = .random(in: .min ... .max, using: &generator)
    let changed = try pair.incoming(signed(octets))
    do {
      let content = try open(changed).content
      #expect(try MessageContent(decoding: content.encoded()) == content)
    } catch {
      #expect(error is SealingError)
    }
  }

  // MARK: sizes

  @Test func theLargestMessageFitsAFrame() throws {
    var parts: [MessagePart] = []
    let full = MessagePart(
      protocolIdentifier: 0, dataCodingScheme: 8, hasUserDataHeader: true, userDataLength: 140,
      userData: [UInt8](repeating: 0xFF, count: 140))
    var largest: SealedMessage?
    let number = try Fixtures.recipientNumber()
    while parts.count < MessageContent.maximumParts {
      parts.append(full)
      let content = MessageContent(senderNumber: try Fixtures.number(), sent: Fixtures.now, parts: parts)
      do throws(SealingError) {
        largest = try MessageSealer.seal(
          content, id: pair.messageID, from: pair.sender,
          to: VerifiedKeyPackage(pair.sessionKey.keyPackage, now: Fixtures.now), of: number)
      } catch {
        guard case .tooLarge(let octetCount, RelayFrame.maximumSealedOctetCount) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(octetCount > RelayFrame.maximumSealedOctetCount)
        break
      }
    }
    // That is what a long text of 90 parts is.
    #expect(parts.count > 90)
    let sealed = try #require(largest?.sealed)
    let message = try pair.incoming(sealed)
    let frame = try ServerFrame(request: RequestID(rawValue: .max), message: .incoming(message)).encoded()
    #expect(frame.count <= 4 + RelayFrame.maximumOctetCount)
    #expect(try open(message).content.parts.count == parts.count - 1)
  }

  @Test func nothingIsSealedThatCannotBe() throws {
    var content = try Fixtures.content()
    content.parts = []
    #expect(throws: SealingError.badContent("parts")) { try pair.seal(content) }
    content = try Fixtures.content()
    content.sent = WallTime(millisecondsSince1970: -1)
    #expect(throws: SealingError.badContent("time sent")) { try pair.seal(content) }
    content = try Fixtures.content()
    content.parts[0].userDataLength = 9
    #expect(throws: SealingError.badContent("parts")) { try pair.seal(content) }
  }
}
