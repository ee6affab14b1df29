enum GSMTables {
  static func scalar(_ code: UInt8, lockingShift: NationalLanguage?) -> Unicode.Scalar? { nil }
  static func scalar(_ code: UInt8, singleShift: NationalLanguage?) -> Unicode.Scalar? { nil }
  static func code(of scalar: Unicode.Scalar, lockingShift: NationalLanguage?) -> UInt8? { nil }
  static func code(of scalar: Unicode.Scalar, singleShift: NationalLanguage?) -> UInt8? { nil }
}
