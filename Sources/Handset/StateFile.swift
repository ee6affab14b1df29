/// The files of the state directory that are written whole. Secret or personal, all of them.
public enum StateFile: String, Sendable, CaseIterable {
  /// The Ed25519 identity key, 32 octets.
  case identityKey = "identity-key"
  /// Consent and registration: a serialized `Enrolment` of state.proto.
  case enrolment
  /// Number tokens asked for before: a serialized `TokenCache` of state.proto.
  case tokens
  /// Identity keys of others: a serialized `Pins` of state.proto.
  case pins
}
