public import Sealing

/// Where a device's identity key is kept.
public enum IdentityKeySource: Sendable {
  /// In the state directory, from `enable` to `disable`.
  case stateDirectory
  /// With the service manager, which gives it at each start; nil when what it gave is no key. It is never written, and `disable` leaves
  /// it where it is.
  case credential(IdentityKey?)
}
