/// The SMS with which the relay proves that a number is the subscriber's: exactly
/// `Shunt code: XXXXXXXX`, eight characters of `alphabet`.
public enum VerificationMessage {
  /// Capital letters and digits without those that are taken for one another.
  public static let alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
  public static let codeCharacterCount = 8
  static let prefix = "Shunt code: "

  /// The text that carries `code`.
  public static func text(code: String) -> String { prefix + code }

  /// The code in `text`, or nil when `text` is anything else than a verification message.
  public static func code(in text: String) -> String? {
    guard text.hasPrefix(prefix) else { return nil }
    return normalized(String(text.dropFirst(prefix.count)))
  }

  /// A code as a person may type it (lower case, blanks and dashes between groups), or nil when it can't be one.
  public static func normalized(_ typed: String) -> String? {
    let code = typed.uppercased().filter { $0 != " " && $0 != "-" && $0 != "\n" }
    guard code.count == codeCharacterCount, code.allSatisfy({ alphabet.contains($0) }) else { return nil }
    return code
  }
}
