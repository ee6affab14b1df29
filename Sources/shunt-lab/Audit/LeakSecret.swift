/// Something that must not be found. It never shows itself: only its kind and whose it is.
struct LeakSecret: Hashable {
  enum Kind: String, CaseIterable {
    case imei, imsi, iccid
    /// A number that its owner registers. The relay opens it once.
    case ownNumber = "own-number"
    case contactNumber = "contact-number"
    case text
    case code
  }

  let kind: Kind
  /// Whose it is, or which; may be empty.
  let name: String
  let value: String
  /// A number as it is dialled at home.
  let national: String?

  var isNumber: Bool { kind == .ownNumber || kind == .contactNumber }
  /// What reports call it: `imei/alice`.
  var label: String { name.isEmpty ? kind.rawValue : "\(kind.rawValue)/\(name)" }
}

extension LeakSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  var description: String { label }
  var debugDescription: String { label }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a list of secrets can't be read: a line's number and what was expected there, never what is there.
struct LeakSecretsError: Error, Equatable, CustomStringConvertible {
  let line: Int
  let expected: String
  var description: String { "line \(line) of the secrets: expected \(expected)" }
}

extension LeakSecret {
  /// Reads a line a secret: `KIND[/NAME] VALUE`; of numbers, `+CC… [NATIONAL]`. Empty lines and lines that begin with # are passed over.
  static func list(_ text: String) throws(LeakSecretsError) -> [LeakSecret] {
    var secrets: [LeakSecret] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      secrets.append(try LeakSecret(line: line, number: index + 1))
    }
    guard !secrets.isEmpty else { throw LeakSecretsError(line: 1, expected: "at least one secret") }
    return secrets
  }

  private init(line: Substring, number: Int) throws(LeakSecretsError) {
    func expected(_ what: String) -> LeakSecretsError { LeakSecretsError(line: number, expected: what) }
    let words = line.split(separator: " ", maxSplits: 1)
    let label = words[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard words.count == 2, let kind = label.first.flatMap({ Kind(rawValue: String($0)) }) else {
      throw expected("KIND[/NAME] VALUE, with a kind of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.kind = kind
    name = label.count > 1 ? String(label[1]) : ""
    var national: String?
    switch kind {
    case .imei, .imsi, .iccid:
      guard words[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }), 14...20 ~= words[1].utf8.count else {
        throw expected("14 to 20 digits")
      }
      value = String(words[1])
    case .ownNumber, .contactNumber:
      let forms = words[1].split(separator: " ")
      guard 1...2 ~= forms.count, let first = forms.first, first.hasPrefix("+"), 8...16 ~= first.utf8.count,
        forms.allSatisfy({ $0.utf8.drop { $0 == 0x2B }.allSatisfy { 0x30...0x39 ~= $0 } })
      else { throw expected("+CC… and maybe the national form, digits only") }
      value = String(first)
      national = forms.count > 1 ? String(forms[1]) : nil
    case .text, .code: value = String(words[1])
    }
    self.national = national
  }
}
