internal import Interposer
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

/// An outgoing message of one of this device's clients, until its record is written.
struct Outgoing {
  /// Where it is.
  enum Phase {
    /// Its first parts are held until the last has come.
    case assembling
    case byIP(Attempt)
    /// Given to the modem; the report will come.
    case byCarrier(Reason)
  }

  /// The attempt to send by IP.
  struct Attempt {
    var life: OutgoingMessage
    let recipient: PhoneNumber
    let started: Duration
    var messageID: MessageID?
    var acknowledgementKey: AcknowledgementKey?
    var keyPackageID: KeyPackageID?
  }

  /// The record's id.
  let id: String
  var submission: Submission?
  /// As dialled; nil when it could not be read.
  let number: String?
  let started: Duration
  var phase: Phase
  var hasAttemptedIP = false
  var ipTime: Duration?
  /// Why it was released before a decision.
  var releaseNote: String?
  /// Who waits for a message that `shuntctl send` submitted.
  var call: HandsetCall?
}
