internal import ArgumentParser
internal import Telephony
internal import VirtualModem

struct SMSCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sms",
    abstract: "Sends a text from a service centre's side, such as a verification code.",
    discussion: "Reads two lines from standard input, the recipient's number and the text, so that neither appears in a list of processes.")

  @Option(name: .long, help: "The carrier's socket.")
  var carrier: String

  @Option(name: .long, help: "The sender: a number, a short code or a name of up to 11 characters.")
  var from = "SHUNT"

  func run() throws {
    guard let line = readLine() else { throw LabError("the first line of standard input is to be the recipient's number") }
    guard let recipient = try? PhoneNumber(e164: line) else {
      throw LabError("the first line of standard input is no number such as +441632960001")
    }
    guard let text = readLine(), !text.isEmpty else { throw LabError("the second line of standard input is to be the text") }
    let request = CarrierLink.Request.inject(id: 1, sender: from, recipient: recipient, text: text)
    try CarrierConnection.converse(with: carrier, [request], limit: .seconds(10)) { event in
      switch event {
      case .injected: true
      case .refused(_, let reason): throw LabError("the carrier refuses: \(reason)")
      default: false
      }
    }
  }
}
