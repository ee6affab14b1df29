/// The way a message took.
public enum Route: String, Sendable, Equatable {
  /// Through the relay, sealed end to end.
  case ip
  /// As the ordinary SMS it was.
  case carrier
}

/// Which way a message crossed the device.
public enum Direction: String, Sendable, Equatable {
  case outgoing = "out"
  case incoming = "in"
}

/// What became of a message.
public enum Outcome: String, Sendable, Equatable {
  /// The carrier's modem took an outgoing message.
  case sent
  /// Nobody took it; the app was told so.
  case failed
  /// Acknowledged by the recipient's device, or handed to this device's messaging clients.
  case delivered
  /// The second copy of a message already shown; suppressed.
  case duplicate
  /// Taken back before it was shown.
  case revoked
}
