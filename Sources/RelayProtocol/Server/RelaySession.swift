/// One connection's way from accept to session (design section 8), and how long its silence is borne.
///
/// What sessions have to do with one another is ``RelayHub``'s.
struct RelaySession: Sendable {
  /// A proven identity key and what belongs to it.
  struct Ready: Sendable {
    let identity: IdentityPublicKey
    var registration: RelayRegistration?
    /// Online is having one (design section 7).
    var keyPackage: KeyPackage?
    /// Requests that wait for a job.
    var outstandingRequests = 0
    var registrationAttempts = 0
    /// When the registration's expiry is to be moved on.
    var renewal: Duration
  }

  private enum State: Sendable {
    /// TCP accepted, TLS not done.
    case handshaking
    case challenged(ChallengeNonce)
    case checkingSignature(Authentication)
    case loadingRegistration(IdentityPublicKey)
    case ready(Ready)
  }

  enum AuthenticationAction: Equatable {
    case check(Authentication, ChallengeNonce)
    case refuse(FailureCode, String)
  }

  private var state: State = .handshaking
  private let accepted: Duration
  private var lastHeard: Duration
  private var idleTime: Duration
  private let limits: RelayLimits
  /// The peer's address, only to bound what it may ask for.
  let address: String
  /// Seconds that the peer is to wait instead of being challenged: too many connections came from its address.
  let wait: UInt32?

  init(address: String, wait: UInt32? = nil, limits: RelayLimits, now: Duration) {
    self.address = address
    self.wait = wait
    self.limits = limits
    accepted = now
    lastHeard = now
    idleTime = limits.idleTime
  }

  /// Nil until the identity key is proven and its registration read.
  var ready: Ready? {
    get {
      guard case .ready(let ready) = state else { return nil }
      return ready
    }
    _modify {
      var ready: Ready?
      if case .ready(let current) = state {
        ready = current
        state = .handshaking
      }
      defer { if let ready { state = .ready(ready) } }
      yield &ready
    }
  }

  var isAuthenticated: Bool {
    switch state {
    case .handshaking, .challenged, .checkingSignature: false
    case .loadingRegistration, .ready: true
    }
  }

  /// When this connection is to be ended if nothing more is heard.
  var deadline: Duration {
    isAuthenticated ? lastHeard + idleTime : accepted + limits.authenticationTime
  }

  /// TLS is up.
  /// - Returns: whether to send the challenge: only the first time.
  mutating func secured(nonce: ChallengeNonce) -> Bool {
    guard case .handshaking = state else { return false }
    state = .challenged(nonce)
    return true
  }

  mutating func heard(now: Duration) {
    lastHeard = max(lastHeard, now)
  }

  /// The device said within how long it will be heard again; 0: not said.
  mutating func announced(keepaliveSeconds: UInt32) {
    guard keepaliveSeconds > 0 else { return }
    let announced = max(.seconds(Int64(keepaliveSeconds)), limits.leastIdleTime) + limits.keepaliveGrace
    idleTime = min(announced, limits.idleTime)
  }

  mutating func authenticate(_ authentication: Authentication) -> AuthenticationAction {
    switch state {
    case .challenged(let nonce):
      guard authentication.protocolVersion == RelayFrame.protocolVersion else {
        return .refuse(.unsupportedVersion, "this relay speaks protocol version \(RelayFrame.protocolVersion)")
      }
      // The nonce is gone with this state: a second try needs a new connection.
      state = .checkingSignature(authentication)
      return .check(authentication, nonce)
    case .handshaking, .checkingSignature, .loadingRegistration, .ready:
      return .refuse(.badFrame, "unexpected authentication")
    }
  }

  /// - Returns: the proven key; nil when the signature does not hold or none was being checked.
  mutating func signatureChecked(isValid: Bool) -> IdentityPublicKey? {
    guard case .checkingSignature(let authentication) = state, isValid else { return nil }
    state = .loadingRegistration(authentication.identityKey)
    announced(keepaliveSeconds: authentication.keepaliveSeconds)
    return authentication.identityKey
  }

  /// - Returns: false when no registration was being read.
  mutating func becomeReady(registration: RelayRegistration?, now: Duration) -> Bool {
    guard case .loadingRegistration(let identity) = state else { return false }
    state = .ready(Ready(identity: identity, registration: registration, renewal: now + limits.renewalInterval))
    return true
  }
}
