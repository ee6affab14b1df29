import QMI
import Telephony

/// NAS: registration and reception. Layouts as in libqmi's `qmi-service-nas.json`.
extension VirtualModem {
  /// Registered and switched on.
  public var hasService: Bool { registration == .registered && operatingMode == .online }

  /// In a network that is not the SIM's.
  public var isRoaming: Bool { configuration.servingNetwork != configuration.identity.homeNetwork }

  /// The network lets the modem in or does not. Hosts that asked for it are told.
  public mutating func setRegistration(_ registration: Registration, now: Duration) {
    clock.now = now
    guard registration != self.registration else { return }
    self.registration = registration
    indicateRegistration()
  }

  mutating func indicateRegistration() {
    let modem = self
    indicate(.nas, 0x0024, to: \.reportsServingSystem) { modem.encodeServingSystem(to: &$0, isIndication: true) }
    indicate(.nas, 0x004E, to: \.reportsSystemInfo) { modem.encodeSystemInfo(to: &$0) }
  }

  mutating func answerNetworkAccess(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    switch request.messageID {
    case 0x0000:  // Reset
      clients[.nas]?[request.clientID] = Client()
      return request.response(.success)

    case 0x0003:  // Register Indications
      if let wanted = try request.flag(0x13) { clients[.nas]?[request.clientID]?.reportsServingSystem = wanted }
      if let wanted = try request.flag(0x18) { clients[.nas]?[request.clientID]?.reportsSystemInfo = wanted }
      return request.response(.success)

    // Set Event Report, Initiate Network Register, Attach Detach, Config Signal Info, Force Network Search, Config Signal Info v2:
    // there is one cell, and its reception never changes.
    case 0x0002, 0x0022, 0x0023, 0x0050, 0x0067, 0x006C:
      return request.response(.success)

    case 0x0020: return signalStrength(request)
    case 0x0021: return networkScan(request)
    case 0x0024: return request.answer { encodeServingSystem(to: &$0, isIndication: false) }
    case 0x0025: return homeNetwork(request)
    case 0x0026: return preferredNetworks(request)

    case 0x002B:  // Get Technology Preference: automatic, permanent
      return request.answer { builder in
        builder.append(0x01, [0, 0, 0])
        builder.append(0x10, [0, 0])
      }

    case 0x0031: return bandInformation(request)

    case 0x0033:  // Set System Selection Preference
      try preference.apply(request)
      return request.response(.success)

    case 0x0034: return request.answer { preference.encode(to: &$0) }
    case 0x0039: return operatorName(request)
    case 0x0043: return cellLocation(request)
    case 0x0044: return try networkName(request)
    case 0x004D: return request.answer { encodeSystemInfo(to: &$0) }

    case 0x004F:  // Get Signal Info
      guard hasService else { return request.response(.informationUnavailable) }
      return request.answer { builder in
        builder.append(0x14) { writer in
          writer.append(UInt8(bitPattern: RadioConditions.rssi))
          writer.append(UInt8(bitPattern: RadioConditions.rsrq))
          writer.append(RadioConditions.rsrp)
          writer.append(RadioConditions.snr)
        }
      }

    case 0x005A: return try transmission(request)
    case 0x0089: return request.answer { builder in builder.append(0x10) { $0.append(UInt32(8)) } }  // DRX cycle 128
    case 0x00AC: return carrierAggregation(request)
    default: return request.response(.invalidQMICommand)
    }
  }

  // MARK: - Registration

  /// Serving System, as answer and as indication; the tags of the two differ from 0x1C on.
  private func encodeServingSystem(to builder: inout QMIMessageBuilder, isIndication: Bool) {
    builder.append(0x01) { writer in
      writer.append(registrationState)
      writer.append(UInt8(hasService ? 1 : 2))  // circuit switched: attached, detached
      writer.append(UInt8(hasService ? 1 : 2))  // packet switched
      writer.append(UInt8(hasService ? 2 : 0))  // 3GPP, unknown
      writer.appendWithUInt8Count(hasService ? [RadioConditions.lte] : [0])
    }
    guard hasService else {
      builder.append(isIndication ? 0x22 : 0x21, [0, 0, 0, 0, 0])
      return
    }
    let network = configuration.servingNetwork
    builder.append(0x10) { $0.append(!isRoaming) }  // the indicator is 0 when on
    builder.append(0x11, [1, 0x0B])  // data: LTE
    builder.append(0x12) { writer in
      writer.append(network.mccValue)
      writer.append(network.mncValue)
      writer.appendText(configuration.servingOperatorName)
    }
    builder.append(0x15) { writer in
      writer.append(UInt8(1))
      writer.append(RadioConditions.lte)
      writer.append(!isRoaming)
    }
    builder.append(0x1A, [0])  // time zone, quarters of an hour
    builder.append(0x1B, [0])  // no daylight saving time
    builder.append(isIndication ? 0x1D : 0x1C) { $0.append(UInt16(0xFFFE)) }
    builder.append(isIndication ? 0x1E : 0x1D) { $0.append(RadioConditions.cellID) }
    builder.append(isIndication ? 0x22 : 0x21, [2, 3, 0, 0, 0])  // available, both domains
    builder.append(isIndication ? 0x25 : 0x24) { $0.append(RadioConditions.trackingAreaCode) }
    builder.append(isIndication ? 0x29 : 0x27) { network.encodeWithDigitFlag(to: &$0) }
  }

