/// The text of a message, put together from the user data of its parts.
public enum MessageText {
  /// The text of one part. Nil when it is 8-bit data or compressed.
  public static func decode(_ userData: UserData, _ scheme: DataCodingScheme) -> String? {
    decode([(userData, scheme)])
  }

  /// The text of parts given in order. Neighbours with the same alphabet are read as one, so that a surrogate pair or an escaped
  /// character that a sender cut in two is whole again. Nil when a part is 8-bit data or compressed.
  /// An unpaired surrogate or a lone last octet becomes U+FFFD.
  public static func decode(_ parts: [(userData: UserData, scheme: DataCodingScheme)]) -> String? {
    var text = ""
    var run = Run.none
    for part in parts {
      guard !part.scheme.isCompressed else { return nil }
      switch (part.scheme.alphabet, part.userData.content) {
      case (.gsm7, .septets(let septets)):
        let alphabet = GSMAlphabet(part.userData.header)
        if case .gsm7(alphabet, let before) = run {
          run = .gsm7(alphabet, before + septets)
        } else {
          text += run.text
          run = .gsm7(alphabet, septets)
        }
      case (.ucs2, .octets(let octets)):
        if case .ucs2(let before) = run {
          run = .ucs2(before + octets)
        } else {
          text += run.text
          run = .ucs2(octets)
        }
      default: return nil
      }
    }
    return text + run.text
  }

  private enum Run {
    case none
    case gsm7(GSMAlphabet, [UInt8])
    case ucs2([UInt8])

    var text: String {
      switch self {
      case .none: ""
      case .gsm7(let alphabet, let septets): alphabet.decode(septets)
      case .ucs2(let octets): UCS2.decode(octets)
      }
    }
  }
}
