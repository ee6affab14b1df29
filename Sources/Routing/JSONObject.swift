/// One JSON object on one line, written in the order given. RFC 8259.
public struct JSONObject: Sendable, Equatable {
  private var text = "{"

  public init() {}

  public mutating func add(_ key: String, _ value: String?) {
    begin(key)
    guard let value else {
      text += "null"
      return
    }
    text += Self.quoted(value)
  }

  public mutating func add(_ key: String, _ value: Int64?) {
    begin(key)
    text += value.map { String($0) } ?? "null"
  }

  public mutating func add(_ key: String, _ value: Bool) {
    begin(key)
    text += value ? "true" : "false"
  }

  /// The object, without a line end.
  public var line: String { text + "}" }

  private mutating func begin(_ key: String) {
    if text.utf8.count > 1 { text += "," }
    text += Self.quoted(key) + ":"
  }

  /// `string` as a JSON string, with its quotes.
  public static func quoted(_ string: String) -> String {
    var out = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
