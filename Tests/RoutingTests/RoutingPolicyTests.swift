import Telephony
import Testing

@testable import Routing

@Suite struct RoutingPolicyTests {
  static let online = DeviceSituation(registration: .registered(online: true), homeRegion: "IN", servingRegion: "IN")

  /// A stand-in for libphonenumber with a country of its own.
  static func classify(_ dialled: String, _ home: String?, _ serving: String?) -> DialledNumber {
    switch dialled {
    case "112": return .emergency
    case "110": return home == "DE" || serving == "DE" ? .emergency : .short
    default: break
    }
    if dialled.hasPrefix("+"), let number = try? PhoneNumber(e164: dialled) { return .international(number) }
    if dialled.count <= 6 { return .short }
    if let number = try? PhoneNumber(e164: "+91" + dialled) { return .international(number) }
    return .unroutable
  }

  static func submit(
    to digits: String, scheme: DataCodingScheme = .gsm7, protocolIdentifier: ProtocolIdentifier = .shortMessage,
    replyPath: Bool = false, elements: [(InformationElement.Identifier, [UInt8])] = []
  ) throws -> SMSSubmit {
    var header: UserDataHeader?
    if !elements.isEmpty {
      header = try UserDataHeader(elements.map { try InformationElement($0.0, data: $0.1) })
    }
    let userData =
      try scheme.userDataUnit == .septets
      ? UserData(septets: [0x48, 0x69], header: header) : UserData(octets: [0, 0x48], header: header)
    return try SMSSubmit(
      destinationAddress: SMSAddress(dialled: digits), protocolIdentifier: protocolIdentifier,
      dataCodingScheme: scheme, hasReplyPath: replyPath, userData: userData)
  }

  func decide(_ submit: SMSSubmit?, _ situation: DeviceSituation = online) -> Verdict {
    RoutingPolicy.decide(submit: submit, situation: situation, classify: Self.classify)
  }

  @Test func aReachableDeviceTriesIPWithTheNumberInE164() throws {
    let number = try PhoneNumber(e164: "+919876543210")
    #expect(try decide(Self.submit(to: "+919876543210")) == .tryIP(number))
    #expect(try decide(Self.submit(to: "9876543210")) == .tryIP(number))
  }

  @Test func withoutConsentEverythingIsDisabled() throws {
    let off = DeviceSituation(registration: .disabled)
    #expect(decide(nil, off) == .carrier(.disabled))
    #expect(try decide(Self.submit(to: "112"), off) == .carrier(.disabled))
  }

  @Test func whatIsNotUnderstoodIsUnparsed() {
    #expect(decide(nil) == .carrier(.unparsed))
  }

  @Test(arguments: [DeviceSituation.Registration.unregistered, .registered(online: false), .registered(online: true)])
  func emergencyComesBeforeAllThatDependsOnTheRelay(_ registration: DeviceSituation.Registration) throws {
    let situation = DeviceSituation(registration: registration, homeRegion: "IN")
    #expect(try decide(Self.submit(to: "112"), situation) == .carrier(.emergency))
  }

  @Test func theServingNetworksEmergencyNumbersCount() throws {
    var roaming = Self.online
    #expect(try decide(Self.submit(to: "110"), roaming) == .carrier(.shortCode))
    roaming.servingRegion = "DE"
    #expect(try decide(Self.submit(to: "110"), roaming) == .carrier(.emergency))
  }

  @Test(arguments: ["57575", "121", "*100#", "12"])
  func serviceNumbersAreShortCodes(_ digits: String) throws {
    #expect(try decide(Self.submit(to: digits)) == .carrier(.shortCode))
  }

  @Test func anAlphanumericDestinationIsAShortCode() throws {
    let submit = try SMSSubmit(
      destinationAddress: SMSAddress(alphanumeric: "BANK"), dataCodingScheme: .gsm7,
      userData: UserData(septets: [1]))
    #expect(decide(submit) == .carrier(.shortCode))
  }

  @Test func messagesToTheSIMTheHandsetOrAPortAreSpecial() throws {
    let to = "+919876543210"
    for scheme: UInt8 in [0x10, 0x11, 0x12, 0x13, 0xC8, 0xF1, 0xF5, 0x40] {
      #expect(
        try decide(Self.submit(to: to, scheme: DataCodingScheme(rawValue: scheme))) == .carrier(.specialMessage),
        "coding scheme \(scheme)")
    }
    for identifier: UInt8 in [0x40, 0x41, 0x47, 0x5F, 0x7F, 0x20] {
      let submit = try Self.submit(to: to, protocolIdentifier: ProtocolIdentifier(rawValue: identifier))
      #expect(decide(submit) == .carrier(.specialMessage), "protocol identifier \(identifier)")
    }
    #expect(try decide(Self.submit(to: to, replyPath: true)) == .carrier(.specialMessage))
    #expect(
      try decide(Self.submit(to: to, elements: [(.ports16, [0x0B, 0x84, 0, 0])])) == .carrier(.specialMessage))
  }

  @Test(arguments: [UInt8(0x20), 0x0C, 0x80])
  func anUnknownCodingIsUnparsed(_ scheme: UInt8) throws {
    #expect(
      try decide(Self.submit(to: "+919876543210", scheme: DataCodingScheme(rawValue: scheme))) == .carrier(.unparsed))
  }

  @Test func concatenationAndNationalLanguagesAreOrdinary() throws {
    let verdict = try decide(
      Self.submit(
        to: "+919876543210", elements: [(.concatenation8, [1, 2, 1]), (.nationalLanguageSingleShift, [6])]))
    #expect(verdict == .tryIP(try PhoneNumber(e164: "+919876543210")))
  }

  @Test(arguments: [
    (DeviceSituation.Registration.unregistered, Reason.notRegistered), (.simChanged, .simChanged),
    (.registered(online: false), .relayUnreachable),
  ])
  func theStateOfTheRegistrationDecidesLast(_ registration: DeviceSituation.Registration, _ reason: Reason) throws {
    let situation = DeviceSituation(registration: registration, homeRegion: "IN")
    #expect(try decide(Self.submit(to: "+919876543210"), situation) == .carrier(reason))
  }

  @Test func theReasonCodesAreThoseOfTheLogFormat() {
    #expect(
      Reason.allCases.map(\.rawValue) == [
        "disabled", "unparsed", "emergency", "short-code", "special-message", "contact-rule", "not-registered",
        "sim-changed", "roaming", "metered", "relay-unreachable", "unknown-recipient", "recipient-offline",
        "key-changed", "relay-rejected", "no-acknowledgement", "recipient-online",
      ])
  }
}
