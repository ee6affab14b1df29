/// A 7-bit alphabet of 3GPP TS 23.038: a main table and, behind the escape 0x1B, a second one; both may be replaced by a national
/// language's.
public struct GSMAlphabet: Hashable, Sendable {
  /// Replaces the default alphabet. Nil, or a language without such a table: the default alphabet.
  public let lockingShift: NationalLanguage?
  /// Replaces the default extension table. Nil: the default one.
  public let singleShift: NationalLanguage?

  /// An alphabet with the tables of the languages given.
  public init(lockingShift: NationalLanguage? = nil, singleShift: NationalLanguage? = nil) {
    self.lockingShift = lockingShift.flatMap { $0.hasLockingShift ? $0 : nil }
    self.singleShift = singleShift
  }

  /// Default alphabet and default extension table.
  public static let standard = GSMAlphabet()

  /// The alphabet a user data header asks for.
  public init(_ header: UserDataHeader?) {
    self.init(lockingShift: header?.lockingShift, singleShift: header?.singleShift)
  }

  /// The code that announces a character of the second table.
  public static let escape: UInt8 = 0x1B

  /// Reads characters, one an element (the high bit is ignored).
  ///
  /// As §6.2.1.1 asks: behind an escape a code that the second table lacks is read by the main table, and an escape followed by
  /// another or by nothing is a space. A code that the main table lacks becomes U+FFFD.
  public func decode(_ septets: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    var isEscaped = false
    for septet in septets {
      let code = septet & 0x7F
      if code == Self.escape {
        if isEscaped { text.append(" ") }
        isEscaped.toggle()
      } else {
        text.append((isEscaped ? GSMTables.scalar(code, singleShift: singleShift) : nil) ?? mainScalar(code))
        isEscaped = false
      }
    }
    if isEscaped { text.append(" ") }
    return String(text)
  }

  private func mainScalar(_ code: UInt8) -> Unicode.Scalar {
    GSMTables.scalar(code, lockingShift: lockingShift) ?? "\u{FFFD}"
  }

  /// The septets of one character, two when it needs the escape; nil when neither table has it.
  public func septets(of scalar: Unicode.Scalar) -> [UInt8]? {
    if let code = GSMTables.code(of: scalar, lockingShift: lockingShift) { return [code] }
    if let code = GSMTables.code(of: scalar, singleShift: singleShift) { return [Self.escape, code] }
    return nil
  }

  /// The septets of a text, or nil when the alphabet lacks one of its characters.
  public func encode(_ text: String) -> [UInt8]? {
    var septets: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let codes = self.septets(of: scalar) else { return nil }
      septets += codes
    }
    return septets
  }

  /// The header elements that announce this alphabet; none for ``standard``.
  public var elements: [InformationElement] {
    var elements: [InformationElement] = []
    if let singleShift {
      elements.append(InformationElement(.nationalLanguageSingleShift, shortData: [singleShift.rawValue]))
    }
    if let lockingShift {
      elements.append(InformationElement(.nationalLanguageLockingShift, shortData: [lockingShift.rawValue]))
    }
    return elements
  }
}
