/// Names one connection that ``RelayClient`` asked for. What comes late from an earlier one is thereby told apart.
public struct RelayConnection: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How the device's link to its relay stands.
public enum LinkStatus: Hashable, Sendable {
  /// Not wanted: no network socket is open.
  case stopped
  /// Lost or not obtained; tried again at `until`.
  case waiting(until: Duration, LinkProblem)
  /// On its way up, from the name's resolution to the identity's proof.
  case connecting
  case ready
  /// Saying goodbye.
  case leaving
}

/// Why there is no link; each says so in one line for a person.
public enum LinkProblem: Hashable, Sendable {
  /// The transport's own words: name resolution, connection, certificate, end of stream.
  case closed(String)
  case connectTimedOut
  /// Connected, but no challenge or no answer to the authentication in time.
  case handshakeTimedOut
  case unsupportedVersion(UInt32)
  /// The relay refused the authentication, or ended the session with a failure.
  case refused(RelayFailure)
  case badFrame(RelayFrameError)
  /// A frame that does not belong where it came; its name.
  case unexpectedFrame(String)
  /// The identity key could not sign.
  case notSigned
  /// The relay does not answer any more.
  case unanswered
  /// The relay does not read any more.
  case backlog
  case ended(SessionEndReason)
  /// An answer of the relay was not made with its pinned number-token key.
  case badProof
  /// ``RelayClient/stop(now:)`` was called.
  case stopped
}

extension LinkProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .closed(let reason): reason
    case .connectTimedOut: "the relay could not be reached in time"
    case .handshakeTimedOut: "the relay did not complete the handshake in time"
    case .unsupportedVersion(let version): "the relay speaks protocol version \(version), not \(RelayFrame.protocolVersion)"
    case .refused(let failure): "the relay refused the session: \(failure.text) (code \(failure.code.rawValue))"
    case .badFrame(let error): "the relay sent \(error)"
    case .unexpectedFrame(let name): "the relay sent a frame out of place: \(name)"
    case .notSigned: "the identity key could not sign"
    case .unanswered: "the relay does not answer"
    case .backlog: "the relay does not read what it is sent"
    case .ended(.replaced): "another session with this identity took this one's place"
    case .ended(.stopping): "the relay is stopping"
    case .ended(.registrationMoved): "the number was registered from another device"
    case .ended(.protocolError): "the relay ended the session over a protocol error"
    case .ended(.registrationRemoved): "the registration was ended by somebody who proved the number"
    case .ended(let reason): "the relay ended the session (reason \(reason.rawValue))"
    case .badProof: "the relay is not trusted for now: it answered a look-up without proof of its pinned key"
    case .stopped: "stopped"
    }
  }
}
