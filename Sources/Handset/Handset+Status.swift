internal import Interposer
internal import QMI
internal import RelayProtocol
internal import Routing
internal import Sealing
internal import Telephony

extension Handset {
  /// What `status` tells the person.
  public var status: [HandsetField] {
    var fields = publicStatus
    if let number = enrolment.number {
      let index = fields.firstIndex { $0.key == "expires" || $0.key == "message" } ?? fields.endIndex
      fields.insert(HandsetField("number", number.e164), at: index)
    }
    return fields
  }

  /// What every user of the machine may hear: the status without the number.
  public var publicStatus: [HandsetField] {
    var fields = [
      HandsetField("enabled", enrolment.isEnabled), HandsetField("state", stateWord),
      HandsetField("session", sessionWord), HandsetField("modem", configuration.interposer.device),
      HandsetField("modem_state", interposer.isModemOpen ? "open" : "closed"),
      HandsetField("waiting_messages", Int64(spool.count)),
    ]
    if pins.changedCount > 0 { fields.append(HandsetField("changed_keys", Int64(pins.changedCount))) }
    if let expires = enrolment.registration?.expires, let seconds = Int64(exactly: expires) {
      let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
      if !overflow { fields.append(HandsetField("expires", WallTime(millisecondsSince1970: milliseconds).rfc3339)) }
    }
    if let removalWord { fields.append(HandsetField("deregistration", removalWord)) }
    if case .failed(let text)? = removalResult, removal == nil { fields.append(HandsetField("deregistration_message", text)) }
    if let message { fields.append(HandsetField("message", message)) }
    return fields
  }

  private var stateWord: String {
    guard enrolment.isEnabled else { return "disabled" }
    if let word = progress.word { return word }
    guard enrolment.registration != nil else { return "unregistered" }
    if let known = identity.known, !enrolment.isBound(to: known) { return "sim-changed" }
    return "registered"
  }

  /// How far the end of another registration is, or what became of it.
  private var removalWord: String? {
    if let removal { return removal.stage.word }
    switch removalResult {
    case .done: return "done"
    case .failed: return "failed"
    case nil: return nil
    }
  }

  private var sessionWord: String {
    switch relay.status {
    case .stopped: "off"
    case .waiting: "waiting"
    case .connecting: "connecting"
    case .ready: "online"
    case .leaving: "off"
    }
  }

  private var message: String? {
    if case .failed(let text) = progress { return text }
    if !link.isReady, relay.status != .stopped, let problem = link.problem { return problem }
    if let problem = configuration.relayProblem { return problem }
    if enrolment.isEnabled, pins.isDamaged { return Self.damagedPins }
    return enrolment.isEnabled && progress == .idle && enrolment.registration == nil
      ? "the number is not confirmed; run shuntctl enable" : nil
  }

  /// Tells those who watch when what `status` tells is different now.
  mutating func statusMayHaveChanged() {
    let fields = publicStatus
    guard fields != lastStatus else { return }
    lastStatus = fields
    act(.statusChanged(fields))
  }

  /// Puts back what the state directory held.
  mutating func restore(_ state: PersistedState) {
    if let octets = state.files[.enrolment] {
      if let restored = Enrolment(serialized: octets) {
        enrolment = restored
      } else {
        note(.error, "the file \(StateFile.enrolment.rawValue) can't be read; Shunt stays disabled")
      }
    }
    let stored = state.files[.identityKey]
    if enrolment.isEnabled {
      switch configuration.identityKey {
      case .credential(let key): identityKey = key
      case .stateDirectory: identityKey = stored.flatMap { try? IdentityKey(rawRepresentation: $0) }
      }
      if identityKey == nil {
        enrolment.lapse()
        note(.error, "the identity key is missing or damaged; run shuntctl enable again")
      }
    }
    if pins.isDamaged { note(.error, Self.damagedPins) }
    if case .credential(.some) = configuration.identityKey, stored != nil {
      note(.notice, "the identity key in the state directory is removed: the service manager gives one")
      act(.remove(.identityKey))
    }
    incoming.concluded = ConcludedMessages(serialized: state.concluded)
    restoreSpool(state.spool)
    restoreClientIDs(state.clientIDs)
    interposer.setTapMode(enrolment.isEnabled ? .intercept : .observe, now: now)
    if enrolment.isEnabled { interposer.openModem(now: now) }
    lastStatus = publicStatus
  }

