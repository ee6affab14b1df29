internal import ArgumentParser
internal import ModemHost

struct Fingerprint: ParsableCommand {
  static let columns = [
    "number", "state", "since", "own_fingerprint", "fingerprint", "digits", "new_fingerprint", "new_digits",
  ]

  static let configuration = CommandConfiguration(
    abstract: "Show what you and a contact compare to know that nobody is between you.",
    discussion: """
      Both of you see the same digits when each device has the other's own key: read them to each other, in person or on \
      the phone. Shunt learns a contact's key with the first text over IP.
      """)

  @Argument(help: "The contact's number, as you would dial it.")
  var number: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let row = try Daemon(common).row(.fingerprint(number: number))
    guard !common.json else {
      Output.line(Output.json(row, columns: Self.columns))
      return
    }
    func text(_ key: String) -> String { row[key]?.string ?? "" }
    if row["state"]?.string == "changed" {
      Output.line("The key of \(text("number")) has changed: texts go by the carrier until you trust the new one.")
      Output.line("With the new key, both of you see these digits:")
      show(text("new_digits"), perLine: 4)
      Output.line("With the key known since \(text("since")):")
      show(text("digits"), perLine: 4)
      Output.line("Their new fingerprint:")
      show(text("new_fingerprint"), perLine: 8)
    } else {
      Output.line("The key of \(text("number")) is known since \(text("since")).")
      Output.line("Both of you see these digits:")
      show(text("digits"), perLine: 4)
    }
    Output.line("Their fingerprint:")
    show(text("fingerprint"), perLine: 8)
    Output.line("Your fingerprint:")
    show(text("own_fingerprint"), perLine: 8)
    if row["state"]?.string == "changed" {
      Output.line("If the new digits are the same on both devices: shuntctl trust \(text("number")) DIGITS")
    }
  }

  /// Groups, so many a line.
  private func show(_ groups: String, perLine: Int) {
    var rest = groups.split(separator: " ")[...]
    while !rest.isEmpty {
      Output.line("  " + rest.prefix(perLine).joined(separator: " "))
      rest = rest.dropFirst(perLine)
    }
  }
}

struct Trust: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trust a contact's changed key, so that texts go over IP again.",
    discussion: """
      Compare the digits first: shuntctl fingerprint. The key is trusted only when DIGITS are those of the new key, so that what \
      was compared is what is trusted.
      """)

  @Argument(help: "The contact's number, as you would dial it.")
  var number: String

  @Argument(help: "The 60 digits that the contact reads to you, in groups or not.")
  var digits: [String]

  @OptionGroup var common: CommonOptions

  private var compared: String { digits.joined().filter { $0 != " " } }

  func validate() throws {
    guard !compared.isEmpty, compared.allSatisfy({ $0.isASCII && $0.isNumber }) else {
      throw ValidationError("DIGITS takes digits and spaces only")
    }
  }

  func run() throws {
    let daemon = try Daemon(common)
    let seen = try daemon.row(.fingerprint(number: number))
    let new = (seen["new_digits"]?.string ?? "").filter { $0 != " " }
    if !new.isEmpty, compared != new {
      Output.error("these are not the digits of the new key; it is not trusted. Compare again: shuntctl fingerprint \(number)")
      throw ExitCode(ExitStatus.refused)
    }
    // The key that was compared, and no other that may have come since.
    let row = try daemon.row(.trust(number: number, fingerprint: seen["new_fingerprint"]?.string ?? ""))
    Output.line(
      common.json
        ? Output.json(row, columns: Fingerprint.columns)
        : "The new key of \(row["number"]?.string ?? number) is trusted. Texts go over IP again.")
  }
}
