import QMI
import Telephony

/// DMS: what the device is. Layouts as in libqmi's `qmi-service-dms.json`.
extension VirtualModem {
  mutating func answerDeviceManagement(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    let identity = configuration.identity
    switch request.messageID {
    case 0x0000:  // Reset
      clients[.dms]?[request.clientID] = Client()
      return request.response(.success)

    case 0x0001:  // Set Event Report
      if let wanted = try request.flag(0x14) { clients[.dms]?[request.clientID]?.reportsOperatingMode = wanted }
      return request.response(.success)

    case 0x0020:  // Get Capabilities
      return request.answer { builder in
        builder.append(0x01) { writer in
          writer.append(UInt32(50_000_000))
          writer.append(UInt32(150_000_000))
          writer.append(UInt8(3))  // circuit and packet switched at a time
          writer.append(UInt8(2))  // has a SIM
          writer.appendWithUInt8Count(RadioConditions.deviceInterfaces)
        }
      }

    case 0x0021: return request.text(0x01, identity.manufacturer)
    case 0x0022: return request.text(0x01, identity.model)
    case 0x0023: return request.text(0x01, identity.revision)

    case 0x0024:  // Get MSISDN
      guard identity.isNumberInDeviceManagement else { return request.response(.notProvisioned) }
      return request.text(0x01, identity.number.e164)

    case 0x0025:  // Get IDs
      return request.answer { builder in
        builder.append(0x10, "0".utf8)
        builder.append(0x11, identity.imei.digits.utf8)
        builder.append(0x13, "01".utf8)
      }

    case 0x0026:  // Get Power State: external source
      return request.answer { builder in
        builder.append(0x01) { writer in
          writer.append(UInt8(0x01))
          writer.append(UInt8(100))
        }
      }

    case 0x002B:  // UIM Get PIN Status: PIN 1 disabled, PIN 2 wants verification
      return request.answer { builder in
        builder.append(0x11, [3, 3, 10])
        builder.append(0x12, [1, 3, 10])
      }

    case 0x002C: return request.text(0x01, identity.hardwareRevision)

    case 0x002D:  // Get Operating Mode
      return request.answer { builder in
        builder.append(0x01) { $0.append(operatingMode.rawValue) }
        builder.append(0x11) { $0.append(false) }
      }

    case 0x002E: return try setOperatingMode(request)
    case 0x002F: return time(request)
    case 0x0031: return request.answer { builder in builder.append(0x01) { $0.append(UInt16(1)) } }  // activated
    case 0x0034: return request.answer { builder in builder.append(0x01) { $0.append(false) } }  // user lock

    case 0x0037:  // Read User Data
      return request.answer { builder in builder.append(0x01) { $0.appendWithUInt16Count(userData) } }

    case 0x0038:  // Write User Data
      var reader = try request.requiredReader(of: 0x01)
      let data = Array(try reader.readOctetsWithUInt16Count())
      guard data.count <= 512 else { return request.response(.argumentTooLong) }
      userData = data
      return request.response(.success)

    case 0x003C: return request.text(0x01, identity.iccid.digits)

    case 0x0040:  // UIM Get CK Status: no personalization
      var reader = try request.requiredReader(of: 0x01)
      guard try reader.readUInt8() <= 4 else { return request.response(.invalidArgument) }
      return request.answer { builder in builder.append(0x01, [0, 10, 10]) }

    case 0x0043: return request.text(0x01, identity.imsi.digits)
    case 0x0044: return request.answer { builder in builder.append(0x01) { $0.append(UInt8(0)) } }  // SIM initialized

    case 0x0045:  // Get Band Capabilities
      return request.answer { builder in
        builder.append(0x01) { $0.append(RadioConditions.bands) }
        builder.append(0x10) { $0.append(RadioConditions.lteBands) }
        builder.append(0x12) { writer in
          writer.append(UInt16(RadioConditions.lteBandNumbers.count))
          for band in RadioConditions.lteBandNumbers { writer.append(band) }
        }
      }

    case 0x0046: return request.text(0x01, "SHUNT-LAB-SKU")
    case 0x0047: return firmwarePreference(request)
    case 0x0049: return storedImages(request)
    case 0x004C: return storedImageInfo(request)
    case 0x004F: return request.answer { builder in builder.append(0x10) { $0.append(UInt8(0)) } }  // normal boot image
    case 0x0051: return request.text(0x01, identity.softwareVersion)
    default: return request.response(.invalidQMICommand)
    }
  }

