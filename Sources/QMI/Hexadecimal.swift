/// `value` as `0x` and at least `digits` hexadecimal digits, for descriptions.
func hexadecimal(_ value: some UnsignedInteger, digits: Int) -> String {
  let text = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
