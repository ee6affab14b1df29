/// Every bound of the relay that is not part of the wire format, by name: no table or queue grows with what a peer
/// sends beyond these. Those of the format are in ``RelayFrame``, ``ClientMessage`` and ``Delivery``.
public struct RelayLimits: Sendable, Equatable {
  // MARK: Connections

  /// Connections at a time, authenticated or not.
  public var connections = 100_000
  /// Connections at a time that have not proved an identity key, TLS handshake included.
  public var unauthenticatedConnections = 2_048
  /// The same from one address. Many subscribers share one behind a carrier's NAT.
  public var unauthenticatedConnectionsPerAddress = 128
  /// Connections from one address that get a challenge: at first, and how many more an hour. What is over gets the time
  /// to wait after its TLS handshake. Ample, for the devices behind a carrier's NAT come back together when the relay
  /// was away.
  public var connectionBurstPerAddress = 2_000
  public var connectionsPerAddressPerHour = 36_000
  /// Addresses whose buckets are remembered because they are not full.
  public var addresses = 100_000
  /// From the TCP accept to a verified signature.
  public var authenticationTime: Duration = .seconds(10)
  /// Silence after which a device is offline when it announced nothing shorter. A little above the
  /// longest keepalive, 15 minutes (design section 8).
  public var idleTime: Duration = .seconds(16 * 60)
  /// The shortest announced keepalive that is believed.
  public var leastIdleTime: Duration = .seconds(60)
  /// What a keepalive may be late by.
  public var keepaliveGrace: Duration = .seconds(30)
  /// Octets written to a session that its socket has not taken; one more and it is cut off.
  public var outgoingOctets = 512 * 1024
  /// Requests of one session that wait for the store or a worker.
  public var outstandingRequests = 16

  // MARK: Messages

  /// Messages of one sender that are neither acknowledged, refused, revoked nor lapsed.
  public var pendingMessagesPerSender = 256
  /// The same of all senders together.
  public var pendingMessages = 100_000
  /// Acknowledged messages whose sender has not said that the acknowledgement has arrived.
  public var acknowledgedMessages = 16_384
  /// The longest time the relay remembers a message, whatever its sender asks.
  public var messageLifetime: Duration = .seconds(60)

  /// Messages of one registration: at first, and how many more an hour.
  public var deliveryBurst = 2_000
  public var deliveriesPerHour = 3_600

  // MARK: Look-up

  /// Number look-ups, counted where a number becomes a token: at first, and how many more an hour.
  public var evaluationBurst = 500
  public var evaluationsPerHour = 20
  /// Presence questions about tokens that were paid for already.
  public var presenceBurst = 2_000
  public var presencesPerHour = 3_600
  /// Elements handed to a worker at a time: one session's 64 do not hold up another's one.
  public var elementsPerEvaluation = 4
  /// Evaluations handed to workers at a time.
  public var evaluationsInProgress = 2
  /// Registrations whose buckets are remembered because they are not full.
  public var accounts = 1_000_000

  // MARK: Registration

  /// Codes sent to one number in `codePeriod`.
  public var codesPerNumber = 3
  public var codePeriod: Duration = .seconds(24 * 3600)
  /// Codes sent to all numbers together: at first, and how many more an hour. Each costs money.
  public var codeBurst = 200
  public var codesPerHour = 600
  /// The same asked for from one address, sent or not. Many subscribers share one behind a carrier's NAT, but each needs a
  /// code once.
  public var codeBurstPerAddress = 50
  public var codesPerAddressPerHour = 50
  /// Wrong codes before the code is void.
  public var codeTries = 5
  public var codeLifetime: Duration = .seconds(600)
  /// Codes that wait to be confirmed.
  public var pendingCodes = 10_000
  /// Numbers whose codes of the last `codePeriod` are remembered; no code goes out beyond.
  public var numbersWithCodes = 100_000
  /// Register requests of one session; each costs the relay an scrypt.
  public var registrationAttemptsPerSession = 6
  /// Register requests of all sessions that are being worked on.
  public var registrationsInProgress = 32
  /// A registration lapses after this long without a session.
  public var registrationLifetime: Duration = .seconds(30 * 24 * 3600)
  /// How often a session that stays open moves its registration's expiry.
  public var renewalInterval: Duration = .seconds(24 * 3600)

  public init() {}
}
