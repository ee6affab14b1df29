/// The device as far as the Interposer knows it.
struct ModemLink: Sendable {
  private enum State: Sendable { case closed, opening, open }

  private var state = State.closed

  var isOpen: Bool { state == .open }

  /// - Returns: whether the shell has to be asked for it.
  mutating func want() -> Bool {
    guard state == .closed else { return false }
    state = .opening
    return true
  }

  mutating func opened() { state = .open }
  mutating func closed() { state = .closed }
}
