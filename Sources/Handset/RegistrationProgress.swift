/// How far the registration is that the person asked for.
enum RegistrationProgress: Sendable, Equatable {
  /// A code that the relay has sent.
  struct Code: Sendable, Equatable {
    /// Until when it counts.
    let until: Duration
    /// It was caught on its way in, and nobody but this device has seen it: it has to be given to the relay.
    var caught: String?
    /// The relay was given a code in a session that ended before it answered.
    var mayBeConfirmed = false
  }

  /// Nothing is under way: disabled, registered, or given up, by the enrolment.
  case idle
  /// Waiting for a session with the relay.
  case connecting
  /// The sealed number is with the relay. The SMS may be faster than the relay's answer: then the code caught from it waits here.
  case requestingCode(caught: String?)
  /// The code is on its way by SMS, or waits for a session.
  case awaitingCode(Code)
  /// The code is with the relay.
  case confirming(Code)
  /// It did not come to a registration; why, for the person.
  case failed(String)

  var isAwaitingCode: Bool { if case .awaitingCode = self { true } else { false } }

  var isUnderWay: Bool {
    switch self {
    case .idle, .failed: false
    case .connecting, .requestingCode, .awaitingCode, .confirming: true
    }
  }

  var deadline: Duration? {
    if case .awaitingCode(let code) = self { code.until } else { nil }
  }
}
