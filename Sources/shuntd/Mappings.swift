internal import Handset
internal import Interposer
internal import ModemHost
internal import Telephony

// The core's types and the host's, side by side. Nothing is decided here.

extension ModemFailure {
  /// Whether the modem may have acted on the request decides between the two.
  init(_ kind: Modem.Failure.Kind) {
    switch kind {
    case .malformed, .congested, .notOpen, .other: self = .notSent
    case .timeout, .replaced, .mismatch: self = .timedOut
    }
  }
}

extension DeviceIdentity {
  init(_ read: ModemIdentity) {
    let reasons = [
      ("IMEI", read.imei.reason), ("IMSI", read.imsi.reason), ("ICCID", read.iccid.reason),
      ("home network", read.homeNetwork.reason), ("SIM state", read.simState.reason),
      ("registration", read.serving.registration.reason),
    ].compactMap { name, reason in reason.map { "\(name): \($0)" } }
    self.init(
      imei: read.imei.value, imsi: read.imsi.value, iccid: read.iccid.value, msisdn: read.msisdn.value?.text,
      homeNetwork: read.homeNetwork.value, simState: read.simState.value?.rawValue,
      registrationState: read.serving.registration.value?.rawValue, isRoaming: read.serving.isRoaming,
      servingCountry: read.serving.network.value?.mcc,
      unavailable: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
  }
}

extension Journal.Level {
  init(_ level: NoteLevel) {
    switch level {
    case .info: self = .info
    case .notice: self = .notice
    case .warning: self = .warning
    case .error: self = .error
    }
  }
}

extension HandsetRequest {
  /// Nil for what the shell answers itself.
  init?(_ request: ControlRequest) {
    switch request {
    case .enable(let number): self = .enable(number: number)
    case .enableInstead(let number): self = .enableInstead(number: number)
    case .confirm(let code): self = .confirm(code: code)
    case .disable: self = .disable
    case .deregister(let number): self = .deregister(number: number)
    case .status: self = .status
    case .identity: self = .identity
    case .lookUp(let numbers): self = .lookUp(numbers: numbers)
    case .send(let number, let text): self = .send(number: number, text: text)
    case .fingerprint(let number): self = .fingerprint(number: number)
    case .trust(let number, let fingerprint): self = .trust(number: number, fingerprint: fingerprint)
    case .log: return nil
    }
  }
}

extension BusRow {
  init(_ fields: [HandsetField]) {
    self.init(
      fields.map { field in
        let value: BusValue =
          switch field.value {
          case .text(let text): .string(text)
          case .flag(let flag): .bool(flag)
          case .number(let number): .integer(number)
          }
        return (field.key, value)
      }, uniquingKeysWith: { _, last in last })
  }
}

extension BusCall {
  func answer(_ answer: HandsetReply) {
    switch answer {
    case .row(let fields): reply(.row(BusRow(fields)))
    case .rows(let rows): reply(.rows(rows.map { BusRow($0) }))
    case .error(let error): fail(ControlError(name: error.name.rawValue, message: error.message))
    }
  }
}
