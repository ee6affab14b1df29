internal import Glibc
internal import ModemHost
internal import Routing

/// Standard output and error, and whether a person is looking.
enum Output {
  static let isTerminal = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil

  static func line(_ text: String) {
    write(text + "\n", to: STDOUT_FILENO)
  }

  static func error(_ text: String) {
    write("shuntctl: " + text + "\n", to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      // A reader that went away (`shuntctl log | head`) is no error worth a word.
      guard count > 0 else { exit(0) }
      rest = rest.dropFirst(count)
    }
  }

  /// A row as one line of JSON, keys in the order of `columns`, others after them by name.
  static func json(_ row: BusRow, columns: [String]) -> String {
    var object = JSONObject()
    for key in columns.filter({ row[$0] != nil }) + row.keys.filter({ !columns.contains($0) }).sorted() {
      switch row[key] {
      case .string(let text)?: object.add(key, text)
      case .bool(let flag)?: object.add(key, flag)
      case .integer(let number)?: object.add(key, number)
      case .double(let number)?: object.add(key, Int64(number.rounded()))
      case .strings(let texts)?: object.add(key, texts.joined(separator: " "))
      case nil: break
      }
    }
    return object.line
  }

  /// A row for a person: one value a line, names aligned.
  static func table(_ row: BusRow, columns: [(key: String, title: String)]) -> String {
    let width = columns.map(\.title.count).max() ?? 0
    return columns.compactMap { column -> String? in
      guard let value = row[column.key] else { return nil }
      let text =
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "yes" : "no"
        case .integer(let number): String(number)
        case .double(let number): String(number)
        case .strings(let texts): texts.joined(separator: " ")
        }
      guard !text.isEmpty else { return nil }
      return column.title + String(repeating: " ", count: width - column.title.count + 2) + text
    }.joined(separator: "\n")
  }

  /// Blue and filled when the number can be reached by IP now, gray when not.
  static func dot(online: Bool) -> String {
    guard isTerminal else { return online ? "●" : "○" }
    return online ? "\u{1B}[34m●\u{1B}[0m" : "\u{1B}[90m●\u{1B}[0m"
  }
}
