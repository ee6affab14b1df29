internal import FoundationEssentials
internal import SwiftProtobuf

extension ClientFrame {
  /// Reads the octets after a frame's count.
  public init(decoding octets: some Collection<UInt8>) throws(RelayFrameError) {
    let wire: WireClientFrame = try RelayFrame.parse(octets)
    let message = try ClientMessage(wire.body)
    let request = RequestID(rawValue: wire.request)
    if message.isAnswered && request == nil { throw .missing(field: "request") }
    self.init(request: message.isAnswered ? request : nil, message: message)
  }

  /// The whole frame with its count, ready to be written.
  ///
  /// - Throws: ``RelayFrameError/tooLarge(octetCount:)`` when a variable part is larger than the protocol allows.
  public func encoded() throws(RelayFrameError) -> [UInt8] {
    var wire = WireClientFrame()
    wire.request = request?.rawValue ?? 0
    wire.body = message.wireBody
    return try RelayFrame.encode(wire)
  }
}

extension ClientMessage {
  init(_ body: WireClientFrame.OneOf_Body?) throws(RelayFrameError) {
    switch body {
    case .authenticate(let wire):
      self = .authenticate(
        Authentication(
          protocolVersion: wire.protocolVersion, identityKey: try FixedOctets(wire: wire.identityKey),
          signature: try FixedOctets(wire: wire.signature), keepaliveSeconds: wire.keepaliveS))
    case .register(let wire):
      self = .register(
        sealedNumber: try octets(wire.sealedNumber, "sealed number", upTo: Self.maximumSealedNumberOctetCount),
        purpose: RegistrationPurpose(rawValue: wire.purpose.rawValue))
    case .confirmRegistration(let wire):
      guard !wire.code.isEmpty else { throw .missing(field: "code") }
      guard wire.code.utf8.count <= Self.maximumCodeOctetCount else { throw .outOfRange(field: "code") }
      self = .confirmRegistration(code: wire.code)
    case .deregister: self = .deregister
    case .evaluateTokens(let wire):
      self = .evaluateTokens(
        try generation(wire.generation), try elements(wire.blindedElements, "blinded elements", 1...Self.maximumBatch))
    case .lookUp(let wire):
      let allowed = wire.withKeyPackages ? 1...Self.maximumKeyPackages : 1...Self.maximumBatch
      self = .lookUp(try elements(wire.tokens, "tokens", allowed), withKeyPackages: wire.withKeyPackages)
    case .publishKeyPackage(let wire):
      guard wire.hasKeyPackage else { throw .missing(field: "key package") }
      self = .publishKeyPackage(try KeyPackage(wire.keyPackage))
    case .deliver(let wire):
      guard 1...Delivery.maximumLifetime ~= wire.lifetimeMs else { throw .outOfRange(field: "lifetime") }
      self = .deliver(
        Delivery(
          messageID: try FixedOctets(wire: wire.messageID), recipientToken: try FixedOctets(wire: wire.recipientToken),
          keyPackageID: try FixedOctets(wire: wire.keyPackageID),
          sealed: try octets(wire.sealed, "sealed message", upTo: RelayFrame.maximumSealedOctetCount),
          lifetimeMilliseconds: wire.lifetimeMs))
    case .acknowledge(let wire):
      self = .acknowledge(try FixedOctets(wire: wire.messageID), try FixedOctets(wire: wire.mac))
    case .refuse(let wire):
      self = .refuse(try FixedOctets(wire: wire.messageID), RefusalReason(rawValue: wire.reason.rawValue))
    case .revoke(let wire): self = .revoke(try FixedOctets(wire: wire.messageID))
    case .conclude(let wire):
      self = .conclude(try FixedOctets(wire: wire.messageID), try FixedOctets(wire: wire.mac))
    case .ping(let wire): self = .ping(keepaliveSeconds: wire.keepaliveS)
    case .goingAway: self = .goingAway
    case nil: self = .unrecognized
    }
  }

  var wireBody: WireClientFrame.OneOf_Body? {
    switch self {
    case .authenticate(let authentication):
      .authenticate(
        .with {
          $0.protocolVersion = authentication.protocolVersion
          $0.identityKey = authentication.identityKey.wire
          $0.signature = authentication.signature.wire
          $0.keepaliveS = authentication.keepaliveSeconds
        })
    case .register(let sealedNumber, let purpose):
      .register(
        .with {
          $0.sealedNumber = Data(sealedNumber)
          $0.purpose = WireRegistrationPurpose(rawValue: purpose.rawValue) ?? .register
        })
    case .confirmRegistration(let code): .confirmRegistration(.with { $0.code = code })
    case .deregister: .deregister(WireDeregister())
    case .evaluateTokens(let generation, let elements):
      .evaluateTokens(
        .with {
          $0.generation = generation.rawValue
          $0.blindedElements = elements.map(\.wire)
        })
    case .lookUp(let tokens, let withKeyPackages):
      .lookUp(
        .with {
          $0.tokens = tokens.map(\.wire)
          $0.withKeyPackages = withKeyPackages
        })
    case .publishKeyPackage(let package): .publishKeyPackage(.with { $0.keyPackage = package.wire })
    case .deliver(let delivery):
      .deliver(
        .with {
          $0.messageID = delivery.messageID.wire
          $0.recipientToken = delivery.recipientToken.wire
          $0.keyPackageID = delivery.keyPackageID.wire
          $0.sealed = Data(delivery.sealed)
          $0.lifetimeMs = delivery.lifetimeMilliseconds
        })
    case .acknowledge(let id, let mac):
      .acknowledge(
        .with {
          $0.messageID = id.wire
          $0.mac = mac.wire
        })
    case .refuse(let id, let reason):
      .refuse(
        .with {
          $0.messageID = id.wire
          $0.reason = WireRefusalReason(rawValue: reason.rawValue) ?? .unspecified
        })
    case .revoke(let id): .revoke(.with { $0.messageID = id.wire })
    case .conclude(let id, let mac):
      .conclude(
        .with {
          $0.messageID = id.wire
          $0.mac = mac.wire
        })
    case .ping(let seconds): .ping(.with { $0.keepaliveS = seconds })
    case .goingAway: .goingAway(WireGoingAway())
    case .unrecognized: nil
    }
  }
}