  private func encodeSystemInfo(to builder: inout QMIMessageBuilder) {
    builder.append(0x12, [0, 0, 0])  // GSM: none
    builder.append(0x13, [0, 0, 0])  // WCDMA: none
    let status: UInt8 = hasService ? 2 : 0
    builder.append(0x14, [status, status, 1])
    guard hasService else { return }
    let network = configuration.servingNetwork
    builder.append(0x19) { writer in
      writer.append(octets: [1, 3])  // circuit and packet switched
      writer.append(octets: [1, 3])
      writer.append(octets: [1, isRoaming ? 1 : 0])
      writer.append(octets: [1, 0])  // not forbidden
      writer.append(true)
      writer.append(UInt16(0xFFFE))
      writer.append(true)
      writer.append(RadioConditions.cellID)
      writer.append(octets: [0, 0, 0])  // no reject
      writer.append(true)
      writer.append(octets: network.mcc.utf8)
      writer.append(octets: Array(network.mnc.utf8) + (network.hasThreeDigitMNC ? [] : [0xFF]))
      writer.append(true)
      writer.append(RadioConditions.trackingAreaCode)
    }
    builder.append(0x1E) { $0.append(UInt16(0xFFFF)) }
    builder.append(0x21) { $0.append(true) }  // voice over LTE
    builder.append(0x31) { $0.append(UInt32(3)) }  // both domains
  }

  private var registrationState: UInt8 {
    guard operatingMode == .online else { return 0 }
    return switch registration {
    case .registered: 1
    case .searching: 2
    case .denied: 3
    }
  }

  // MARK: - Networks

  private func homeNetwork(_ request: QMUXFrame) -> QMUXFrame {
    let network = configuration.identity.homeNetwork
    return request.answer { builder in
      builder.append(0x01) { writer in
        writer.append(network.mccValue)
        writer.append(network.mncValue)
        writer.appendText(configuration.identity.operatorName)
      }
      builder.append(0x12) { writer in
        writer.append(true)
        writer.append(network.hasThreeDigitMNC)
      }
      builder.append(0x13) { $0.append(UInt32(6)) }  // service provider name of the SIM
    }
  }

