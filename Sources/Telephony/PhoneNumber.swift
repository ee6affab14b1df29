/// A subscriber number in the international form of ITU-T E.164: `+`, then 7 to 15 digits of which the first is not zero.
///
/// Personal data: `description`, `debugDescription` and reflection show the last two digits only.
/// Use ``e164`` where the whole number is meant.
public struct PhoneNumber: Hashable, Sendable {
  /// The number as `+` and digits, nothing else.
  public let e164: String

  /// How many digits a number may have, the `+` not counted. E.164 sets the upper bound; the lower one keeps
  /// short codes, which have no international form, out of this type.
  public static let digitCounts = 7...15

  /// Takes exactly `+` and 7…15 digits: no spaces, no separators, no national form.
  public init(e164: String) throws(PhoneNumberError) {
    let octets = Array(e164.utf8)
    guard octets.first == UInt8(ascii: "+") else { throw .missingPlus }
    let digits = octets.dropFirst()
    guard digits.allSatisfy(\.isASCIIDigit) else { throw .notADigit }
    guard Self.digitCounts.contains(digits.count) else { throw .digitCount(digits.count) }
    guard digits.first != UInt8(ascii: "0") else { throw .leadingZero }
    self.e164 = e164
  }

  /// The digits without the `+`.
  public var digits: String { String(e164.dropFirst()) }

  /// What logs show: an ellipsis and the last two digits, such as `…07`.
  public var masked: String { Self.masked(e164) }

  /// Masks any dialled string the same way. Of one or two characters nothing is shown.
  public static func masked(_ dialled: String) -> String {
    dialled.count > 2 ? "…" + dialled.suffix(2) : "…"
  }
}

/// Why a text is not an international phone number.
public enum PhoneNumberError: Error, Equatable, Sendable {
  /// The text does not start with `+`.
  case missingPlus
  /// Something other than `0`…`9` follows the `+`.
  case notADigit
  /// Fewer than 7 or more than 15 digits; the count found.
  case digitCount(Int)
  /// No country code starts with zero.
  case leadingZero
}

extension PhoneNumber: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { masked }
  public var debugDescription: String { masked }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension UInt8 {
  /// Whether this is one of the characters `0`…`9`.
  var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }
}
