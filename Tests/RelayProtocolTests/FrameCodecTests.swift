import FoundationEssentials
import RelayProtocol
import SwiftProtobuf
import Testing

@Suite struct FrameCodecTests {
  @Test(arguments: 0..<UInt64(4)) func everyClientFrameComesBack(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for frame in samples.clientFrames() {
      let octets = try frame.encoded()
      #expect(octets.count <= 4 + RelayFrame.maximumOctetCount)
      #expect(try ClientFrame(decoding: octets.dropFirst(4)) == frame)
    }
  }

  @Test(arguments: 0..<UInt64(4)) func everyServerFrameComesBack(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for frame in samples.serverFrames() {
      let octets = try frame.encoded()
      #expect(octets.count <= 4 + RelayFrame.maximumOctetCount)
      #expect(try ServerFrame(decoding: octets.dropFirst(4)) == frame)
    }
  }

  /// Fixed for good: other clients are written against these octets.
  @Test func goldenOctets() throws {
    let ping = ClientFrame(request: RequestID(rawValue: 5), message: .ping(keepaliveSeconds: 120))
    #expect(try ping.encoded() == [0, 0, 0, 6, 0x08, 5, 0x6A, 2, 0x08, 120])
    let revoked = ServerFrame(request: nil, message: .revoked(try MessageID((0..<16).map { UInt8($0) })))
    #expect(try revoked.encoded() == [0, 0, 0, 20, 0x72, 18, 0x0A, 16] + (0..<16).map { UInt8($0) })
  }

  // MARK: what a relay must refuse

  private static func delivery(keyPackageID: Int, sealed: Int) -> WireDeliver {
    .with {
      $0.lifetimeMs = 1
      $0.messageID = Data(count: 16)
      $0.recipientToken = Data(count: 48)
      $0.keyPackageID = Data(count: keyPackageID)
      $0.sealed = Data(count: sealed)
    }
  }

  static let sizes: [(String, @Sendable (inout WireClientFrame) -> Void, RelayFrameError)] = [
    ("short identity", { $0.authenticate = .with { $0.identityKey = Data(count: 31) } },
     .wrongOctetCount(field: "identity key", expected: 32, found: 31)),
    ("no signature", { $0.authenticate = .with { $0.identityKey = Data(count: 32) } },
     .wrongOctetCount(field: "signature", expected: 64, found: 0)),
    ("no number", { $0.register = .init() }, .missing(field: "sealed number")),
    ("long number", { $0.register = .with { $0.sealedNumber = Data(count: 1_281) } },
     .outOfRange(field: "sealed number")),
    ("no code", { $0.confirmRegistration = .init() }, .missing(field: "code")),
    ("long code", { $0.confirmRegistration = .with { $0.code = String(repeating: "A", count: 33) } },
     .outOfRange(field: "code")),
    ("no generation", { $0.evaluateTokens = .with { $0.blindedElements = [Data(count: 49)] } },
     .missing(field: "generation")),
    ("no elements", { $0.evaluateTokens = .with { $0.generation = 1 } }, .outOfRange(field: "blinded elements")),
    ("too many elements",
     { $0.evaluateTokens = .with { $0.generation = 1; $0.blindedElements = .init(repeating: Data(count: 49), count: 65) } },
     .outOfRange(field: "blinded elements")),
    ("short element",
     { $0.evaluateTokens = .with { $0.generation = 1; $0.blindedElements = [Data(count: 49), Data(count: 48)] } },
     .wrongOctetCount(field: "blinded element", expected: 49, found: 48)),
    ("no tokens", { $0.lookUp = .init() }, .outOfRange(field: "tokens")),
    ("too many tokens", { $0.lookUp = .with { $0.tokens = .init(repeating: Data(count: 48), count: 65) } },
     .outOfRange(field: "tokens")),
    ("too many tokens for key packages",
     { $0.lookUp = .with { $0.tokens = .init(repeating: Data(count: 48), count: 9); $0.withKeyPackages = true } },
     .outOfRange(field: "tokens")),
    ("long token", { $0.lookUp = .with { $0.tokens = [Data(count: 49)] } },
     .wrongOctetCount(field: "number token", expected: 48, found: 49)),
    ("no key package", { $0.publishKeyPackage = .init() }, .missing(field: "key package")),
    ("short key", { $0.publishKeyPackage = .with { $0.keyPackage = .with { $0.id = Data(count: 16); $0.publicKey = Data(count: 32) } } },
     .wrongOctetCount(field: "sealing public key", expected: 1_216, found: 32)),
    ("no lifetime", { $0.deliver = .init() }, .outOfRange(field: "lifetime")),
    ("long lifetime", { $0.deliver = .with { $0.lifetimeMs = 60_001 } }, .outOfRange(field: "lifetime")),
    ("no message id", { $0.deliver = .with { $0.lifetimeMs = 1 } },
     .wrongOctetCount(field: "message id", expected: 16, found: 0)),
    ("short key package id",
     { $0.deliver = delivery(keyPackageID: 15, sealed: 1) },
     .wrongOctetCount(field: "key package id", expected: 16, found: 15)),
    ("nothing sealed",
     { $0.deliver = delivery(keyPackageID: 16, sealed: 0) },
     .missing(field: "sealed message")),
    ("too much sealed",
     { $0.deliver = delivery(keyPackageID: 16, sealed: 16_129) },
     .outOfRange(field: "sealed message")),
    ("long MAC", { $0.acknowledge = .with { $0.messageID = Data(count: 16); $0.mac = Data(count: 33) } },
     .wrongOctetCount(field: "acknowledgement MAC", expected: 32, found: 33)),
    ("no message refused", { $0.refuse = .init() }, .wrongOctetCount(field: "message id", expected: 16, found: 0)),
    ("no message revoked", { $0.revoke = .init() }, .wrongOctetCount(field: "message id", expected: 16, found: 0)),
    ("no request id", { $0.request = 0; $0.deregister = .init() }, .missing(field: "request")),
  ]

