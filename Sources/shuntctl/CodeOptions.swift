internal import ArgumentParser

/// Options of the commands that lead to a verification SMS.
struct CodeOptions: ParsableArguments {
  @Option(help: "Seconds to wait for the code to be caught; 0 not to wait.")
  var wait = 30

  func validate() throws {
    guard (0...600).contains(wait) else { throw ValidationError("--wait takes 0 to 600 seconds, not \(wait)") }
  }
}
