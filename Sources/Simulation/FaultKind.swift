/// What can break. Each is one kind of trouble at one place; a plan has a few of some kinds.
public enum FaultKind: String, Sendable, CaseIterable, Comparable {
  // MARK: Processes of a handset

  /// shuntd is killed between two of its actions, and started again.
  case daemonKilled = "daemon-killed"
  /// shuntd is told to end, and started again.
  case daemonRestarted = "daemon-restarted"
  /// The handset loses power between two of shuntd's actions, or within a write, and boots again.
  case powerCut = "power-cut"
  /// ModemManager is killed, and started again.
  case messengerKilled = "messenger-killed"
  /// Some other libqmi client takes ids and vanishes without giving them back.
  case clientVanished = "client-vanished"

  // MARK: The handset

  /// The file system has no room.
  case diskFull = "disk-full"
  /// Spool files take seconds to be written.
  case diskSlow = "disk-slow"
  /// The handset sleeps.
  case suspended
  /// The wall clock is wrong.
  case clockJumped = "clock-jumped"

  // MARK: The modem

  case modemUnplugged = "modem-unplugged"
  /// Requests are lost on their way to the modem: no effect, no answer.
  case modemSilent = "modem-silent"
  /// Requests have their effect, the answers are lost.
  case answersLost = "answers-lost"
  case answersLate = "answers-late"
  /// Requests are refused with a QMI error.
  case modemErrors = "modem-errors"
  /// Each announcement comes twice.
  case indicationsRepeated = "indications-repeated"
  /// Nobody deletes, so that the modem's storage fills up.
  case storageFull = "storage-full"
  /// Another SIM is in the handset.
  case simSwapped = "sim-swapped"

  // MARK: The carrier

  /// Sends are refused with an RP-cause.
  case carrierRejects = "carrier-rejects"
  case carrierAnswersLate = "carrier-answers-late"
  case carrierDeliversLate = "carrier-delivers-late"
  /// Taken, and gone.
  case carrierLoses = "carrier-loses"
  /// Neither answered nor delivered.
  case carrierSilent = "carrier-silent"
  case carrierDuplicates = "carrier-duplicates"
  case noService = "no-service"

  // MARK: The way to the relay

  /// The network is gone, and the handset knows.
  case networkLost = "network-lost"
  /// Another network: what is connected hangs, and the handset is told.
  case networkChanged = "network-changed"
  /// Nothing passes, and nobody is told.
  case blackHole = "black-hole"
  /// Everything takes seconds.
  case networkSlow = "network-slow"
  /// Connections are reset.
  case connectionCut = "connection-cut"

  // MARK: The relay

  case relayKilled = "relay-killed"
  /// The relay's machine loses power: nobody is told that connections are gone.
  case relayPowerCut = "relay-power-cut"
  case relayRestarted = "relay-restarted"
  /// The relay's registrations can't be read or written.
  case relayStoreFails = "relay-store-fails"

  // MARK: The person

  /// Opts out, and in again later.
  case consentWithdrawn = "consent-withdrawn"

  public static func < (left: FaultKind, right: FaultKind) -> Bool { left.rawValue < right.rawValue }

  /// Whether it makes handsets look numbers up anew, which costs far more time than everything else.
  var isCostly: Bool { self == .consentWithdrawn }
}
