public import Telephony

/// What the rules need to know of the device at the moment of a decision.
public struct DeviceSituation: Sendable, Equatable {
  /// Where the device stands with the relay.
  public enum Registration: Sendable, Equatable {
    /// The person has not opted in.
    case disabled
    /// Opted in, but the number is not confirmed yet, or the registration has lapsed.
    case unregistered
    /// Registered with another SIM or device than the one now present.
    case simChanged
    /// Registered; `online` tells whether there is an authenticated session now.
    case registered(online: Bool)
  }

  public var registration: Registration
  /// ISO 3166 regions of the SIM's home network and of the network now serving; nil when not known.
  public var homeRegion: String?
  public var servingRegion: String?

  public init(registration: Registration, homeRegion: String? = nil, servingRegion: String? = nil) {
    self.registration = registration
    self.homeRegion = homeRegion
    self.servingRegion = servingRegion
  }
}

/// What the rules say before anything is asked of the relay.
public enum Verdict: Sendable, Equatable {
  case carrier(Reason)
  case tryIP(PhoneNumber)
}

/// Rules 1 to 10: those that this device can answer alone.
public enum RoutingPolicy {
  /// Decides about one message from any one of its parts.
  ///
  /// - Parameters:
  ///   - submit: A part of the message, or nil when what the client sent is not an SMS-SUBMIT we understand.
  ///   - situation: The device now.
  ///   - classify: What the dialled digits are; pure.
  public static func decide(
    submit: SMSSubmit?,
    situation: DeviceSituation,
    classify: (_ dialled: String, _ home: String?, _ serving: String?) -> DialledNumber
  ) -> Verdict {
    if situation.registration == .disabled { return .carrier(.disabled) }
    guard let submit, !submit.dataCodingScheme.isReserved, !submit.dataCodingScheme.isCompressed else {
      return .carrier(.unparsed)
    }
    guard let dialled = dialledDigits(of: submit.destinationAddress) else { return .carrier(.shortCode) }
    let recipient: PhoneNumber
    switch classify(dialled, situation.homeRegion, situation.servingRegion) {
    case .emergency: return .carrier(.emergency)
    case .short, .unroutable: return .carrier(.shortCode)
    case .international(let number): recipient = number
    }
    if submit.specialHandling != nil { return .carrier(.specialMessage) }
    switch situation.registration {
    case .disabled: return .carrier(.disabled)
    case .unregistered: return .carrier(.notRegistered)
    case .simChanged: return .carrier(.simChanged)
    case .registered(online: false): return .carrier(.relayUnreachable)
    case .registered(online: true): return .tryIP(recipient)
    }
  }
}
