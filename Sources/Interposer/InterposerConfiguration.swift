extension Interposer {
  public struct Configuration: Sendable {
    /// The device as clients name it in Proxy Open, for example `/dev/cdc-wdm0`.
    public var device: String
    /// Other names of the same device that are accepted: what a link leads to, or the file that is opened instead.
    public var alternativeDevices: [String]
    public var timing: Timing
    public var limits: Limits

    public init(
      device: String, alternativeDevices: [String] = [], timing: Timing = Timing(), limits: Limits = Limits()
    ) {
      self.device = device
      self.alternativeDevices = alternativeDevices
      self.timing = timing
      self.limits = limits
    }

    func accepts(devicePath: String) -> Bool {
      devicePath == device || alternativeDevices.contains(devicePath)
    }
  }

  /// How long things may take.
  public struct Timing: Sendable {
    /// Until a Proxy Open is answered with a failure; libqmi gives up after 5 s.
    public var proxyOpen: Duration = .milliseconds(4500)
    /// For a client's request, as in the stock proxy.
    public var request: Duration = .seconds(300)
    /// For the Interposer's own reads, deletions and client ids; the announcement of an incoming message waits no longer.
    public var ownRequest: Duration = .seconds(3)
    /// For a message that the Interposer itself sends.
    public var ownSend: Duration = .seconds(60)
    /// Until the ids of a vanished client are released.
    public var releaseGrace: Duration = .seconds(30)
    /// From the first held part until the held parts go by carrier.
    public var assembly: Duration = .seconds(60)
    /// From ``Action/submitted(_:)`` until the message goes by carrier undecided. Has to be above the policy's own `ip-timeout`, and
    /// below the 25 s after which the one who sent gives up.
    public var decision: Duration = .seconds(20)
    /// From ``Action/received(_:)`` until the message is announced undecided.
    public var incomingDecision: Duration = .seconds(5)
    /// For looking through the modem's storage, and for clients' lists and reads to wait; ModemManager gives up on a list after 5 s.
    public var vetting: Duration = .seconds(3)
    /// From one try to send a held part whose client is gone until the next.
    public var retry: Duration = .seconds(10)
    /// Until the Interposer's own client id is released when there is no use for it.
    public var ownClientIdle: Duration = .seconds(30)

    public init() {}
  }

  /// How much may pile up. Every queue has one of these bounds.
  public struct Limits: Sendable {
    /// Connected clients; more are closed at once.
    public var clients = 64
    /// Requests of one client that the modem has not answered; more are answered with *insufficient resources*.
    public var requests = 512
    /// Client ids that one client may use; others are forwarded and not tracked.
    public var clientIDs = 256
    /// Octets that a client has not read when it is cut off.
    public var backlogOctets = 512 * 1024
    /// Proxy Opens that wait for the device; more are answered with *insufficient resources*.
    public var proxyOpens = 32
    /// Messages that are known at one time: undecided, held or on their way; more are forwarded as they come.
    public var submissions = 64
    /// Parts answered with success and not sent, of all messages; beyond that their message goes by carrier.
    public var heldParts = 512
    /// Announcements held back; beyond that the oldest message is announced undecided.
    public var heldIndications = 256
    /// Messages in the modem's storage that are looked at when it is back; of more, those that were read by somebody are not.
    public var vettedMessages = 64
    /// Clients' lists and reads that wait meanwhile; more are passed on at once.
    public var heldReads = 64
    /// Messages in virtual storage.
    public var storedMessages = 10_000
    /// How often a held part whose client is gone is tried before it is reported as failed, and the release of a client id.
    public var sendTries = 3

    public init() {}
  }
}