  @Test(arguments: sizes.indices) func clientFrameWithAWrongSize(index: Int) throws {
    let (name, change, error) = Self.sizes[index]
    var wire = WireClientFrame()
    wire.request = 1
    change(&wire)
    let octets: [UInt8] = try wire.serializedBytes()
    #expect(throws: error, "\(name)") { try ClientFrame(decoding: octets) }
  }

  // MARK: what a device must refuse

  static let answers: [(String, @Sendable (inout WireServerFrame) -> Void, RelayFrameError)] = [
    ("short nonce", { $0.challenge = .with { $0.nonce = Data(count: 31) } },
     .wrongOctetCount(field: "challenge nonce", expected: 32, found: 31)),
    ("no generations", { $0.sessionReady = .init() }, .outOfRange(field: "token generations")),
    ("many generations", { $0.sessionReady = .with { $0.tokenGenerations = Array(1...17) } },
     .outOfRange(field: "token generations")),
    ("generation 0", { $0.sessionReady = .with { $0.tokenGenerations = [1, 0] } }, .missing(field: "generation")),
    ("registered without token", { $0.sessionReady = .with { $0.tokenGenerations = [1]; $0.registered = true } },
     .wrongOctetCount(field: "number token", expected: 48, found: 0)),
    ("no token", { $0.registered = .with { $0.generation = 1 } },
     .wrongOctetCount(field: "number token", expected: 48, found: 0)),
    ("token without generation", { $0.registered = .with { $0.token = Data(count: 48) } },
     .missing(field: "generation")),
    ("no evaluations", { $0.evaluations = .init() }, .outOfRange(field: "evaluations")),
    ("short evaluation", { $0.evaluations = .with { $0.evaluations = [Data(count: 144)] } },
     .wrongOctetCount(field: "evaluation", expected: 145, found: 144)),
    ("no contacts", { $0.lookUpResult = .init() }, .outOfRange(field: "contacts")),
    ("bad key package",
     { $0.lookUpResult = .with { $0.contacts = [.with { $0.presence = .online; $0.keyPackage = .init() }] } },
     .wrongOctetCount(field: "key package id", expected: 16, found: 0)),
    ("incoming without sender",
     { $0.incoming = .with { $0.messageID = Data(count: 16) } },
     .wrongOctetCount(field: "number token", expected: 48, found: 0)),
    ("incoming without identity",
     { $0.incoming = .with { $0.messageID = Data(count: 16); $0.senderToken = Data(count: 48); $0.generation = 1 } },
     .wrongOctetCount(field: "identity key", expected: 32, found: 0)),
    ("incoming with too many senders",
     { $0.incoming = .with { $0.otherSenderTokens = .init(repeating: WireGenerationToken(), count: 2) } },
     .outOfRange(field: "other sender tokens")),
    ("incoming with a sender of no generation",
     { $0.incoming = .with { $0.otherSenderTokens = [.with { $0.token = Data(count: 48) }] } },
     .missing(field: "generation")),
    ("incoming with a short sender",
     { $0.incoming = .with { $0.otherSenderTokens = [.with { $0.token = Data(count: 47); $0.generation = 1 }] } },
     .wrongOctetCount(field: "number token", expected: 48, found: 47)),
    ("no MAC", { $0.acknowledged = .with { $0.messageID = Data(count: 16) } },
     .wrongOctetCount(field: "acknowledgement MAC", expected: 32, found: 0)),
    ("no message refused", { $0.refused = .init() }, .wrongOctetCount(field: "message id", expected: 16, found: 0)),
    ("no message revoked", { $0.revoked = .init() }, .wrongOctetCount(field: "message id", expected: 16, found: 0)),
  ]

