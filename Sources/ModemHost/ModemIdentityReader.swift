import CModem
import Telephony

/// Reads identity and registration from a modem through libqmi's typed clients, and gives the client ids back afterwards.
public final class ModemIdentityReader {
  private let modem: Modem
  private let stepLimit: UInt32
  private var reads: [ObjectIdentifier: Read] = [:]

  /// - Parameters:
  ///   - modem: kept alive by the reader.
  ///   - stepLimit: how long one request to the modem may take, in whole seconds.
  public init(modem: Modem, stepLimit: Duration = .seconds(5)) {
    self.modem = modem
    self.stepLimit = UInt32(clamping: max(1, stepLimit.components.seconds))
  }

  /// Reads everything. Each field has its fallback and, when nothing helped, its reason.
  /// - Parameter completion: called once from the loop; also when the modem is not open, goes away or stays silent. Not called
  ///   when the reader goes away before.
  public func readIdentity(completion: @escaping (ModemIdentity) -> Void) {
    start(CM_IDENTITY_ALL, completion)
  }

  /// Reads only where the modem is registered: one client id, one request.
  public func readServing(completion: @escaping (ModemIdentity.ServingNetwork) -> Void) {
    start(CM_IDENTITY_SERVING) { completion($0.serving) }
  }

  private func start(_ scope: CmIdentityScope, _ completion: @escaping (ModemIdentity) -> Void) {
    let read = Read(reader: self, completion: completion)
    reads[ObjectIdentifier(read)] = read
    read.handle = cm_identity_read(
      modem.handle, scope, stepLimit,
      { identity, box in
        let read = Unmanaged<Read>.fromOpaque(box!).takeUnretainedValue()
        read.handle = nil
        read.reader?.reads[ObjectIdentifier(read)] = nil
        read.completion(ModemIdentity(identity!.pointee))
      },
      Unmanaged.passUnretained(read).toOpaque())
  }

  deinit {
    for read in reads.values { cm_identity_cancel(read.handle) }
  }

  private final class Read {
    weak var reader: ModemIdentityReader?
    let completion: (ModemIdentity) -> Void
    var handle: OpaquePointer?

    init(reader: ModemIdentityReader, completion: @escaping (ModemIdentity) -> Void) {
      self.reader = reader
      self.completion = completion
    }
  }
}

extension ModemIdentity {
  init(_ identity: CmIdentity) {
    self.init(
      imei: .init(identity.imei, "an IMEI") { try? IMEI(digits: $0) },
      imsi: .init(identity.imsi, "an IMSI") { try? IMSI(digits: $0) },
      iccid: .init(identity.iccid, "an ICCID") { try? ICCID(digits: $0) },
      msisdn: .init(identity.msisdn, "a number") { $0.isEmpty ? nil : StoredNumber(text: $0) },
      homeNetwork: .init(identity.home_network),
      simState: .init(SIMState(identity.sim_state), identity.sim_state_reason),
      serving: ServingNetwork(
        registration: .init(Registration(identity.registration), identity.registration_reason),
        isRoaming: identity.roaming == CM_ROAMING_UNKNOWN ? nil : identity.roaming == CM_ROAMING_ROAMING,
        network: .init(identity.serving_network)))
  }
}

extension ModemIdentity.Reading {
  init(_ value: Value?, _ reason: UnsafePointer<CChar>?) {
    self = value.map { .known($0) } ?? .unknown(reason: reason.map { String(cString: $0) } ?? "not told by the modem")
  }
}

extension ModemIdentity.Reading {
  /// What the modem said, if it is what it should be.
  init(_ reading: CmReading, _ expected: String, _ parse: (String) -> Value?) {
    guard let text = reading.text else {
      self.init(nil, reading.reason)
      return
    }
    let value = parse(String(cString: text))
    self = value.map { .known($0) } ?? .unknown(reason: "what the modem says is not \(expected)")
  }
}

extension ModemIdentity.Reading<HomeNetwork> {
  init(_ reading: CmReading) {
    self.init(reading, "a network code") {
      try? HomeNetwork(mcc: String($0.prefix(3)), mnc: String($0.dropFirst(3)))
    }
  }
}

extension ModemIdentity.SIMState {
  init?(_ state: CmSIMState) {
    switch state {
    case CM_SIM_ABSENT: self = .absent
    case CM_SIM_ERROR: self = .error
    case CM_SIM_PIN_REQUIRED: self = .pinRequired
    case CM_SIM_PUK_REQUIRED: self = .pukRequired
    case CM_SIM_BLOCKED: self = .blocked
    case CM_SIM_NOT_READY: self = .notReady
    case CM_SIM_READY: self = .ready
    default: return nil
    }
  }
}

extension ModemIdentity.Registration {
  init?(_ registration: CmRegistration) {
    switch registration {
    case CM_REGISTRATION_NONE: self = .notRegistered
    case CM_REGISTRATION_SEARCHING: self = .searching
    case CM_REGISTRATION_DENIED: self = .denied
    case CM_REGISTRATION_REGISTERED: self = .registered
    default: return nil
    }
  }
}
