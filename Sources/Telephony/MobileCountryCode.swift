/// Mobile country codes of ITU-T E.212.
public enum MobileCountryCode {
  /// The ISO 3166 alpha-2 code of the country that holds a code, or nil.
  public static func region(of mcc: String) -> String? { fatalError() }
}
