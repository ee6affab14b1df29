public import Interposer
public import Sealing

/// What a device is told by its settings.
public struct HandsetConfiguration: Sendable {
  /// The QMI device, as clients name it and as the decision log does.
  public var interposer: Interposer.Configuration
  /// What is known of the relay beforehand; nil when no relay is configured, or ``relayProblem`` says why not.
  public var trust: RelayTrust?
  /// Why what is configured of the relay can't be used, in one line for a person.
  public var relayProblem: String?
  /// Where the identity key comes from.
  public var identityKey = IdentityKeySource.stateDirectory
  /// From a client's request until the carrier is used, when no acknowledgement comes.
  public var ipTimeout: Duration

  /// The range of `ipTimeout`: below the 25 s after which D-Bus callers give up, with room for the carrier.
  public static let ipTimeouts: ClosedRange<Duration> = .seconds(1)...(.seconds(15))
  public static let defaultIPTimeout: Duration = .seconds(6)

  public init(
    interposer: Interposer.Configuration, trust: RelayTrust? = nil, ipTimeout: Duration = defaultIPTimeout
  ) {
    self.interposer = interposer
    self.trust = trust
    self.ipTimeout = ipTimeout
  }
}

extension HandsetConfiguration {
  /// Why there is no relay, for a person.
  var noRelay: String {
    relayProblem ?? "no relay is configured: set host and ca in the group [relay] of the settings"
  }
}

/// What the state directory held when the device started.
public struct PersistedState: Sendable {
  public var files: [StateFile: [UInt8]]
  /// Files that are there, or may be, but could not be read.
  public var unreadable: Set<StateFile>
  public var spool: [SpooledMessage]
  /// What ``HandsetAction/keepClientIDs(_:)`` said last, unless the machine has started anew since.
  public var clientIDs: [UInt8]
  /// What ``HandsetAction/keepConcluded(_:)`` said last, unless the machine has started anew since.
  public var concluded: [UInt8]

  public init(
    files: [StateFile: [UInt8]] = [:], unreadable: Set<StateFile> = [], spool: [SpooledMessage] = [],
    clientIDs: [UInt8] = [], concluded: [UInt8] = []
  ) {
    self.files = files
    self.unreadable = unreadable
    self.spool = spool
    self.clientIDs = clientIDs
    self.concluded = concluded
  }
}
