internal import Telephony

/// What is known of the device and its SIM.
enum IdentityReading: Sendable {
  case unread
  /// Being read; `attempt` counts from 1.
  case reading(attempt: Int)
  /// The SIM was not ready; read again at `at`.
  case waiting(attempt: Int, at: Duration)
  case read(DeviceIdentity)

  var known: DeviceIdentity? {
    if case .read(let identity) = self { identity } else { nil }
  }

  /// Until the SIM is given up: some need half a minute after power-on.
  static let attempts = 10

  /// The wait before the attempt after `attempt`.
  static func wait(after attempt: Int) -> Duration {
    .seconds(min(1 << min(attempt, 4), 10))
  }
}

extension DeviceIdentity {
  /// Whether the SIM could be read; without it no registration is made or used.
  var hasSIM: Bool { imsi != nil && iccid != nil }

  /// ISO 3166 region of the home network.
  var homeRegion: String? {
    homeNetwork?.region ?? imsi.flatMap { MobileCountryCode.region(of: $0.mobileCountryCode) }
  }
}
