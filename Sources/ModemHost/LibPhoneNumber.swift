internal import CModem
public import Telephony

/// Dialled numbers by the rules of libphonenumber (issue: numbers; design section 6, rules 3 and 4).
///
/// *Possible* decides, not *valid*: the metadata lags behind numbering plans, and a number that is wrongly called
/// unroutable would never travel by IP. One thread at a time. A look-up takes about 50 µs; callers cache results.
public struct LibPhoneNumber: NumberClassifier {
  public init() {}

  public func classify(_ dialled: String, home: String?, serving: String?) -> DialledNumber {
    var text = [CChar](repeating: 0, count: Int(CM_NUMBER_SIZE))
    switch cm_number_classify(dialled, home, serving, &text) {
    case CM_NUMBER_EMERGENCY:
      return .emergency
    case CM_NUMBER_SHORT:
      return .short
    case CM_NUMBER_INTERNATIONAL:
      let e164 = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard let number = try? PhoneNumber(e164: e164) else { return .unroutable }
      return .international(number)
    default:
      return .unroutable
    }
  }
}
