/// What a person asks of the daemon, over D-Bus or from a test.
public enum HandsetRequest: Sendable, Equatable {
  /// Consent, and the number to register.
  case enable(number: String)
  /// The same, in the place of another number that is enabled.
  case enableInstead(number: String)
  /// The code of the verification SMS, when it was not caught on its way in.
  case confirm(code: String)
  case disable
  /// End whatever registration a number has, by proving the number.
  case deregister(number: String)
  case status
  case identity
  case lookUp(numbers: [String])
  case send(number: String, text: String)
  /// The pinned key of a contact, and the changed one.
  case fingerprint(number: String)
  /// A contact's changed key, by its fingerprint in hexadecimal, is their own.
  case trust(number: String, fingerprint: String)
}

/// Names one `HandsetRequest` until it is answered.
public struct HandsetCall: Hashable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A value in an answer.
public enum HandsetValue: Sendable, Equatable {
  case text(String)
  case flag(Bool)
  case number(Int64)
}

/// One named value of an answer; answers keep their order.
public struct HandsetField: Sendable, Equatable {
  public let key: String
  public let value: HandsetValue
  public init(_ key: String, _ value: HandsetValue) {
    self.key = key
    self.value = value
  }
  public init(_ key: String, _ text: String) { self.init(key, .text(text)) }
  public init(_ key: String, _ flag: Bool) { self.init(key, .flag(flag)) }
  public init(_ key: String, _ number: Int64) { self.init(key, .number(number)) }
}

/// An answer to a `HandsetRequest`.
public enum HandsetReply: Sendable, Equatable {
  case row([HandsetField])
  case rows([[HandsetField]])
  case error(HandsetError)
}

/// Why a request could not be met.
public struct HandsetError: Error, Sendable, Equatable {
  /// The last part of the D-Bus error's name, and what scripts tell errors apart by.
  public enum Name: String, Sendable {
    case badNumber = "BadNumber"
    case badCode = "BadCode"
    case noModem = "NoModem"
    case noSIM = "NoSIM"
    case noRelay = "NoRelay"
    case notEnabled = "NotEnabled"
    case otherEnabled = "OtherEnabled"
    case notAwaitingCode = "NotAwaitingCode"
    case notRegistered = "NotRegistered"
    case relayRefused = "RelayRefused"
    case relayUnreachable = "RelayUnreachable"
    case sendFailed = "SendFailed"
    case busy = "Busy"
    case storage = "Storage"
    case notPinned = "NotPinned"
    case notChanged = "NotChanged"
    case otherKey = "OtherKey"
  }
  public let name: Name
  /// For the person who asked; never names a number, code or key.
  public let message: String
  public init(_ name: Name, _ message: String) {
    self.name = name
    self.message = message
  }
}
