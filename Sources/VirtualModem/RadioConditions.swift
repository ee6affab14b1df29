/// The radio side of a virtual modem: one LTE cell with good reception, always the same.
enum RadioConditions {
  /// DMS radio interfaces: GSM, UMTS, LTE.
  static let deviceInterfaces: [UInt8] = [4, 5, 8]
  /// NAS radio interface: LTE.
  static let lte: UInt8 = 8
  /// GSM DCS 1800, extended and primary GSM 900, WCDMA 2100 and 900; DMS and NAS number them alike.
  static let bands: UInt64 = 1 << 7 | 1 << 8 | 1 << 9 | 1 << 22 | 1 << 49
  static let lteBandNumbers: [UInt16] = [1, 3, 5, 7, 8, 20, 28, 38, 40, 41]
  /// Bit n−1 for band n.
  static var lteBands: UInt64 { lteBandNumbers.reduce(0) { $0 | 1 << UInt64($1 - 1) } }

  /// dBm.
  static let rssi: Int8 = -63
  /// dB.
  static let rsrq: Int8 = -9
  /// dBm.
  static let rsrp: Int16 = -92
  /// Tenths of a dB.
  static let snr: Int16 = 174

  static let trackingAreaCode: UInt16 = 0x1A2B
  static let cellID: UInt32 = 0x01A2B301
  static let physicalCellID: UInt16 = 121
  /// EARFCN 1300, in band 3.
  static let channel: UInt16 = 1300
  /// NAS active band: E-UTRAN 3.
  static let activeBand: UInt16 = 122
  /// NAS bandwidth: 20 MHz.
  static let bandwidth: UInt32 = 5
}
