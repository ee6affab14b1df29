/// Why a text is not an IMSI, ICCID, IMEI or network code.
public enum SubscriberIdentityError: Error, Equatable, Sendable {
  /// A character that the identity cannot contain.
  case notADigit
  /// Too few or too many digits; the count found.
  case digitCount(Int)
}
