public import QMI

/// What is to become of a submission.
public enum SubmissionResolution: Hashable, Sendable {
  /// By carrier: the original octets go to the modem, the modem's own answer goes back.
  case forward
  /// For a submission that is not complete: the parts are answered with success and held; when the last has come, the
  /// submission is reported once more, complete. On a complete submission it means ``forward``.
  case hold
  /// The message has arrived by other means: the client gets success. On an incomplete submission it means ``hold``.
  case succeed(messageReference: UInt16)
  /// The message cannot be sent at all: the client gets this failure.
  case fail(SubmissionFailure)
}

/// Why a message did not go out, as a modem tells it.
public struct SubmissionFailure: Error, Hashable, Sendable {
  public var error: QMIError
  /// The network's cause, when there is one.
  public var details: WMS.SendFailure?

  public init(_ error: QMIError, _ details: WMS.SendFailure? = nil) {
    self.error = error
    self.details = details
  }
}
