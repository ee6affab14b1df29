/// Makes the short messages that carry a text.
public enum MessageComposer {
  /// How to send a text.
  public struct Options: Hashable, Sendable {
    /// Whether parts get a 16-bit reference; the 8-bit one leaves more room.
    public var usesWideReference = false
    /// Asked for on the last part only, so that one message brings one report.
    public var requestsStatusReport = false
    /// How long the service centre keeps trying; nil leaves it to the service centre.
    public var validityPeriod: ValidityPeriod?
    /// Languages whose shift tables the recipient is known to have; tried before UCS-2 for what the default alphabet lacks.
    public var nationalLanguages: [NationalLanguage] = []

    /// 8-bit reference, no report, no validity period, no national languages.
    public init() {}
  }

  /// Why a text cannot be sent.
  public enum Failure: Error, Equatable, Sendable {
    /// It would need more than ``maximumPartCount`` parts.
    case tooLong
  }

  /// The most parts one message has: the part number is an octet.
  public static let maximumPartCount = 255

  /// The submits for a text, in order: one without concatenation, or 2…255 concatenated ones. 7-bit when the default alphabet has
  /// every character; otherwise what needs the fewest parts of UCS-2 and the alphabets of ``Options/nationalLanguages``. Neither an
  /// escaped character nor a surrogate pair is ever cut in two.
  /// - Parameter reference: of a concatenated message; only the low octet is used unless `usesWideReference`.
  public static func submits(
    text: String, to destination: SMSAddress, reference: UInt16, options: Options = Options()
  ) throws(Failure) -> [SMSSubmit] {
    let parts = try parts(text: text, reference: reference, options: options)
    do {
      var submits: [SMSSubmit] = []
      for (index, userData) in parts.userData.enumerated() {
        submits.append(
          try SMSSubmit(
            destinationAddress: destination, dataCodingScheme: parts.scheme, validityPeriod: options.validityPeriod,
            requestsStatusReport: options.requestsStatusReport && index == parts.userData.count - 1, userData: userData))
      }
      return submits
    } catch {
      throw .tooLong
    }
  }

  private static func parts(
    text: String, reference: UInt16, options: Options
  ) throws(Failure) -> (scheme: DataCodingScheme, userData: [UserData]) {
    func userData(_ atoms: MessageAtoms, _ alphabet: GSMAlphabet = .standard) -> [UserData]? {
      atoms.userData(elements: alphabet.elements, reference: reference, isWide: options.usesWideReference)
    }
    if let atoms = MessageAtoms(text, in: .standard) {
      guard let parts = userData(atoms) else { throw .tooLong }
      return (.gsm7, parts)
    }
    var best = userData(MessageAtoms(ucs2: text)).map { (scheme: DataCodingScheme.ucs2, userData: $0) }
    for alphabet in options.nationalLanguages.flatMap(alphabets) {
      guard let atoms = MessageAtoms(text, in: alphabet), let parts = userData(atoms, alphabet) else { continue }
      // At the same number of parts the 7-bit form leaves more room unused, so it goes before UCS-2, and the shortest first.
      let isShorter =
        switch best {
        case nil: true
        case let known? where known.userData.count != parts.count: parts.count < known.userData.count
        case let known?: known.scheme == .ucs2 || parts.octetCount < known.userData.octetCount
        }
      if isShorter { best = (.gsm7, parts) }
    }
    guard let best else { throw .tooLong }
    return best
  }

  private static func alphabets(_ language: NationalLanguage) -> [GSMAlphabet] {
    let single = GSMAlphabet(singleShift: language)
    guard language.hasLockingShift else { return [single] }
    return [single, GSMAlphabet(lockingShift: language), GSMAlphabet(lockingShift: language, singleShift: language)]
  }
}

extension [UserData] {
  fileprivate var octetCount: Int { reduce(0) { $0 + $1.octets.count } }
}
