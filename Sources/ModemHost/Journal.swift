internal import CModem

/// Log records with fields: to the journal when systemd reads standard error, else plain lines there.
public struct Journal: Sendable {
  public enum Level: Int, Comparable, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7

    /// Less means less severe.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue > right.rawValue }
  }

  /// The program's name, as `SYSLOG_IDENTIFIER`.
  public var identifier: String
  /// Records less severe than this are dropped.
  public var threshold: Level

  public init(identifier: String, threshold: Level = .info) {
    self.identifier = identifier
    self.threshold = threshold
  }

  /// Writes one record. Field names are upper-case letters, digits and `_`, not beginning with `_`; the caller sees
  /// to it that no field holds message text, keys, IMSI, IMEI or tokens.
  public func log(_ level: Level, _ message: String, fields: KeyValuePairs<String, String> = [:]) {
    log(level, message, fields: fields.map { ($0.key, $0.value) })
  }

  /// The same for fields that are put together at run time.
  public func log(_ level: Level, _ message: String, fields: [(String, String)]) {
    guard level >= threshold else { return }
    withCStrings(fields.map(\.0)) { keys in
      withCStrings(fields.map(\.1)) { values in
        cm_journal_write(CmJournalLevel(UInt32(level.rawValue)), identifier, message, keys, values, fields.count)
      }
    }
  }
}
