internal import Telephony

/// What the person dialled, as far as an address tells: digits with a leading `+` when the address says
/// international. Nil for an alphanumeric address and for one with other symbols than digits.
func dialledDigits(of address: SMSAddress) -> String? {
  guard let dialled = address.dialString, !dialled.isEmpty else { return nil }
  let digits = dialled.hasPrefix("+") ? dialled.dropFirst() : dialled[...]
  guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
  return dialled
}
