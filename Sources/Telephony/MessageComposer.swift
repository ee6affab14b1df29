/// Makes the short messages that carry a text.
public enum MessageComposer {
  public struct Options: Hashable, Sendable {
    /// Whether parts get a 16-bit reference; the 8-bit one leaves more room.
    public var usesWideReference = false
    /// Asked for on the last part only, so that one message brings one report.
    public var requestsStatusReport = false
    public var validityPeriod: ValidityPeriod?
    /// Languages whose shift tables the recipient is known to have; tried in this order before UCS-2.
    public var nationalLanguages: [NationalLanguage] = []

    public init() {}
  }

  /// Why a text cannot be sent.
  public enum Failure: Error, Equatable, Sendable {
    /// It would need more than 255 parts.
    case tooLong
  }

  /// The submits for a text, in order: one without a header, or 2…255 concatenated ones. 7-bit when the alphabet has every
  /// character, otherwise UCS-2; neither an escaped character nor a surrogate pair is ever cut in two.
  /// - Parameter reference: of a concatenated message; only the low octet is used unless `usesWideReference`.
  public static func submits(
    text: String, to destination: SMSAddress, reference: UInt16, options: Options = Options()
  ) throws(Failure) -> [SMSSubmit] {
    fatalError()
  }
}
