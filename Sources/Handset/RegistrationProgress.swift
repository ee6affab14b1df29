/// How far the registration is that the person asked for.
enum RegistrationProgress: Sendable, Equatable {
  /// Nothing is under way: disabled, registered, or given up, by the enrolment.
  case idle
  /// Waiting for a session with the relay.
  case connecting
  /// The sealed number is with the relay. The SMS may be faster than the relay's answer: then the code caught from it waits here.
  case requestingCode(caught: String?)
  /// The code is on its way by SMS, until then.
  case awaitingCode(until: Duration)
  /// The code is with the relay.
  case confirming(until: Duration)
  /// It did not come to a registration; why, for the person.
  case failed(String)

  var isUnderWay: Bool {
    switch self {
    case .idle, .failed: false
    case .connecting, .requestingCode, .awaitingCode, .confirming: true
    }
  }
}
