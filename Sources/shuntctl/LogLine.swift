/// A record of the decision log for a person to read.
///
/// The daemon writes each record as one flat JSON object of strings, numbers, booleans and null; reading that back
/// needs no more than this.
enum LogLine {
  static func summary(ofJSON line: String) -> String {
    guard let fields = fields(ofJSON: line), let time = fields["time"] else { return line }
    let isOutgoing = fields["direction"] != "in"
    var words = [
      time, isOutgoing ? "to" : "from", fields["number"] ?? "unreadable number",
      fields["route"] == "ip" ? "IP" : "carrier",
    ]
    words.append(fields["outcome"] ?? "")
    if let reason = fields["reason"] { words.append("(\(reason))") }
    if let parts = fields["parts"], parts != "1" { words.append("\(parts) parts") }
    if let milliseconds = fields["total_ms"] { words.append("\(milliseconds) ms") }
    if let cause = fields["cause"] { words.append("– \(cause)") }
    return words.joined(separator: " ")
  }

  /// The object's values as text, without those that are null; nil when the line is anything else.
  static func fields(ofJSON line: String) -> [String: String]? {
    var rest = Substring(line)
    guard take("{", from: &rest) else { return nil }
    var fields: [String: String] = [:]
    while true {
      guard let key = string(from: &rest), take(":", from: &rest) else { return nil }
      if rest.first == "\"" {
        guard let value = string(from: &rest) else { return nil }
        fields[key] = value
      } else {
        let value = rest.prefix { $0 != "," && $0 != "}" }
        rest = rest.dropFirst(value.count)
        if value != "null" { fields[key] = String(value) }
      }
      if take("}", from: &rest) { return fields }
      guard take(",", from: &rest) else { return nil }
    }
  }

  private static func take(_ character: Character, from rest: inout Substring) -> Bool {
    guard rest.first == character else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func string(from rest: inout Substring) -> String? {
    guard take("\"", from: &rest) else { return nil }
    var text = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return text
      case "\\":
        guard let escaped = rest.popFirst() else { return nil }
        switch escaped {
        case "n": text += "\n"
        case "r": text += "\r"
        case "t": text += "\t"
        case "u":
          let hex = rest.prefix(4)
          guard hex.count == 4, let value = UInt32(hex, radix: 16), let scalar = Unicode.Scalar(value) else {
            return nil
          }
          rest = rest.dropFirst(4)
          text.unicodeScalars.append(scalar)
        default: text.append(escaped)
        }
      default: text.append(character)
      }
    }
    return nil
  }
}
