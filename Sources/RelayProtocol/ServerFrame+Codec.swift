internal import FoundationEssentials
internal import SwiftProtobuf

extension ServerFrame {
  /// Reads the octets after a frame's count.
  public init(decoding octets: some Collection<UInt8>) throws(RelayFrameError) {
    let wire: WireServerFrame = try RelayFrame.parse(octets)
    self.init(request: RequestID(rawValue: wire.request), message: try ServerMessage(wire.body))
  }

  /// The whole frame with its count, ready to be written.
  ///
  /// - Throws: ``RelayFrameError/tooLarge(octetCount:)`` when a variable part is larger than the protocol allows.
  public func encoded() throws(RelayFrameError) -> [UInt8] {
    var wire = WireServerFrame()
    wire.request = request?.rawValue ?? 0
    wire.body = message.wireBody
    return try RelayFrame.encode(wire)
  }
}

extension ServerMessage {
  init(_ body: WireServerFrame.OneOf_Body?) throws(RelayFrameError) {
    switch body {
    case .challenge(let wire):
      self = .challenge(protocolVersion: wire.protocolVersion, try FixedOctets(wire: wire.nonce))
    case .sessionReady(let wire): self = .sessionReady(try SessionReady(wire))
    case .codeSent(let wire): self = .codeSent(lifetimeSeconds: wire.lifetimeS)
    case .registered(let wire):
      self = .registered(
        Registration(
          token: try FixedOctets(wire: wire.token), expires: wire.registrationExpires,
          generation: try generation(wire.generation)))
    case .done: self = .done
    case .evaluations(let wire):
      self = .evaluations(try elements(wire.evaluations, "evaluations", 1...ClientMessage.maximumBatch))
    case .lookUpResult(let wire):
      guard 1...ClientMessage.maximumBatch ~= wire.contacts.count else { throw .outOfRange(field: "contacts") }
      var contacts: [Contact] = []
      contacts.reserveCapacity(wire.contacts.count)
      for contact in wire.contacts { contacts.append(try Contact(contact)) }
      self = .lookUpResult(contacts)
    case .accepted: self = .accepted
    case .failure(let wire): self = .failure(RelayFailure(wire))
    case .incoming(let wire):
      guard wire.otherSenderTokens.count <= IncomingMessage.maximumOtherTokens else {
        throw .outOfRange(field: "other sender tokens")
      }
      var others: [GenerationToken] = []
      for other in wire.otherSenderTokens {
        others.append(
          GenerationToken(token: try FixedOctets(wire: other.token), generation: try generation(other.generation)))
      }
      self = .incoming(
        IncomingMessage(
          messageID: try FixedOctets(wire: wire.messageID), senderToken: try FixedOctets(wire: wire.senderToken),
          generation: try generation(wire.generation), senderIdentityKey: try FixedOctets(wire: wire.senderIdentityKey),
          keyPackageID: try FixedOctets(wire: wire.keyPackageID),
          sealed: try octets(wire.sealed, "sealed message", upTo: RelayFrame.maximumSealedOctetCount),
          otherSenderTokens: others))
    case .acknowledged(let wire):
      self = .acknowledged(try FixedOctets(wire: wire.messageID), try FixedOctets(wire: wire.mac))
    case .refused(let wire):
      self = .refused(try FixedOctets(wire: wire.messageID), RefusalReason(rawValue: wire.reason.rawValue))
    case .revoked(let wire): self = .revoked(try FixedOctets(wire: wire.messageID))
    case .concluded(let wire):
      self = .concluded(try FixedOctets(wire: wire.messageID), try FixedOctets(wire: wire.mac))
    case .pong: self = .pong
    case .sessionEnded(let wire): self = .sessionEnded(SessionEndReason(rawValue: wire.reason.rawValue))
    case nil: self = .unrecognized
    }
  }

