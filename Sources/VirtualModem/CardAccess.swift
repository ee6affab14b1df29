import QMI
import Telephony

/// UIM: the SIM card. Layouts as in libqmi's `qmi-service-uim.json`.
extension VirtualModem {
  mutating func answerCard(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    switch request.messageID {
    case 0x0000:  // Reset
      clients[.uim]?[request.clientID] = Client()
      return request.response(.success)
    case 0x0020: return try readTransparent(request)
    case 0x0021: return try readRecord(request)
    case 0x0024: return try fileAttributes(request)
    case 0x002A, 0x002C, 0x0044:  // Refresh Register, Refresh Complete, Refresh Register All: the card never refreshes
      return request.response(.success)

    case 0x002E:  // Register Events
      var reader = try request.requiredReader(of: 0x01)
      // Card status, extended card status, physical slot status.
      let events = try reader.readUInt32() & 0x15
      clients[.uim]?[request.clientID]?.cardEvents = events
      return request.answer { builder in builder.append(0x10) { $0.append(events) } }

    case 0x002F: return cardStatus(request)

    case 0x003A:  // Get Configuration: automatic selection, no personalization
      return request.answer { builder in
        builder.append(0x10) { $0.append(true) }
        builder.append(0x11) { writer in
          writer.append(UInt8(5))
          for feature in 0..<5 as Range<UInt8> { writer.append(octets: [feature, 10, 10]) }
        }
        builder.append(0x12) { $0.append(false) }
      }

    case 0x0047: return slotStatus(request)
    default: return request.response(.invalidQMICommand)
    }
  }

  // MARK: - Files

  /// The file that TLV 0x02 names, or the answer that there is none.
  private enum Selection {
    case file(VirtualCard.File)
    case answer(QMUXFrame)
  }

  private func select(_ request: QMUXFrame) throws(QMIDecodingError) -> Selection {
    var session = try request.requiredReader(of: 0x01)
    _ = try session.readUInt8()
    _ = try session.readOctetsWithUInt8Count()
    var reader = try request.requiredReader(of: 0x02)
    let identifier = try reader.readUInt16()
    let path = try reader.readOctetsWithUInt8Count()
    guard let file = card.file(identifier, path: path) else {
      return .answer(failure(request, .simFileNotFound, status: [0x6A, 0x82]))
    }
    return .file(file)
  }

  /// A failure together with the card's status words.
  private func failure(_ request: QMUXFrame, _ error: QMIError, status: [UInt8]) -> QMUXFrame {
    var builder = QMIMessageBuilder(respondingTo: request, result: .failure(error))
    builder.append(0x10, status)
    return builder.finish()
  }

  private func readTransparent(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    switch try select(request) {
    case .answer(let answer): return answer
    case .file(let file):
      guard case .transparent(let octets) = file.content else {
        return failure(request, .extendedInternal, status: [0x69, 0x81])  // not with this file structure
      }
      var reader = try request.requiredReader(of: 0x03)
      let offset = Int(try reader.readUInt16())
      let count = Int(try reader.readUInt16())
      guard offset <= octets.count else { return failure(request, .extendedInternal, status: [0x6B, 0x00]) }
      // A count of zero means all.
      let part = octets.dropFirst(offset).prefix(count == 0 ? octets.count : count)
      return request.answer { builder in
        builder.append(0x10, [0x90, 0x00])
        builder.append(0x11) { $0.appendWithUInt16Count(part) }
      }
    }
  }

  private func readRecord(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    switch try select(request) {
    case .answer(let answer): return answer
    case .file(let file):
      guard case .records(let records) = file.content else {
        return failure(request, .extendedInternal, status: [0x69, 0x81])
      }
      var reader = try request.requiredReader(of: 0x03)
      let number = Int(try reader.readUInt16())
      let count = Int(try reader.readUInt16())
      guard number >= 1, number <= records.count else {
        return failure(request, .extendedInternal, status: [0x6A, 0x83])  // no such record
      }
      let record = records[number - 1]
      return request.answer { builder in
        builder.append(0x10, [0x90, 0x00])
        builder.append(0x11) { $0.appendWithUInt16Count(count == 0 ? record : Array(record.prefix(count))) }
      }
    }
  }

  private func fileAttributes(_ request: QMUXFrame) throws(QMIDecodingError) -> QMUXFrame {
    switch try select(request) {
    case .answer(let answer): return answer
    case .file(let file):
      let isTransparent = file.recordCount == 0
      return request.answer { builder in
        builder.append(0x10, [0x90, 0x00])
        builder.append(0x11) { writer in
          writer.append(UInt16(clamping: file.octetCount))
          writer.append(file.identifier)
          writer.append(UInt8(isTransparent ? 0 : 2))
          writer.append(UInt16(clamping: file.recordOctetCount))
          writer.append(UInt16(clamping: file.recordCount))
          // Read with PIN 1, everything else by the issuer only.
          for condition: (UInt8, UInt16) in [(4, 1), (4, 8), (4, 8), (4, 8), (4, 8)] {
            writer.append(condition.0)
            writer.append(condition.1)
          }
          writer.appendWithUInt16Count(file.controlParameters)
        }
      }
    }
  }

  // MARK: - Card and slot

  private func cardStatus(_ request: QMUXFrame) -> QMUXFrame {
    request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt16(0))  // the provisioning session is of slot 0, application 0
        for _ in 0..<3 { writer.append(UInt16(0xFFFF)) }
        writer.append(UInt8(1))  // one card
        writer.append(octets: [1, 0, 0, 0, 0])  // present; no universal PIN; no error
        writer.append(UInt8(1))  // one application
        writer.append(octets: [2, 7])  // USIM, ready
        writer.append(octets: [2, 0, 0, 0])  // personalization: ready
        writer.appendWithUInt8Count(VirtualCard.applicationIdentifier)
        writer.append(UInt8(0))
        writer.append(octets: [3, 3, 10])  // PIN 1 disabled
        writer.append(octets: [1, 3, 10])  // PIN 2 enabled, not verified
      }
    }
  }

  private func slotStatus(_ request: QMUXFrame) -> QMUXFrame {
    request.answer { builder in
      builder.append(0x10) { writer in
        writer.append(UInt8(1))
        writer.append(UInt32(2))  // card present
        writer.append(UInt32(1))  // slot active
        writer.append(UInt8(1))  // logical slot
        writer.appendWithUInt8Count(configuration.identity.iccid.elementaryFile)
      }
      builder.append(0x11) { writer in
        writer.append(UInt8(1))
        writer.append(UInt32(2))  // UICC
        writer.append(UInt8(1))  // applications
        writer.appendWithUInt8Count(VirtualCard.answerToReset)
        writer.append(false)  // no eUICC
      }
      builder.append(0x12, [1, 0])
    }
  }
}
