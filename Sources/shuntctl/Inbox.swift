internal import ArgumentParser
internal import QMI
internal import Telephony

struct Inbox: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the texts that wait in the modem and in shuntd, for boards without ModemManager.",
    discussion: """
      Reads them as any libqmi client does, through shuntd or the stock proxy, which lets only root do so. Texts stay until they are deleted. \
      Do not delete beside a ModemManager that runs: it would go on showing what is gone.
      """)

  @Flag(help: "Delete the texts that are shown. One of which parts are missing stays.")
  var delete = false

  @Flag(help: "Print JSON, one object a line.")
  var json = false

  @Option(help: "The modem, as it is in shuntd's settings.")
  var device = "/dev/cdc-wdm0"

  @Option(help: "The proxy's socket.")
  var socket = "qmi-proxy"

  func run() throws {
    let client = try ProxyClient(device: device, socket: socket)
    defer { client.end() }
    var messages: [(place: StoredText.Place, deliver: SMSDeliver)] = []
    for storage in [WMS.StorageType.uim, .nv] {
      // A modem without such a storage refuses.
      let list = try client.ask(WMS.ListMessagesRequest(storage: storage, mode: .gsmWCDMA))
      for entry in (try? WMS.ListMessagesResponse(decoding: list))?.entries ?? [] {
        guard entry.tag == .receivedRead || entry.tag == .receivedUnread else { continue }
        let answer = try client.ask(WMS.RawReadRequest(location: .init(storage: storage, index: entry.index), mode: .gsmWCDMA))
        guard let stored = try? WMS.RawReadResponse(decoding: answer).stored, let pdu = try? RawPDU(decoding: stored.message.octets),
          let deliver = try? SMSDeliver(decoding: pdu.tpdu)
        else { continue }
        messages.append((StoredText.Place(storage: storage, index: entry.index), deliver))
      }
    }
    for text in StoredText.joined(messages) {
      Output.line(json ? text.json : text.lines)
      guard delete, text.missingPartCount == 0 else { continue }
      for place in text.places {
        let answer = try client.ask(WMS.DeleteRequest(storage: place.storage, index: place.index, mode: .gsmWCDMA))
        guard answer.result?.isSuccess != true else { continue }
        Output.error("a text could not be deleted")
        throw ExitCode(ExitStatus.refused)
      }
    }
  }
}
