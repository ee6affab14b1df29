public import Telephony

/// One line of the decision log: what was decided about one message, and what came of it.
///
/// Never holds message text, keys, tokens, IMSI, ICCID or IMEI.
public struct DecisionRecord: Sendable, Equatable {
  /// How the log writes numbers.
  public enum NumberStyle: String, Sendable {
    /// The last two digits only.
    case masked
    case clear
  }

  public var time: WallTime
  /// Unique among this device's messages.
  public var id: String
  /// The QMI device the message went through, by its path.
  public var modem: String
  public var direction: Direction
  /// The other party, as dialled or as it came; nil when it could not be read.
  public var number: String?
  /// Parts of the concatenated message; 1 for a single one.
  public var parts: Int
  public var route: Route
  /// Nil on an incoming carrier message, about which nothing was decided.
  public var reason: Reason?
  public var outcome: Outcome
  /// Whether the message was given to the relay, whatever the route in the end.
  public var attemptedIP: Bool
  /// From the attempt by IP to its end.
  public var ipTime: Duration?
  /// From the client's request to its answer.
  public var totalTime: Duration?
  /// The modem's or the relay's error, when there was one.
  public var cause: String?

  public init(
    time: WallTime, id: String, modem: String, direction: Direction, number: String?, parts: Int, route: Route,
    reason: Reason?, outcome: Outcome, attemptedIP: Bool = false, ipTime: Duration? = nil, totalTime: Duration? = nil,
    cause: String? = nil
  ) {
    self.time = time
    self.id = id
    self.modem = modem
    self.direction = direction
    self.number = number
    self.parts = parts
    self.route = route
    self.reason = reason
    self.outcome = outcome
    self.attemptedIP = attemptedIP
    self.ipTime = ipTime
    self.totalTime = totalTime
    self.cause = cause
  }

  /// The record as a line of JSON, without the line end.
  public func jsonLine(numbers: NumberStyle) -> String {
    var object = JSONObject()
    for (key, value) in fields(numbers: numbers) {
      switch value {
      case .text(let text): object.add(key, text)
      case .number(let number): object.add(key, number)
      case .flag(let flag): object.add(key, flag)
      }
    }
    return object.line
  }

  /// A field's value in the log.
  public enum FieldValue: Sendable, Equatable {
    case text(String?)
    case number(Int64?)
    case flag(Bool)
  }

  /// The record's fields in the log's order.
  public func fields(numbers: NumberStyle) -> [(key: String, value: FieldValue)] {
    [
      ("time", .text(time.rfc3339)),
      ("id", .text(id)),
      ("modem", .text(modem)),
      ("direction", .text(direction.rawValue)),
      ("number", .text(number.map { numbers == .clear ? $0 : PhoneNumber.masked($0) })),
      ("parts", .number(Int64(parts))),
      ("route", .text(route.rawValue)),
      ("reason", .text(reason?.rawValue)),
      ("outcome", .text(outcome.rawValue)),
      ("attempted_ip", .flag(attemptedIP)),
      ("ip_ms", .number(ipTime.map(Self.milliseconds))),
      ("total_ms", .number(totalTime.map(Self.milliseconds))),
      ("cause", .text(cause)),
    ]
  }

  private static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}
