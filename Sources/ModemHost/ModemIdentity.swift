public import Telephony

/// Who a modem and its SIM are, as far as they told.
///
/// Everything personal in it redacts itself when printed.
public struct ModemIdentity: Equatable, Sendable {
  public var imei: Reading<IMEI>
  public var imsi: Reading<IMSI>
  public var iccid: Reading<ICCID>
  /// The subscriber's own number as the SIM has it.
  public var msisdn: Reading<StoredNumber>
  /// The operator of the SIM.
  public var homeNetwork: Reading<HomeNetwork>
  public var simState: Reading<SIMState>
  public var serving: ServingNetwork

  public init(
    imei: Reading<IMEI>, imsi: Reading<IMSI>, iccid: Reading<ICCID>, msisdn: Reading<StoredNumber>,
    homeNetwork: Reading<HomeNetwork>, simState: Reading<SIMState>, serving: ServingNetwork
  ) {
    self.imei = imei
    self.imsi = imsi
    self.iccid = iccid
    self.msisdn = msisdn
    self.homeNetwork = homeNetwork
    self.simState = simState
    self.serving = serving
  }

  /// A value that was read, or one line that says why not.
  public enum Reading<Value: Equatable & Sendable>: Equatable, Sendable {
    case known(Value)
    case unknown(reason: String)

    public var value: Value? {
      if case .known(let value) = self { value } else { nil }
    }

    public var reason: String? {
      if case .unknown(let reason) = self { reason } else { nil }
    }
  }

  /// A subscriber's number as an operator wrote it on the SIM: digits, with a leading `+` when stored as international, often
  /// without country. Personal data: it redacts itself.
  public struct StoredNumber: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let text: String

    public init(text: String) {
      self.text = text
    }

    public var description: String { "number (\(text.count) characters)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
  }

  public enum SIMState: String, Equatable, Sendable {
    case absent
    case error
    case pinRequired = "pin-required"
    case pukRequired = "puk-required"
    case blocked
    case notReady = "not-ready"
    case ready
  }

  public enum Registration: String, Equatable, Sendable {
    case notRegistered = "not-registered"
    case searching
    case denied
    case registered
  }

  /// Where the modem is registered now.
  public struct ServingNetwork: Equatable, Sendable {
    public var registration: Reading<Registration>
    /// nil when the modem does not say.
    public var isRoaming: Bool?
    public var network: Reading<HomeNetwork>

    public init(registration: Reading<Registration>, isRoaming: Bool?, network: Reading<HomeNetwork>) {
      self.registration = registration
      self.isRoaming = isRoaming
      self.network = network
    }
  }
}

extension ModemIdentity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Says what is known, not what it is.
  public var description: String {
    func mark<Value>(_ name: String, _ reading: Reading<Value>) -> String {
      reading.value == nil ? "\(name) unknown" : "\(name) known"
    }
    return "ModemIdentity(\(mark("imei", imei)), \(mark("imsi", imsi)), \(mark("iccid", iccid)), \(mark("msisdn", msisdn)))"
  }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: []) }
}
