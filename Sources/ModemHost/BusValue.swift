/// A value in a dictionary that goes over D-Bus: signature `s`, `b`, `x`, `d` or `as`.
public enum BusValue: Equatable, Sendable {
  case string(String)
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case strings([String])
}

extension BusValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .double(value) }
  public init(arrayLiteral elements: String...) { self = .strings(elements) }
}

extension BusValue {
  /// The string, when it is one; the same for the other accessors.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
  public var double: Double? { if case .double(let value) = self { value } else { nil } }
  public var strings: [String]? { if case .strings(let value) = self { value } else { nil } }
}

/// A dictionary that goes over D-Bus: signature `a{sv}`.
public typealias BusRow = [String: BusValue]
