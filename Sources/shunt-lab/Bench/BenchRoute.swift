internal import Glibc
internal import ModemHost
internal import QMI
internal import Telephony
internal import VirtualModem

/// The run behind `bench route`.
final class BenchRoute {
  private static let shortCode = "12345"
  private static let warmUp = 50

  private let workspace: BenchWorkspace
  private let binaries: String
  private let relay: BenchRelay
  private let sender: BenchHandset
  private let recipient: BenchHandset
  private let recipientNumber: PhoneNumber
  private let stockModem: LabModem
  private let stockProxy: ChildProcess
  /// How many messages the carrier took from modems.
  private var submitCount = 0

  /// Between messages, so that none waits for what is done about the one before after its answer, such as the record of it.
  private let pause: Duration

  private(set) var requirements: [Requirement] = []

  init(binaries: String, stock: String, pause: Duration) throws {
    self.pause = pause
    workspace = try BenchWorkspace()
    self.binaries = binaries
    let workspace = workspace
    relay = try BenchRelay(in: workspace, binaries: binaries)
    // Taken and lost: the service behind the code is none of this.
    relay.carrier.add([CarrierRule(match: .recipient(Self.shortCode), effect: .drop)])
    recipientNumber = try PhoneNumber(e164: "+441632960002")
    sender = try BenchHandset(
      "sender", number: try PhoneNumber(e164: "+441632960001"), in: workspace, shuntd: "\(binaries)/shuntd",
      relay: (BenchRelay.port, relay.authority))
    recipient = try BenchHandset(
      "recipient", number: recipientNumber, in: workspace, shuntd: "\(binaries)/shuntd",
      relay: (BenchRelay.port, relay.authority))
    stockModem = try LabModem(LabModem.configuration(number: try PhoneNumber(e164: "+441632960003")))
    stockProxy = try workspace.start([stock, "--no-exit"], as: "qmi-proxy")
    relay.carrier.onRecord = { [unowned self] record in
      if record.kind == .submit { submitCount += 1 }
    }
    for modem in [sender.modem, recipient.modem, stockModem] { relay.carrier.attach(modem) }
  }

  func run(carrierMessages: Int, rounds: Int, messages: Int) throws {
    let shuntClient = try sender.client(workspace)
    let stockClient = try BenchClient(
      workspace, socket: "@qmi-proxy", device: stockModem.devicePath ?? "", of: stockProxy)
    let recipientClient = try recipient.client(workspace)
    try enable(sender, "+441632960001")
    try enable(recipient, recipientNumber.e164)
    // Now and then the machine itself holds a message up for longer than a decision takes: the figure is the median of rounds.
    var added: [Double] = []
    for _ in 0..<rounds { added.append(try byCarrier(shuntClient, stockClient, carrierMessages)) }
    requirements.append(
      Requirement(
        name: "added to a message by carrier, 99th percentile", value: added.sorted()[added.count / 2], limit: 100, unit: " µs"))
    try byIP(shuntClient, recipientClient, messages)
    try memoryAfterLookUps()
  }

  private func control(_ handset: BenchHandset, _ arguments: [String]) throws -> String {
    try workspace.run(["\(binaries)/shuntctl"] + arguments + ["--bus", handset.bus], as: "shuntctl-\(arguments[0])")
  }

  private func enable(_ handset: BenchHandset, _ number: String) throws {
    _ = try control(handset, ["enable", "--number", number])
  }

  // MARK: - By carrier