  var wireBody: WireServerFrame.OneOf_Body? {
    switch self {
    case .challenge(let version, let nonce):
      .challenge(
        .with {
          $0.protocolVersion = version
          $0.nonce = nonce.wire
        })
    case .sessionReady(let ready): .sessionReady(ready.wire)
    case .codeSent(let seconds): .codeSent(.with { $0.lifetimeS = seconds })
    case .registered(let registration):
      .registered(
        .with {
          $0.token = registration.token.wire
          $0.registrationExpires = registration.expires
          $0.generation = registration.generation?.rawValue ?? 0
        })
    case .done: .done(WireDone())
    case .evaluations(let evaluations): .evaluations(.with { $0.evaluations = evaluations.map(\.wire) })
    case .lookUpResult(let contacts): .lookUpResult(.with { $0.contacts = contacts.map(\.wire) })
    case .accepted: .accepted(WireAccepted())
    case .failure(let failure): .failure(failure.wire)
    case .incoming(let incoming):
      .incoming(
        .with {
          $0.messageID = incoming.messageID.wire
          $0.senderToken = incoming.senderToken.wire
          $0.senderIdentityKey = incoming.senderIdentityKey.wire
          $0.keyPackageID = incoming.keyPackageID.wire
          $0.sealed = Data(incoming.sealed)
          $0.generation = incoming.generation.rawValue
          $0.otherSenderTokens = incoming.otherSenderTokens.map { other in
            .with {
              $0.token = other.token.wire
              $0.generation = other.generation.rawValue
            }
          }
        })
    case .acknowledged(let id, let mac):
      .acknowledged(
        .with {
          $0.messageID = id.wire
          $0.mac = mac.wire
        })
    case .refused(let id, let reason):
      .refused(
        .with {
          $0.messageID = id.wire
          $0.reason = WireRefusalReason(rawValue: reason.rawValue) ?? .unspecified
        })
    case .revoked(let id): .revoked(.with { $0.messageID = id.wire })
    case .concluded(let id, let mac):
      .concluded(
        .with {
          $0.messageID = id.wire
          $0.mac = mac.wire
        })
    case .pong: .pong(WirePong())
    case .sessionEnded(let reason):
      .sessionEnded(.with { $0.reason = WireSessionEndReason(rawValue: reason.rawValue) ?? .unspecified })
    case .unrecognized: nil
    }
  }
}

extension SessionReady {
  init(_ wire: WireSessionReady) throws(RelayFrameError) {
    guard 1...Self.maximumGenerations ~= wire.tokenGenerations.count else {
      throw .outOfRange(field: "token generations")
    }
    var generations: [TokenGeneration] = []
    for value in wire.tokenGenerations { generations.append(try generation(value)) }
    self.init(
      registration: wire.registered
        ? Registration(
          token: try FixedOctets(wire: wire.token), expires: wire.registrationExpires,
          generation: wire.generation == 0 ? nil : TokenGeneration(rawValue: wire.generation))
        : nil,
      tokenGenerations: generations)
  }

  var wire: WireSessionReady {
    .with {
      $0.tokenGenerations = tokenGenerations.map(\.rawValue)
      guard let registration else { return }
      $0.registered = true
      $0.token = registration.token.wire
      $0.registrationExpires = registration.expires
      $0.generation = registration.generation?.rawValue ?? 0
    }
  }
}

extension Contact {
  init(_ wire: WireContact) throws(RelayFrameError) {
    switch wire.presence {
    case .offline: self = .offline
    case .online: self = .online(wire.hasKeyPackage ? try KeyPackage(wire.keyPackage) : nil)
    // A presence this version does not know is no reason to send anything there.
    case .unknown, .UNRECOGNIZED: self = .unknown
    }
  }

  var wire: WireContact {
    .with {
      switch self {
      case .unknown: $0.presence = .unknown
      case .offline: $0.presence = .offline
      case .online(let package):
        $0.presence = .online
        if let package { $0.keyPackage = package.wire }
      }
    }
  }
}

extension RelayFailure {
  init(_ wire: WireFailure) {
    // The text reaches terminals and logs, so what could steer them is taken out.
    let text = wire.text.unicodeScalars.lazy
      .filter { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
      }
      .prefix(Self.maximumTextCount)
    self.init(
      code: FailureCode(rawValue: wire.code.rawValue), text: String(String.UnicodeScalarView(text)),
      retryAfterSeconds: wire.retryAfterS)
  }

  var wire: WireFailure {
    .with {
      $0.code = WireFailureCode(rawValue: code.rawValue) ?? .unspecified
      $0.text = text
      $0.retryAfterS = retryAfterSeconds
    }
  }
}
