internal import RelayProtocol

extension Handset {
  /// The system is about to sleep, and waits for ``HandsetAction/letSleep``, which follows once: when the relay knows that this device is
  /// away, or could not be told in a second. What is on its way by IP goes by carrier.
  public mutating func prepareForSleep(now: Duration) {
    self.now = now
    guard sleep == .awake else { return }
    sleep = .preparing
    abandonAttempts()
    updateLink()
    sleepIfAway()
    statusMayHaveChanged()
  }

  /// The system is awake again, or has changed its mind.
  public mutating func resumed(now: Duration) {
    self.now = now
    guard sleep != .awake else { return }
    if sleep == .preparing { act(.letSleep) }
    sleep = .awake
    updateLink()
    statusMayHaveChanged()
  }

  /// The goodbye to the relay is said, or there was nobody to say it to.
  mutating func sleepIfAway() {
    guard sleep == .preparing, relay.status == .stopped else { return }
    sleep = .prepared
    act(.letSleep)
  }
}

/// Where the device is on its way to sleep.
enum SleepPhase: Sendable {
  case awake
  /// The relay is being told.
  case preparing
  /// The system may sleep at any moment, or does.
  case prepared
}