  private mutating func restoreClientIDs(_ octets: [UInt8]) {
    var ids: [CTL.ClientIDAllocation] = []
    for index in stride(from: 0, to: octets.count - 1, by: 2) {
      ids.append(
        CTL.ClientIDAllocation(
          service: QMIService(rawValue: octets[index]), clientID: ClientID(rawValue: octets[index + 1])))
    }
    interposer.restoreClientIDs(ids)
  }

  private mutating func restoreSpool(_ files: [SpooledMessage]) {
    var stored: [StoredMessage] = []
    var copies: [(message: [UInt8], copy: SpooledMessage.Copy)] = []
    for file in files where !restoreErased(file) {
      do throws(SpoolError) {
        let decoded = try file.decoded()
        spool.restore(file)
        stored.append(decoded.message)
        if let copy = decoded.copy, !incoming.concluded.contains(decoded.messageID) { copies.append((decoded.messageID, copy)) }
      } catch {
        act(.setAsideInSpool(file.id))
        note(
          .error,
          "the spool file \(SpooledMessage.fileName(of: file.id)) can't be read; it is kept as \(SpooledMessage.damagedFileName(of: file.id))")
      }
    }
    do throws(VirtualStorageError) {
      try interposer.restoreStored(stored)
    } catch {
      note(.error, "the spool holds more messages than virtual storage can")
    }
    // The carrier's copy of a message whose acknowledgement went down with the last run may still come.
    for (message, copy) in copies.sorted(by: { $0.copy.receivedAt < $1.copy.receivedAt }) {
      let age = wall.elapsed(since: copy.receivedAt)
      guard age <= RecentMessages.window else { continue }
      for content in copy.contents {
        incoming.recent.remember(
          sender: copy.sender, content: content, route: .ip, message: message, now: now - age, wall: copy.receivedAt)
      }
    }
  }

  /// Says goodbye to the relay, sends held parts by carrier, closes clients.
  public mutating func beginShutdown(now: Duration) {
    self.now = now
    isShuttingDown = true
    abandonAttempts()
    relay.stop(now: now)
    interposer.beginShutdown(now: now)
  }

  /// Whether nothing is left to wait for after ``beginShutdown(now:)``.
  public var isShutDown: Bool {
    relay.status == .stopped && interposer.isShutDown && outgoing.isEmpty
  }
}

extension RegistrationProgress {
  /// As `status` has it; nil when nothing is under way.
  fileprivate var word: String? {
    switch self {
    case .idle: nil
    case .connecting: "connecting"
    case .requestingCode: "requesting-code"
    case .awaitingCode: "awaiting-code"
    case .confirming: "confirming"
    case .failed: "failed"
    }
  }
}

extension DeviceIdentity {
  /// What `identity` tells.
  var fields: [HandsetField] {
    var fields: [HandsetField] = []
    func add(_ key: String, _ value: String?) {
      if let value, !value.isEmpty { fields.append(HandsetField(key, value)) }
    }
    add("imei", imei?.digits)
    add("imsi", imsi?.digits)
    add("iccid", iccid?.digits)
    add("msisdn", msisdn)
    add("home_network", homeNetwork.map { "\($0.mcc)-\($0.mnc)" })
    add("home_country", homeRegion)
    add("sim_state", simState)
    add("registration", registrationState)
    if let isRoaming { fields.append(HandsetField("roaming", isRoaming)) }
    add("serving_country", servingCountry.flatMap(MobileCountryCode.region(of:)))
    add("unavailable", unavailable)
    return fields
  }
}