  private func preferredNetworks(_ request: QMUXFrame) -> QMUXFrame {
    let network = configuration.identity.homeNetwork
    return request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt16(1))
        writer.append(network.mccValue)
        writer.append(network.mncValue)
        writer.append(UInt16(1 << 7 | 1 << 14 | 1 << 15))  // GSM, E-UTRAN, UTRAN
      }
      builder.append(0x12) { writer in
        writer.append(UInt8(1))
        network.encodeWithDigitFlag(to: &writer)
      }
    }
  }

  private func networkScan(_ request: QMUXFrame) -> QMUXFrame {
    let network = configuration.servingNetwork
    return request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt16(1))
        writer.append(network.mccValue)
        writer.append(network.mncValue)
        // Serving or available, home or roaming, not forbidden.
        writer.append(UInt8((hasService ? 1 : 2) | (isRoaming ? 8 : 4) | 32))
        writer.appendText(configuration.servingOperatorName)
      }
      builder.append(0x11) { writer in
        writer.append(UInt16(1))
        writer.append(network.mccValue)
        writer.append(network.mncValue)
        writer.append(RadioConditions.lte)
      }
      builder.append(0x12) { writer in
        writer.append(UInt16(1))
        network.encodeWithDigitFlag(to: &writer)
      }
      builder.append(0x13) { $0.append(UInt32(0)) }
    }
  }

  private func operatorName(_ request: QMUXFrame) -> QMUXFrame {
    let home = configuration.identity.homeNetwork
    return request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt8(1))
        writer.appendText(configuration.identity.operatorName)
      }
      builder.append(0x11) { writer in
        writer.append(UInt16(1))
        writer.append(octets: home.mcc.utf8)
        // libqmi reads a text here, and takes an F for the digit that is not there; other fillers it prints from memory it
        // has not set.
        writer.append(octets: Array(home.mnc.utf8) + (home.hasThreeDigitMNC ? [] : [UInt8(ascii: "F")]))
        writer.append(UInt16(0x0000))
        writer.append(UInt16(0xFFFE))
        writer.append(UInt8(1))
      }
      builder.append(0x13, configuration.identity.operatorName.utf8.prefix(255))
    }
  }

  private func networkName(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    var reader = try request.requiredReader(of: 0x01)
    let mcc = try reader.readUInt16()
    let mnc = try reader.readUInt16()
    let known = [
      (configuration.servingNetwork, configuration.servingOperatorName),
      (configuration.identity.homeNetwork, configuration.identity.operatorName),
    ]
    guard let name = known.first(where: { $0.0.mccValue == mcc && $0.0.mncValue == mnc })?.1 else {
      return request.response(.noEntry)
    }
    return request.answer { builder in
      builder.append(0x10) { writer in
        let encoded = Array(name.utf8.prefix(63))
        writer.append(UInt8(1))  // 7-bit ASCII
        writer.appendWithUInt8Count(encoded)
        for _ in 0..<2 {
          writer.append(octets: [1, 0, 0])  // ASCII, no country initials, spare bits unknown
          writer.appendWithUInt8Count(encoded)
        }
      }
      builder.append(0x15) { $0.append(UInt32(6)) }
    }
  }

  // MARK: - Reception

  private func signalStrength(_ request: QMUXFrame) -> QMUXFrame {
    guard hasService else { return request.response(.informationUnavailable) }
    return request.answer { builder in
      builder.append(0x01, [UInt8(bitPattern: RadioConditions.rssi), RadioConditions.lte])
      builder.append(0x11) { writer in
        writer.append(UInt16(1))
        writer.append(UInt8(RadioConditions.rssi.magnitude))
        writer.append(RadioConditions.lte)
      }
      builder.append(0x16, [UInt8(bitPattern: RadioConditions.rsrq), RadioConditions.lte])
      builder.append(0x17) { $0.append(RadioConditions.snr) }
      builder.append(0x18) { $0.append(RadioConditions.rsrp) }
    }
  }

  private func transmission(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    var reader = try request.requiredReader(of: 0x01)
    guard try reader.readUInt8() == RadioConditions.lte else { return request.response(.informationUnavailable) }
    return request.answer { builder in
      for tag in [0x10, 0x11] as [UInt8] {
        builder.append(TLV.Tag(rawValue: tag)) { writer in
          writer.append(true)
          writer.append(Int32(RadioConditions.rssi) * 10)
          writer.append(Int32(RadioConditions.rsrq) * 10)
          writer.append(Int32(RadioConditions.rsrp) * 10)
          writer.append(Int32(RadioConditions.rsrp) * 10)
          writer.append(UInt32(0))
        }
      }
      builder.append(0x12) { writer in
        writer.append(false)
        writer.append(Int32(0))
      }
    }
  }

  private func bandInformation(_ request: QMUXFrame) -> QMUXFrame {
    guard hasService else { return request.response(.informationUnavailable) }
    return request.answer { builder in
      builder.append(0x01) { writer in
        writer.append(octets: [1, RadioConditions.lte])
        writer.append(RadioConditions.activeBand)
        writer.append(RadioConditions.channel)
      }
      builder.append(0x11) { writer in
        writer.append(octets: [1, RadioConditions.lte])
        writer.append(RadioConditions.activeBand)
        writer.append(UInt32(RadioConditions.channel))
      }
      builder.append(0x12) { writer in
        writer.append(octets: [1, RadioConditions.lte])
        writer.append(RadioConditions.bandwidth)
      }
    }
  }

  private func cellLocation(_ request: QMUXFrame) -> QMUXFrame {
    guard hasService else { return request.response(.informationUnavailable) }
    return request.answer { builder in
      builder.append(0x13) { writer in
        writer.append(false)  // not idle
        writer.append(octets: configuration.servingNetwork.semiOctets)
        writer.append(RadioConditions.trackingAreaCode)
        writer.append(RadioConditions.cellID)
        writer.append(RadioConditions.channel)
        writer.append(RadioConditions.physicalCellID)
        writer.append(octets: [5, 10, 0, 62])  // reselection priority and thresholds
        writer.append(UInt8(1))
        writer.append(RadioConditions.physicalCellID)
        writer.append(Int16(RadioConditions.rsrq) * 10)
        writer.append(RadioConditions.rsrp * 10)
        writer.append(Int16(RadioConditions.rssi) * 10)
        writer.append(Int16(40))
      }
    }
  }

  private func carrierAggregation(_ request: QMUXFrame) -> QMUXFrame {
    guard hasService else { return request.response(.informationUnavailable) }
    return request.answer { builder in
      builder.append(0x11) { $0.append(RadioConditions.bandwidth) }
      builder.append(0x13) { writer in
        writer.append(RadioConditions.physicalCellID)
        writer.append(RadioConditions.channel)
        writer.append(RadioConditions.bandwidth)
        writer.append(RadioConditions.activeBand)
      }
    }
  }
}

extension HomeNetwork {
  var mccValue: UInt16 { UInt16(mcc) ?? 0 }
  var mncValue: UInt16 { UInt16(mnc) ?? 0 }
  var hasThreeDigitMNC: Bool { mnc.utf8.count == 3 }

  func encodeWithDigitFlag(to writer: inout TLVWriter) {
    writer.append(mccValue)
    writer.append(mncValue)
    writer.append(hasThreeDigitMNC)
  }

  /// Three octets of 3GPP TS 24.008 §10.5.1.13.
  var semiOctets: [UInt8] {
    let mcc = self.mcc.utf8.map { $0 & 0x0F }
    let mnc = self.mnc.utf8.map { $0 & 0x0F }
    let third = mnc.count == 3 ? mnc[2] : 0x0F
    return [mcc[1] << 4 | mcc[0], third << 4 | mcc[2], mnc[1] << 4 | mnc[0]]
  }
}
