internal import Interposer
internal import QMI
internal import Routing
internal import Telephony

extension Handset {
  /// Reads the identity, unless that is under way.
  mutating func readIdentity() {
    if identity.begin() { act(.readIdentity) }
  }

  mutating func identityTimeReached() {
    if let deadline = identity.deadline, deadline <= now {
      if interposer.isModemOpen { readIdentity() } else { identity.forget() }
    }
    if let due = servingReadDue, due <= now { readServingNetwork() }
  }

  private mutating func readServingNetwork() {
    servingReadDue = nil
    guard identity.known != nil, interposer.isModemOpen else { return }
    lastServingRead = now
    act(.readServingNetwork)
  }

  /// Who the device and its SIM are.
  public mutating func identityRead(_ read: DeviceIdentity, now: Duration) {
    self.now = now
    guard interposer.isModemOpen, identity.isReading else { return }
    let wasBound = identity.known.map { enrolment.isBound(to: $0) }
    identity.finished(read, needsSIM: enrolment.isEnabled, now: now)
    classified = [:]
    if let known = identity.known { enrolment.verify(known) }
    if let known = identity.known, enrolment.registration != nil, !enrolment.isBound(to: known), wasBound != false {
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
    if identity.known?.servingCountry != country { classified = [:] }
    identity.update { known in
      known.registrationState = registrationState
      known.isRoaming = isRoaming
      known.servingCountry = country
    }
  }

  /// The modem told of something that identity or network depend on.
  mutating func identityMayHaveChanged(_ frame: QMUXFrame) {
    guard enrolment.isEnabled else { return }
    switch (frame.service, frame.messageID) {
    case (.uim, Self.cardStatusIndication): identity.mayHaveChanged(now: now)
    case (.nas, Self.servingSystemIndication), (.nas, Self.systemInfoIndication):
      // Emergency numbers depend on the country.
      let next = lastServingRead.map { $0 + Self.servingReadInterval } ?? now
      if next <= now { readServingNetwork() } else { servingReadDue = next }
    default: break
    }
  }

  /// UIM Card Status, NAS Serving System, NAS System Info.
  private static var cardStatusIndication: QMI.MessageID { QMI.MessageID(rawValue: 0x0032) }
  private static var servingSystemIndication: QMI.MessageID { QMI.MessageID(rawValue: 0x0024) }
  private static var systemInfoIndication: QMI.MessageID { QMI.MessageID(rawValue: 0x004E) }

  /// At least this long from one reading to the next.
  static var servingReadInterval: Duration { .seconds(10) }
}
