/// What is wrong in a settings file, and where.
public struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
  public var path: String
  /// Counts from 1; nil when the file can't be read at all or lacks something.
  public var line: Int?
  public var group: String?
  public var key: String?
  /// What was found and what was expected.
  public var message: String

  public init(path: String, line: Int? = nil, group: String? = nil, key: String? = nil, message: String) {
    self.path = path
    self.line = line
    self.group = group
    self.key = key
    self.message = message
  }

  /// One line, as compilers write it: `/etc/shunt/shuntd.conf:4: [relay] port: …`.
  public var description: String {
    var text = path
    if let line { text += ":\(line)" }
    text += ": "
    if let group {
      text += "[\(group)] "
      if let key { text += "\(key): " }
    }
    return text + message
  }
}
