internal import Telephony

/// What is known of the device and its SIM, and when it is read next.
struct IdentityReading: Sendable {
  private enum Phase: Sendable {
    case idle
    /// `again`: something changed meanwhile.
    case reading(again: Bool)
    case waiting(until: Duration)
  }

  /// From a sign that the SIM may be another one until it is read: SIMs take a while.
  static let settlingTime: Duration = .seconds(2)
  /// The longest wait from one try to read the SIM to the next; a PIN may be typed at any time.
  static let longestWait: Duration = .seconds(60)

  /// The latest reading, until the modem goes or its SIM can't be read any more.
  private(set) var known: DeviceIdentity?
  private var phase = Phase.idle
  /// Something says that ``known`` may be the SIM that was, and it has not been read again since.
  private(set) var isInDoubt = false
  private var failures = 0

  var isReading: Bool { if case .reading = phase { true } else { false } }

  var deadline: Duration? {
    if case .waiting(let until) = phase { until } else { nil }
  }

  /// The identity is wanted.
  ///
  /// - Returns: whether it has to be read for that, which has not begun yet.
  mutating func begin() -> Bool {
    if isReading { return false }
    phase = .reading(again: false)
    return true
  }

  /// Something says that the SIM may be another one.
  mutating func mayHaveChanged(now: Duration) {
    isInDoubt = true
    switch phase {
    case .idle: phase = .waiting(until: now + Self.settlingTime)
    case .reading: phase = .reading(again: true)
    case .waiting: break
    }
  }

  /// A reading is done.
  ///
  /// - Parameter needsSIM: Without a SIM the identity counts as unknown, and is read again.
  mutating func finished(_ read: DeviceIdentity, needsSIM: Bool, now: Duration) {
    guard case .reading(let again) = phase else { return }
    isInDoubt = again
    if read.hasSIM || !needsSIM {
      failures = 0
      known = read
      phase = again ? .waiting(until: now + Self.settlingTime) : .idle
    } else {
      failures = min(failures + 1, 6)
      known = nil
      phase = .waiting(until: now + min(.seconds(1 << failures), Self.longestWait))
    }
  }

  /// Another network serves.
  mutating func update(_ change: (inout DeviceIdentity) -> Void) {
    guard var identity = known else { return }
    change(&identity)
    known = identity
  }

  /// The modem is gone.
  mutating func forget() {
    self = IdentityReading()
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
