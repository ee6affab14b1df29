internal import CModem

/// A settings file in GKeyFile form: `[group]` lines, `key=value` lines, `#` comments.
///
/// It knows no key by itself: the caller lists groups and keys and refuses what it does not know, with
/// ``error(_:group:key:)`` to say where.
public final class SettingsFile {
  public let path: String
  private let handle: OpaquePointer

  /// Settings files are small; a larger one is a mistake.
  public static let maximumOctetCount = 1 << 20

  /// Reads and parses a file.
  public convenience init(path: String) throws(SettingsError) {
    var octets: UnsafeMutablePointer<UInt8>?
    var count = 0
    let result = cm_file_read_path(path, Self.maximumOctetCount, &octets, &count)
    guard result >= 0 else {
      throw SettingsError(path: path, message: "can't be read: \(SystemError(number: -result))")
    }
    defer { cm_file_octets_free(octets) }
    try self.init(octets: Array(UnsafeBufferPointer(start: octets, count: count)), path: path)
  }

  /// Parses text; `path` is for error messages.
  public convenience init(text: String, path: String) throws(SettingsError) {
    try self.init(octets: Array(text.utf8), path: path)
  }

  private init(octets: [UInt8], path: String) throws(SettingsError) {
    var error = CmSettingsError()
    let handle = octets.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { cm_settings_parse($0.baseAddress, $0.count, &error) }
    }
    guard let handle else { throw SettingsError(consuming: &error, path: path, group: nil, key: nil) }
    self.path = path
    self.handle = handle
  }

  deinit {
    cm_settings_free(handle)
  }

  /// Groups in file order.
  public var groups: [String] { takeNames(cm_settings_groups(handle)) }

  /// Keys of a group in file order; empty when there is no such group.
  public func keys(in group: String) -> [String] { takeNames(cm_settings_keys(handle, group)) }

  /// The line a key is on, or with no key the group's own.
  public func line(group: String, key: String? = nil) -> Int? {
    let line = cm_settings_line(handle, group, key)
    return line == 0 ? nil : Int(line)
  }

  /// An error about a group or key of this file, with its line.
  public func error(_ message: String, group: String, key: String? = nil) -> SettingsError {
    SettingsError(path: path, line: line(group: group, key: key), group: group, key: key, message: message)
  }

  /// The value with escapes resolved (`\s \n \t \r \\`), nil when the key is not there.
  public func string(group: String, key: String) throws(SettingsError) -> String? {
    var error = CmSettingsError()
    guard let value = cm_settings_string(handle, group, key, &error) else {
      guard error.message != nil else { return nil }
      throw SettingsError(consuming: &error, path: path, group: group, key: key)
    }
    defer { cm_settings_string_free(value) }
    return String(cString: value)
  }

  /// The values of a list separated by `;`, nil when the key is not there.
  public func strings(group: String, key: String) throws(SettingsError) -> [String]? {
    var error = CmSettingsError()
    guard let values = cm_settings_strings(handle, group, key, &error) else {
      guard error.message != nil else { return nil }
      throw SettingsError(consuming: &error, path: path, group: group, key: key)
    }
    return takeNames(values)
  }

  /// `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`.
  public func bool(group: String, key: String) throws(SettingsError) -> Bool? {
    guard let text = try string(group: group, key: key) else { return nil }
    switch text {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    default: throw error("'\(text)' is neither true nor false", group: group, key: key)
    }
  }

  /// A whole number within `range`.
  public func integer(group: String, key: String, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
    guard let text = try string(group: group, key: key) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw error(
        "'\(text)' is not a whole number from \(range.lowerBound) to \(range.upperBound)", group: group, key: key)
    }
    return value
  }

  /// A time in seconds within `range`: a number with up to three decimals, with `s` or `ms` or without a unit.
  public func duration(
    group: String, key: String, in range: ClosedRange<Duration>
  ) throws(SettingsError) -> Duration? {
    guard let text = try string(group: group, key: key) else { return nil }
    guard let value = Self.duration(text), range.contains(value) else {
      throw error(
        "'\(text)' is not a time from \(range.lowerBound) to \(range.upperBound), such as 6 or 2.5s or 800ms",
        group: group, key: key)
    }
    return value
  }

  /// One of a few words.
  public func choice(group: String, key: String, of words: [String]) throws(SettingsError) -> String? {
    guard let text = try string(group: group, key: key) else { return nil }
    guard words.contains(text) else {
      throw error("'\(text)' is not one of \(words.joined(separator: ", "))", group: group, key: key)
    }
    return text
  }

  private static func duration(_ text: String) -> Duration? {
    var digits = Substring(text)
    var milliseconds = false
    if digits.hasSuffix("ms") {
      digits = digits.dropLast(2)
      milliseconds = true
    } else if digits.hasSuffix("s") {
      digits = digits.dropLast()
    }
    while digits.last == " " { digits = digits.dropLast() }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard
      let first = parts.first, (1...9).contains(first.count), parts.count <= (milliseconds ? 1 : 2),
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }), let whole = Int64(first)
    else { return nil }
    guard parts.count == 2 else { return milliseconds ? .milliseconds(whole) : .seconds(whole) }
    let decimals = parts[1]
    guard decimals.count <= 3, let fraction = Int64(decimals + String(repeating: "0", count: 3 - decimals.count)) else {
      return nil
    }
    return .milliseconds(whole * 1000 + fraction)
  }

  private func takeNames(_ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
    guard let names else { return [] }
    defer { cm_settings_names_free(names) }
    var result: [String] = []
    var index = 0
    while let name = names[index] {
      result.append(String(cString: name))
      index += 1
    }
    return result
  }
}

extension SettingsError {
  /// Frees what the shim reported.
  fileprivate init(consuming error: inout CmSettingsError, path: String, group: String?, key: String?) {
    self.init(
      path: path, line: error.line == 0 ? nil : Int(error.line), group: group, key: key,
      message: error.message.map { String(cString: $0) } ?? "unknown error")
    cm_settings_error_clear(&error)
  }
}
