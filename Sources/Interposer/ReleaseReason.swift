/// Why a submission goes by carrier without, or before, a decision about it.
public enum ReleaseReason: Hashable, Sendable {
  /// The last part did not come within ``Interposer/Timing/assembly``.
  case incomplete
  /// The client disconnected before all parts had come.
  case clientGone
  /// The tap left ``TapMode/intercept`` before all parts had come.
  case tapClosed
  /// Another message came with the same reference, destination and number of parts.
  case superseded
  /// ``Interposer/Limits/heldParts`` are held already.
  case tooManyHeldParts
  /// ``Interposer/resolve(_:_:now:)`` was not called within ``Interposer/Timing/decision``.
  case undecided
  /// ``Interposer/beginShutdown(now:)``.
  case shuttingDown
}
