internal import Sealing
internal import Telephony

/// How far the end of a number's registration is that the person asked for by proving the number, because its device is
/// gone.
struct RemovalProgress: Sendable {
  /// From the person's wish until the relay has sent the code. The code's own lifetime counts from there.
  static let startLimit: Duration = .seconds(75)
  /// The longest that a code is waited for, whatever the relay says: a handset that is not enabled is connected for no
  /// longer.
  static let codeLimit: Duration = .seconds(600)

  let number: PhoneNumber
  /// Made for this exchange, kept in memory only; nil: the exchange is part of this device's own session.
  let identity: IdentityKey?
  /// When it is given up unless the relay has sent a code.
  let limit: Duration
  var stage: RegistrationProgress = .connecting

  var deadline: Duration? {
    switch stage {
    case .awaitingCode(let code): code.until
    // The request has a timeout of its own.
    case .confirming: nil
    case .idle, .connecting, .requestingCode, .failed: limit
    }
  }
}

/// What became of the last one, until the next.
enum RemovalResult: Sendable, Equatable {
  case done
  /// Why not, for the person.
  case failed(String)
}
