internal import Interposer
internal import Routing
internal import Telephony

extension Handset {
  /// Asks for the identity, unless it is known or being read.
  mutating func readIdentity() {
    switch identity {
    case .read, .reading: return
    case .unread, .waiting: break
    }
    let attempt = if case .waiting(let attempt, _) = identity { attempt + 1 } else { 1 }
    identity = .reading(attempt: attempt)
    act(.readIdentity)
  }

  var identityDeadline: Duration? {
    if case .waiting(_, let at) = identity { at } else { nil }
  }

  mutating func identityTimeReached() {
    if case .waiting(_, let at) = identity, at <= now, interposer.isModemOpen { readIdentity() }
  }

  /// Who the device and its SIM are.
  public mutating func identityRead(_ read: DeviceIdentity, now: Duration) {
    self.now = now
    guard interposer.isModemOpen, case .reading(let attempt) = identity else { return }
    guard read.hasSIM || attempt >= IdentityReading.attempts || !enrolment.isEnabled else {
      // SIMs take a while after power-on; people who asked are told what there is meanwhile.
      identity = .waiting(attempt: attempt, at: now + IdentityReading.wait(after: attempt))
      answerIdentity(read)
      return
    }
    identity = .read(read)
    classified = [:]
    if enrolment.isEnabled, enrolment.registration != nil, !enrolment.isBound(to: read) {
      note(.warning, "the SIM or the device is not the one registered; texts go by the carrier")
    }
    answerIdentity(read)
    updateLink()
    statusMayHaveChanged()
  }

  /// Which network serves now.
  public mutating func servingNetworkRead(
    registrationState: String?, isRoaming: Bool?, country: String?, now: Duration
  ) {
    self.now = now
    guard case .read(var known) = identity else { return }
    known.registrationState = registrationState
    known.isRoaming = isRoaming
    if known.servingCountry != country {
      known.servingCountry = country
      classified = [:]
    }
    identity = .read(known)
  }

  /// The modem told of something about its network; emergency numbers depend on the country.
  mutating func servingNetworkMayHaveChanged() {
    guard identity.known != nil, enrolment.isEnabled, now - lastServingRead >= Self.servingReadInterval else { return }
    lastServingRead = now
    act(.readServingNetwork)
  }

  /// At least this long from one reading to the next: some modems tell of every signal change.
  static var servingReadInterval: Duration { .seconds(10) }
}
