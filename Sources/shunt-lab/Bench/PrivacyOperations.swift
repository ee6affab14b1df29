internal import RelayProtocol
internal import Sealing
internal import Telephony

/// What looking a number up and sending a message ask of device and relay, each through the calls that they make.
enum PrivacyOperations {
  /// TLS plays no part in what is measured.
  static let certificatePEM = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"

  static func all() throws -> [TimedOperation] {
    var generator = SystemRandomNumberGenerator()
    let now = WallTime(millisecondsSince1970: 1_790_000_000_000)
    let expires: UInt64 = 1_790_100_000

    let keys = try RelayKeys()
    let trust = try keys.trust(certificatePEM: certificatePEM)
    guard let generation = keys.generations.first else { throw LabError("no number-token key") }
    let number = try PhoneNumber(e164: "+447700900123")
    let stretched = try StretchedNumber(number, salt: trust.numberSalt)
    let request = try NumberTokenRequest(stretched, generation: generation, trust: trust)
    guard let evaluation = try keys.evaluate([request.blindedElement], generation: generation).first else {
      throw LabError("no evaluation")
    }
    let token = try request.token(from: evaluation)
    guard try token == keys.token(for: stretched, generation: generation) else {
      throw LabError("device and relay come to different tokens")
    }

    let (sender, recipient) = (try IdentityKey(), try IdentityKey())
    let sessionKey = try SessionKey(id: KeyPackageID(using: &generator), expires: expires, identity: recipient)
    let package = try VerifiedKeyPackage(sessionKey.keyPackage, now: now)
    let publication = try ClientFrame(
      request: RequestID(rawValue: 1), message: .publishKeyPackage(sessionKey.keyPackage)
    ).encoded()
    // One full SMS: 160 septets.
    let part = MessagePart(
      protocolIdentifier: 0, dataCodingScheme: 0, hasUserDataHeader: false, userDataLength: 160,
      userData: [UInt8](repeating: 0x55, count: MessagePart.maximumUserDataOctetCount))
    let content = MessageContent(senderNumber: number, sent: now, parts: [part])
    let id = MessageID(using: &generator)
    let sealed = try MessageSealer.seal(content, id: id, from: sender, to: package, of: number)
    let incoming = IncomingMessage(
      messageID: id, senderToken: token, generation: generation, senderIdentityKey: sender.publicKey,
      keyPackageID: package.keyPackage.id, sealed: sealed.sealed)
    let acknowledgementKey = try sessionKey.open(incoming, for: number, now: now).acknowledgementKey
    let mac = try acknowledgementKey.mac(for: id)
    let transcript = Transcript.session(
      nonce: ChallengeNonce(using: &generator), certificateKeyHash: CertificateKeyHash(using: &generator))
    let signature = try sender.sign(transcript)

    return [
      TimedOperation("stretch a number (scrypt)") { _ = try StretchedNumber(number, salt: trust.numberSalt) },
      TimedOperation("blind it", octets: (request.blindedElement.octets.count, "to the relay")) {
        _ = try NumberTokenRequest(stretched, generation: generation, trust: trust)
      },
      TimedOperation("relay: evaluate, with proof", octets: (evaluation.octets.count, "to the device")) {
        _ = try keys.evaluate([request.blindedElement], generation: generation)
      },
      TimedOperation("check the proof, finalize", octets: (token.octets.count, "kept, the token")) {
        _ = try request.token(from: evaluation)
      },
      TimedOperation("relay: token of a stretched number", octets: (token.octets.count, "kept, the token")) {
        _ = try keys.token(for: stretched, generation: generation)
      },
      TimedOperation("make and sign a session key", octets: (publication.count, "to the relay")) {
        _ = try SessionKey(id: package.keyPackage.id, expires: expires, identity: recipient)
      },
      TimedOperation(
        "sign and seal a full SMS", octets: (sealed.sealed.count - part.userData.count, "added to its 140")
      ) {
        _ = try MessageSealer.seal(content, id: id, from: sender, to: package, of: number)
      },
      TimedOperation("open it, check its signature") { _ = try sessionKey.open(incoming, for: number, now: now) },
      TimedOperation("make an acknowledgement", octets: (mac.octets.count, "to the relay")) {
        _ = try acknowledgementKey.mac(for: id)
      },
      TimedOperation("sign (Ed25519)", octets: (signature.octets.count, "added")) { _ = try sender.sign(transcript) },
      TimedOperation("verify (Ed25519)") { try sender.publicKey.verify(signature, of: transcript) },
    ]
  }
}
