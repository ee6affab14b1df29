/// What happens to outgoing messages, and to announcements of incoming ones.
public enum TapMode: Hashable, Sendable {
  /// Everything is forwarded; nothing is looked at.
  case off
  /// Everything is forwarded at once; outgoing messages and what became of them are reported for the log.
  case observe
  /// Outgoing messages wait for ``Interposer/resolve(_:_:now:)``, incoming ones for ``Interposer/resolveIncoming(_:_:now:)``.
  case intercept
}
