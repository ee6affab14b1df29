internal import Telephony

/// Numbers by simple rules: all whole numbers are subscribers' but 112.
struct NumberRules: NumberClassifier {
  func classify(_ dialled: String, home: String?, serving: String?) -> DialledNumber {
    if dialled == "112" { return .emergency }
    if dialled.hasPrefix("+") { return (try? PhoneNumber(e164: dialled)).map { .international($0) } ?? .unroutable }
    return dialled.utf8.count <= 6 ? .short : .unroutable
  }
}
