public import QMI
public import Telephony

/// What stands in the stock proxy's place.
public struct Interposer: Sendable {
  public init(configuration: Configuration) { fatalError() }

  // MARK: Clients

  /// A client connected. Its uid has been checked by the shell.
  public mutating func clientConnected(_ connection: ClientConnection, now: Duration) { fatalError() }
  /// A client sent octets, in whatever pieces.
  public mutating func clientSent(_ octets: UnsafeRawBufferPointer, from connection: ClientConnection, now: Duration) { fatalError() }
  /// A client disconnected.
  public mutating func clientClosed(_ connection: ClientConnection, now: Duration) { fatalError() }
  /// How many octets wait in the shell because the client's socket does not take them.
  public mutating func clientBacklog(_ connection: ClientConnection, octetCount: Int, now: Duration) { fatalError() }

  // MARK: Modem

  /// Asks for the device without a client, for reading the identity or because it has come back.
  public mutating func openModem(now: Duration) { fatalError() }
  public mutating func modemOpened(now: Duration) { fatalError() }
  public mutating func modemOpenFailed(now: Duration) { fatalError() }
  public mutating func modemRemoved(now: Duration) { fatalError() }
  public mutating func modemResponded(_ request: ModemRequestID, _ frame: consuming QMUXFrame, now: Duration) { fatalError() }
  public mutating func modemFailed(_ request: ModemRequestID, _ failure: ModemFailure, now: Duration) { fatalError() }
  public mutating func modemIndicated(_ frame: QMUXFrame, now: Duration) { fatalError() }

  // MARK: Time and actions

  /// When ``timeReached(now:)`` wants to be called next.
  public var nextDeadline: Duration? { fatalError() }
  public mutating func timeReached(now: Duration) { fatalError() }
  /// What to do next; call until nil after each event.
  public mutating func nextAction() -> Action? { fatalError() }

  // MARK: Tap

  public var tapMode: TapMode { fatalError() }
  public mutating func setTapMode(_ mode: TapMode, now: Duration) { fatalError() }
  /// - Returns: false when there is nothing to decide (any more).
  @discardableResult
  public mutating func resolve(_ submission: SubmissionID, _ resolution: SubmissionResolution, now: Duration) -> Bool { fatalError() }
  /// A message of this machine's own. It is reported by ``Action/submitted(_:)``, complete, in every tap mode.
  public mutating func submitLocally(
    _ submits: [SMSSubmit], serviceCentre: SMSCAddress = .default, now: Duration
  ) throws(LocalSubmissionError) -> SubmissionID { fatalError() }
  /// - Returns: false when there is nothing to decide (any more).
  @discardableResult
  public mutating func resolveIncoming(_ message: IncomingMessageID, _ resolution: IncomingResolution, now: Duration) -> Bool { fatalError() }

  // MARK: Virtual storage

  /// Puts back what the spool held, without announcing it.
  public mutating func restoreStored(_ messages: [StoredMessage]) throws(VirtualStorageError) { fatalError() }
  /// Stores a message and announces it to every client id that enabled new-message reports.
  ///
  /// - Returns: how many client ids were told.
  @discardableResult
  public mutating func deliver(_ message: StoredMessage, now: Duration) throws(VirtualStorageError) -> Int { fatalError() }

  // MARK: End

  /// Held parts go by carrier, clients are closed, ids released.
  public mutating func beginShutdown(now: Duration) { fatalError() }
  /// Whether nothing is left to wait for after ``beginShutdown(now:)``.
  public var isShutDown: Bool { fatalError() }

  // MARK: Facts

  public var clientCount: Int { fatalError() }
  public var isModemOpen: Bool { fatalError() }
  public var heldPartCount: Int { fatalError() }
  public var storedMessageCount: Int { fatalError() }
}

/// Why ``Interposer/submitLocally(_:serviceCentre:now:)`` takes no message.
public enum LocalSubmissionError: Error, Hashable, Sendable {
  /// There is no part, or there are more than 255.
  case partCount
  /// ``Interposer/Limits/submissions`` are known already.
  case tooMany
}