  /// - Returns: what shuntd adds at the 99th percentile, in microseconds.
  private func byCarrier(_ shunt: BenchClient, _ stock: BenchClient, _ count: Int) throws -> Double {
    let message = try Self.rawMessage(to: SMSAddress(dialled: Self.shortCode), text: "Balance")
    var totals = (stock: Latencies(), shunt: Latencies())
    var transits = (stock: Latencies(), shunt: Latencies())
    for index in 0..<(Self.warmUp + count) {
      // Who goes first changes each time.
      for turn in 0..<2 {
        let isShunt = (index + turn).isMultiple(of: 2)
        let (client, modem) = isShunt ? (shunt, sender.modem) : (stock, stockModem)
        workspace.rest(pause)
        let (start, end) = try send(message, by: client)
        // What was spent outside of the modem: on the way to it, and on the way back.
        let transit = (modem.lastReceived - start) + (end - modem.lastSent)
        guard index >= Self.warmUp else { continue }
        if isShunt {
          totals.shunt.add(end - start)
          transits.shunt.add(transit)
        } else {
          totals.stock.add(end - start)
          transits.stock.add(transit)
        }
      }
    }
    var table = Table(["\(count) messages by carrier each, µs", "stock median", "p99", "shuntd median", "p99", "added median", "p99"])
    for (name, pair) in [("Raw Send to answer", totals), ("of this outside of the modem", transits)] {
      table.add([
        name, pair.stock.median.text(1), pair.stock.p99.text(1), pair.shunt.median.text(1), pair.shunt.p99.text(1),
        (pair.shunt.median - pair.stock.median).text(1), (pair.shunt.p99 - pair.stock.p99).text(1),
      ])
    }
    Output.line(table.text)
    return totals.shunt.p99 - totals.stock.p99
  }

  // MARK: - By IP

  private func byIP(_ client: BenchClient, _ reader: BenchClient, _ count: Int) throws {
    let inbox = try BenchInbox(reader)
    let message = try Self.rawMessage(to: SMSAddress(recipientNumber), text: "On my way, back in ten minutes.")
    var latencies = Latencies()
    _ = try send(message, by: client)
    let submitsBefore = submitCount
    for _ in 0..<count {
      workspace.rest(pause)
      let (start, end) = try send(message, by: client)
      latencies.add(end - start)
    }
    let byCarrier = submitCount - submitsBefore
    try workspace.wait(for: "arrival of \(count + 1) messages") { inbox.announcedCount >= count + 1 }
    let left = try inbox.storedCount()
    Output.line(
      "\(count) messages by IP, Raw Send to answer: median \((latencies.median / 1000).text(2)) ms, "
        + "p99 \((latencies.p99 / 1000).text(2)) ms; announced to the recipient: \(inbox.announcedCount), "
        + "left after reading and deleting: \(left); seen by the carrier: \(byCarrier)")
    requirements.append(
      Requirement(name: "a message by IP, median", value: latencies.median / 1000, limit: 15, unit: " ms"))
    requirements.append(
      Requirement(name: "messages by IP that the carrier saw", value: Double(byCarrier), limit: 0, unit: ""))
  }

  // MARK: - Memory

  private func memoryAfterLookUps() throws {
    guard let before = MemoryUse(of: sender.daemon.processID) else { throw LabError("shuntd is gone") }
    let numbers = (0..<20).map { "+4416329601\($0 < 10 ? "0" : "")\($0)" }
    _ = try control(sender, ["lookup"] + numbers)
    // What the burst took is given back when it is over.
    workspace.rest(.seconds(1))
    guard let after = MemoryUse(of: sender.daemon.processID) else { throw LabError("shuntd is gone") }
    Output.line("enabled shuntd: \(before.description); after \(numbers.count) look-ups \(after.description)")
    let mebibyte = Double(1 << 20)
    requirements.append(
      Requirement(name: "USS after look-ups", value: Double(after.private) / mebibyte, limit: 8, unit: " MiB"))
    requirements.append(
      Requirement(name: "RSS after look-ups", value: Double(after.resident) / mebibyte, limit: 32, unit: " MiB"))
  }

  // MARK: - Messages

  private static func rawMessage(to address: SMSAddress, text: String) throws -> WMS.RawMessage {
    guard
      let submit = try MessageComposer.submits(text: text, to: address, reference: 0).first,
      let message = WMS.RawMessage(octets: SMSCAddress.default.octets + submit.encoded())
    else { throw LabError("the text does not make a message") }
    return message
  }

  private func send(_ message: WMS.RawMessage, by client: BenchClient) throws -> (start: Duration, end: Duration) {
    let (answer, start, end) = try client.request(try client.frame(WMS.RawSendRequest(message: message)))
    let response = try WMS.RawSendResponse(decoding: answer)
    guard response.result == .success else { throw LabError("a message was refused: \(response.result)") }
    return (start, end)
  }
}
