/// Look-up in the tables of 3GPP TS 23.038, both ways.
enum GSMTables {
  /// The character of a code 0…127 in the main table; nil for the escape and for codes without one.
  static func scalar(_ code: UInt8, lockingShift: NationalLanguage?) -> Unicode.Scalar? {
    scalar(code, main(lockingShift))
  }

  /// The character of a code 0…127 behind the escape; nil where there is none.
  static func scalar(_ code: UInt8, singleShift: NationalLanguage?) -> Unicode.Scalar? {
    scalar(code, shift(singleShift))
  }

  /// The code of a character in the main table.
  static func code(of scalar: Unicode.Scalar, lockingShift: NationalLanguage?) -> UInt8? {
    code(of: scalar, main(lockingShift))
  }

  /// The code of a character behind the escape.
  static func code(of scalar: Unicode.Scalar, singleShift: NationalLanguage?) -> UInt8? {
    code(of: scalar, shift(singleShift))
  }

  private static func scalar(_ code: UInt8, _ table: [UInt16]) -> Unicode.Scalar? {
    let value = table[Int(code & 0x7F)]
    return value == 0 ? nil : Unicode.Scalar(value)
  }

  private static func code(of scalar: Unicode.Scalar, _ table: [UInt16]) -> UInt8? {
    guard let value = UInt16(exactly: scalar.value), value != 0 else { return nil }
    // Latin letters, digits and most punctuation stand at their ASCII code in every main table.
    if value < 0x80, table[Int(value)] == value { return UInt8(value) }
    return table.firstIndex(of: value).map { UInt8($0) }
  }

  private static func main(_ language: NationalLanguage?) -> [UInt16] {
    switch language {
    case nil, .spanish: GSMMainTables.standard
    case .turkish: GSMMainTables.turkish
    case .portuguese: GSMMainTables.portuguese
    case .bengali: GSMMainTables.bengali
    case .gujarati: GSMMainTables.gujarati
    case .hindi: GSMMainTables.hindi
    case .kannada: GSMMainTables.kannada
    case .malayalam: GSMMainTables.malayalam
    case .oriya: GSMMainTables.oriya
    case .punjabi: GSMMainTables.punjabi
    case .tamil: GSMMainTables.tamil
    case .telugu: GSMMainTables.telugu
    case .urdu: GSMMainTables.urdu
    }
  }

  private static func shift(_ language: NationalLanguage?) -> [UInt16] {
    switch language {
    case nil: GSMShiftTables.standard
    case .turkish: GSMShiftTables.turkish
    case .spanish: GSMShiftTables.spanish
    case .portuguese: GSMShiftTables.portuguese
    case .bengali: GSMShiftTables.bengali
    case .gujarati: GSMShiftTables.gujarati
    case .hindi: GSMShiftTables.hindi
    case .kannada: GSMShiftTables.kannada
    case .malayalam: GSMShiftTables.malayalam
    case .oriya: GSMShiftTables.oriya
    case .punjabi: GSMShiftTables.punjabi
    case .tamil: GSMShiftTables.tamil
    case .telugu: GSMShiftTables.telugu
    case .urdu: GSMShiftTables.urdu
    }
  }
}
