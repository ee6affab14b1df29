/// What the hub asks its shell to do. Jobs are answered, each exactly once, by the event named.
public enum RelayAction: Sendable, Equatable {
  case send(RelayConnectionID, ServerFrame)
  /// Close once what was sent before has been written, or a few seconds later. The hub has forgotten the connection.
  case close(RelayConnectionID)
  /// Close at once, whatever is unwritten. The hub has forgotten the connection.
  case abort(RelayConnectionID)

  /// Answered by ``RelayHub/signatureChecked(_:isValid:at:)``.
  case checkSignature(RelayJobID, Authentication, Transcript)
  /// Read this identity's registration unless it lapsed before `now`, and move its expiry to `expires`. Seconds since
  /// 1970. Answered by ``RelayHub/registrationLoaded(_:_:at:)``.
  case loadRegistration(RelayJobID, IdentityPublicKey, now: UInt64, expires: UInt64)
  /// Open the sealed number, compute its tokens of all generations served and draw a code; keep number and code until
  /// told what to do with them.
  /// Answered by ``RelayHub/numberOpened(_:_:at:)``.
  case openNumber(RelayJobID, sealed: [UInt8], IdentityPublicKey)
  /// Send the code kept under this id, then forget number and code. Answered by ``RelayHub/codeSent(_:succeeded:at:)``.
  case sendCode(RelayJobID)
  /// Forget number and code kept under this id. Not answered.
  case discardCode(RelayJobID)
  /// Compare in constant time. Answered by ``RelayHub/codeChecked(_:isRight:at:)``.
  case checkCode(RelayJobID, IdentityPublicKey, code: String, CodeDigest)
  /// Store, in the place of whatever these tokens or this identity had. Answered by
  /// ``RelayHub/registrationSaved(_:_:at:)``.
  case saveRegistration(RelayJobID, RelayRegistration)
  /// Add tokens to this identity's registration, if it still has the first token and nobody else has one of the others.
  /// Answered by ``RelayHub/registrationMoved(_:_:at:)``.
  case moveRegistration(RelayJobID, IdentityPublicKey, holding: NumberToken, adding: [GenerationToken])
  /// Remove every registration that has one of these tokens. Answered by ``RelayHub/registrationsEnded(_:_:at:)``.
  case endRegistrations(RelayJobID, [NumberToken])
  /// Answered by ``RelayHub/registrationRemoved(_:succeeded:at:)``.
  case removeRegistration(RelayJobID, IdentityPublicKey)
  /// Answered by ``RelayHub/elementsEvaluated(_:_:at:)``.
  case evaluate(RelayJobID, TokenGeneration, [BlindedElement])
  /// Which of these have a registration that has not lapsed before `now` (seconds since 1970)? Answered by
  /// ``RelayHub/tokensFound(_:_:at:)``.
  case findTokens(RelayJobID, [NumberToken], now: UInt64)
}

/// What a verification code is remembered by. Its octets are the shell's business.
public struct CodeDigest: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let octets: [UInt8]
  public init(_ octets: [UInt8]) { self.octets = octets }
  public var description: String { "code digest …" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What became of a `Register` request's sealed number.
public enum NumberOpening: Sendable, Equatable {
  /// With the number's tokens of all generations served, newest first.
  case opened([GenerationToken], CodeDigest)
  /// Not sealed to this relay for this identity, or not a number.
  case bad
  /// The relay's own fault.
  case failed
}

/// What the store says to a read.
public enum RegistrationLoading: Sendable, Equatable {
  case found(RelayRegistration)
  case none
  case failed
}

/// What the store says to a write.
public enum RegistrationSaving: Sendable, Equatable {
  /// With the identities that held one of the tokens until now, if they were others.
  case saved(displaced: [IdentityPublicKey])
  case failed
}

/// What the store says to the end of a number's registrations.
public enum RegistrationEnding: Sendable, Equatable {
  /// With the identities that had them.
  case ended([IdentityPublicKey])
  case failed
}

/// What a worker says to blinded elements.
public enum ElementEvaluation: Sendable, Equatable {
  case evaluated([Evaluation])
  /// At least one is not a point on the curve.
  case bad
  case failed
}