  /// Set Operating Mode. Anything but online ends the registration with the network.
  private mutating func setOperatingMode(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    var reader = try request.requiredReader(of: 0x01)
    let mode = OperatingMode(rawValue: try reader.readUInt8())
    guard mode.rawValue <= 7 else { return request.response(.invalidArgument) }
    guard mode != operatingMode else { return request.response(.success) }
    let hadService = hasService
    operatingMode = mode
    indicate(.dms, 0x0001, to: \.reportsOperatingMode) { builder in
      builder.append(0x14) { $0.append(mode.rawValue) }
    }
    if hasService != hadService {
      if isCarrierConnected { hasService ? attach() : detach() }
      indicateRegistration()
    }
    return request.response(.success)
  }

  /// Get Time: units of 1.25 ms, then milliseconds, since 1980-01-06.
  private func time(_ request: QMUXFrame) -> QMUXFrame {
    let epoch: Int64 = 315_964_800_000
    let milliseconds = UInt64(max(0, clock.wallTime.millisecondsSince1970 - epoch))
    return request.answer { builder in
      builder.append(0x01) { writer in
        let count = milliseconds * 4 / 5
        for octet in 0..<6 { writer.append(UInt8(truncatingIfNeeded: count >> UInt64(octet * 8))) }
        writer.append(UInt16(0))
      }
      builder.append(0x10) { $0.append(milliseconds) }
      builder.append(0x11) { $0.append(milliseconds) }
    }
  }

  // MARK: - Firmware images: one of the modem's, one of its provisioning

  private var imageIdentifier: [UInt8] { [0x3F] + [UInt8](repeating: 0, count: 15) }
  private func buildIdentifier(_ type: UInt8) -> String {
    type == 0 ? configuration.identity.softwareVersion : configuration.identity.softwareVersion + "_LAB"
  }

  private func firmwarePreference(_ request: QMUXFrame) -> QMUXFrame {
    request.answer { builder in
      builder.append(0x01) { writer in
        writer.append(UInt8(2))
        for type in 0...1 as ClosedRange<UInt8> {
          writer.append(type)
          writer.append(octets: imageIdentifier)
          writer.appendText(buildIdentifier(type))
        }
      }
    }
  }

  private func storedImages(_ request: QMUXFrame) -> QMUXFrame {
    request.answer { builder in
      builder.append(0x01) { writer in
        writer.append(UInt8(2))
        for type in 0...1 as ClosedRange<UInt8> {
          writer.append(type)
          writer.append(UInt8(1))  // room for one
          writer.append(UInt8(0))  // the first runs
          writer.append(UInt8(1))  // one follows
          writer.append(UInt8(0))  // storage index
          writer.append(UInt8(0))  // failures
          writer.append(octets: imageIdentifier)
          writer.appendText(buildIdentifier(type))
        }
      }
    }
  }

  private func storedImageInfo(_ request: QMUXFrame) -> QMUXFrame {
    request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt16(1))
        writer.append(UInt16(0))
      }
      builder.append(0x11) { writer in
        writer.append(UInt32(1))
        writer.append(octets: Array("LAB".utf8) + [UInt8](repeating: 0, count: 29))
      }
    }
  }
}

extension QMUXFrame {
  /// A successful answer whose one TLV is a text without a count.
  func text(_ tag: TLV.Tag, _ text: String) -> QMUXFrame {
    answer { $0.append(tag, text.utf8.prefix(512)) }
  }
}
