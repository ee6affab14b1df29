/// The operator a SIM belongs to: mobile country code and mobile network code (ITU-T E.212).
public struct HomeNetwork: Hashable, Sendable {
  /// Three digits.
  public let mcc: String
  /// Two or three digits; `07` and `007` are different networks.
  public let mnc: String

  /// Takes three and two or three decimal digits.
  public init(mcc: String, mnc: String) throws(SubscriberIdentityError) {
    guard mcc.utf8.allSatisfy(\.isASCIIDigit), mnc.utf8.allSatisfy(\.isASCIIDigit) else { throw .notADigit }
    guard mcc.utf8.count == 3 else { throw .digitCount(mcc.utf8.count) }
    guard (2...3).contains(mnc.utf8.count) else { throw .digitCount(mnc.utf8.count) }
    self.mcc = mcc
    self.mnc = mnc
  }

  /// The country as an ISO 3166 alpha-2 code, or nil for codes no country holds.
  public var region: String? { MobileCountryCode.region(of: mcc) }
}
