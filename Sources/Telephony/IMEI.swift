/// International mobile equipment identity (3GPP TS 23.003 §6.2): 14 digits without check digit, 15 with it, 16 with a
/// software version instead.
///
/// Personal data: it redacts itself in `description`, `debugDescription` and reflection.
public struct IMEI: Hashable, Sendable {
  /// All digits.
  public let digits: String

  /// Takes 14…16 decimal digits.
  public init(digits: String) throws(SubscriberIdentityError) {
    let octets = digits.utf8
    guard octets.allSatisfy(\.isASCIIDigit) else { throw .notADigit }
    guard (14...16).contains(octets.count) else { throw .digitCount(octets.count) }
    self.digits = digits
  }

  /// Whether the fifteenth digit is the Luhn check digit of the others. Modems with made-up identities exist, so
  /// this is not asked for by `init`.
  public var hasValidCheckDigit: Bool {
    let values = digits.utf8.map { Int($0 &- 0x30) }
    guard values.count == 15 else { return false }
    var sum = 0
    for (index, value) in values.enumerated() {
      let doubled = index.isMultiple(of: 2) ? value : value * 2
      sum += doubled > 9 ? doubled - 9 : doubled
    }
    return sum.isMultiple(of: 10)
  }
}

extension IMEI: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "IMEI (\(digits.count) digits)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