  @Test(arguments: answers.indices) func serverFrameWithAWrongSize(index: Int) throws {
    let (name, change, error) = Self.answers[index]
    var wire = WireServerFrame()
    change(&wire)
    let octets: [UInt8] = try wire.serializedBytes()
    #expect(throws: error, "\(name)") { try ServerFrame(decoding: octets) }
  }

  // MARK: leniency

  @Test func bodiesOfALaterVersionAreToldApart() throws {
    // Request 3, field 2047 with an empty body.
    let octets: [UInt8] = [0x08, 3, 0xFA, 0x7F, 0]
    #expect(try ServerFrame(decoding: octets).message == .unrecognized)
    #expect(try ClientFrame(decoding: octets) == ClientFrame(request: RequestID(rawValue: 3), message: .unrecognized))
  }

  @Test func anUnknownPresenceIsNoPresence() throws {
    let wire = WireServerFrame.with {
      $0.lookUpResult = .with { $0.contacts = [.with { $0.presence = .UNRECOGNIZED(9) }] }
    }
    let octets: [UInt8] = try wire.serializedBytes()
    #expect(try ServerFrame(decoding: octets).message == .lookUpResult([.unknown]))
  }

  @Test func aFailureCannotSteerATerminal() throws {
    let wire = WireServerFrame.with {
      $0.failure = .with { $0.text = "a\u{1B}[31mb\nc\u{202E}d" + String(repeating: "é", count: 500) }
    }
    let octets: [UInt8] = try wire.serializedBytes()
    guard case .failure(let failure) = try ServerFrame(decoding: octets).message else {
      Issue.record("no failure")
      return
    }
    #expect(failure.text.hasPrefix("a[31mbcdé"))
    #expect(failure.text.unicodeScalars.count == RelayFailure.maximumTextCount)
  }

  @Test func tokensAndIdentitiesDoNotShow() throws {
    var samples = Samples(seed: 3)
    let token: NumberToken = samples.fixed()
    let key: IdentityPublicKey = samples.fixed()
    var dumped = ""
    dump(token, to: &dumped)
    dump(key, to: &dumped)
    for text in ["\(token)", String(reflecting: token), "\(key)", "\(ClientMessage.lookUp([token], withKeyPackages: true))"] {
      #expect(text.contains("…"))
      dumped += text
    }
    #expect(!dumped.contains("octets"))
  }
}
