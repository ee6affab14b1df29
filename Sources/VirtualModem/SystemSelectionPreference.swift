import QMI

/// NAS system selection preference: what the host asked the modem to look for. It has no effect on the laboratory's one cell.
struct SystemSelectionPreference: Sendable {
  /// GSM, UMTS and LTE.
  static let allModes: UInt16 = 1 << 2 | 1 << 3 | 1 << 4

  var modes = allModes
  var bands = RadioConditions.bands
  var lteBands = RadioConditions.lteBands
  /// 0xFF: any.
  var roaming: UInt16 = 0xFF
  /// 2: circuit and packet switched.
  var serviceDomain: UInt32 = 2
  /// Radio interfaces, the most wanted first.
  var acquisitionOrder: [UInt8] = [8, 5, 4]
  /// 1: voice centric.
  var usage: UInt32 = 1
  /// 3: packet switched preferred.
  var voiceDomain: UInt32 = 3
  /// Set while the network is chosen by hand.
  var manualNetwork: ManualNetwork?

  struct ManualNetwork: Sendable {
    var mcc: UInt16
    var mnc: UInt16
    var hasThreeDigitMNC: Bool
  }

  /// Takes over the TLVs of Set System Selection Preference (0x0033).
  mutating func apply(_ request: QMUXFrame) throws(QMIDecodingError) {
    var changed = self
    if var reader = request.reader(of: 0x11) { changed.modes = try reader.readUInt16() }
    if var reader = request.reader(of: 0x12) { changed.bands = try reader.readUInt64() }
    if var reader = request.reader(of: 0x14) { changed.roaming = try reader.readUInt16() }
    if var reader = request.reader(of: 0x15) { changed.lteBands = try reader.readUInt64() }
    if var reader = request.reader(of: 0x16) {
      let mode = try reader.readUInt8()
      let mcc = try reader.readUInt16()
      let mnc = try reader.readUInt16()
      let threeDigits = try request.flag(0x1A) ?? false
      changed.manualNetwork = mode == 1 ? ManualNetwork(mcc: mcc, mnc: mnc, hasThreeDigitMNC: threeDigits) : nil
    }
    if var reader = request.reader(of: 0x18) { changed.serviceDomain = try reader.readUInt32() }
    if var reader = request.reader(of: 0x1E) { changed.acquisitionOrder = Array(try reader.readOctetsWithUInt8Count()) }
    if var reader = request.reader(of: 0x21) { changed.usage = try reader.readUInt32() }
    if var reader = request.reader(of: 0x23) { changed.voiceDomain = try reader.readUInt32() }
    self = changed
  }

  /// Writes the TLVs of Get System Selection Preference (0x0034).
  func encode(to builder: inout QMIMessageBuilder) {
    builder.append(0x10) { $0.append(false) }
    builder.append(0x11) { $0.append(modes) }
    builder.append(0x12) { $0.append(bands) }
    builder.append(0x14) { $0.append(roaming) }
    builder.append(0x15) { $0.append(lteBands) }
    builder.append(0x16) { $0.append(manualNetwork != nil) }
    builder.append(0x18) { $0.append(serviceDomain) }
    builder.append(0x19) { $0.append(UInt32(0)) }
    if let manualNetwork {
      builder.append(0x1B) { writer in
        writer.append(manualNetwork.mcc)
        writer.append(manualNetwork.mnc)
        writer.append(manualNetwork.hasThreeDigitMNC)
      }
    }
    builder.append(0x1C) { $0.appendWithUInt8Count(acquisitionOrder) }
    builder.append(0x1F) { $0.append(usage) }
    builder.append(0x20) { $0.append(voiceDomain) }
  }
}
