/// Why a request to the modem got no response.
public enum ModemFailure: Error, Hashable, Sendable {
  /// Nothing came within the request's timeout. The modem may have acted on it.
  case timedOut
  /// The request never left this machine.
  case notSent
  /// The device went away while it was waited for.
  case removed
}
