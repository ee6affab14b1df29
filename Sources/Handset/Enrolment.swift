internal import FoundationEssentials
internal import RelayProtocol
internal import Sealing
internal import SwiftProtobuf
internal import Telephony

/// The person's consent and what came of it, as it is kept across restarts.
struct Enrolment: Sendable {
  private(set) var isEnabled = false
  /// The number the person enabled.
  private(set) var number: PhoneNumber?
  private(set) var registration: Registration?
  private var binding: [UInt8] = []
  private var bindingSalt: [UInt8] = []
  /// The identity last found to match, which spares every message the hash.
  private var verified: DeviceIdentity?

  init() {}

  /// - Returns: nil when the octets are not an enrolment; nothing is then enabled.
  init?(serialized octets: [UInt8]) {
    guard let state = try? StateEnrolment(serializedBytes: octets) else { return nil }
    isEnabled = state.enabled
    number = try? PhoneNumber(e164: state.number)
    binding = [UInt8](state.binding)
    bindingSalt = [UInt8](state.bindingSalt)
    if let token = try? NumberToken([UInt8](state.token)) {
      registration = Registration(
        token: token, expires: state.registrationExpires, generation: TokenGeneration(rawValue: state.generation))
    }
    if isEnabled && number == nil { return nil }
  }

  var serialized: [UInt8] {
    var state = StateEnrolment()
    state.enabled = isEnabled
    state.number = number?.e164 ?? ""
    state.binding = .init(binding)
    state.bindingSalt = .init(bindingSalt)
    if let registration {
      state.token = .init(registration.token.octets)
      state.registrationExpires = registration.expires
      state.generation = registration.generation?.rawValue ?? 0
    }
    // Serializing a message without required fields does not fail.
    return (try? state.serializedBytes()) ?? []
  }

  mutating func enable(number: PhoneNumber) {
    if number != self.number { registration = nil }
    isEnabled = true
    self.number = number
  }

  mutating func disable() {
    self = Enrolment()
  }

  /// The relay confirmed the number, from the device that is now present.
  mutating func register(_ registration: Registration, identity: DeviceIdentity, salt: [UInt8]) {
    self.registration = registration
    bindingSalt = salt
    binding = Self.bind(identity, salt: salt)
    verified = identity
  }

  /// The relay says how long the registration lasts now.
  mutating func renew(_ registration: Registration) {
    self.registration = registration
  }

  mutating func lapse() {
    registration = nil
    binding = []
    bindingSalt = []
    verified = nil
  }

  /// Remembers `identity` when it is the one registered.
  mutating func verify(_ identity: DeviceIdentity) {
    verified = isBound(to: identity) ? identity : nil
  }

  /// Whether the registration is for the SIM and device now present.
  func isBound(to identity: DeviceIdentity) -> Bool {
    guard !binding.isEmpty else { return false }
    if let verified, verified.iccid == identity.iccid, verified.imsi == identity.imsi, verified.imei == identity.imei {
      return true
    }
    return Self.bind(identity, salt: bindingSalt) == binding
  }

  private static func bind(_ identity: DeviceIdentity, salt: [UInt8]) -> [UInt8] {
    DeviceBinding.compute(iccid: identity.iccid, imsi: identity.imsi, imei: identity.imei, salt: salt)
  }
}
