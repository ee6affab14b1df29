import QMI
import Telephony
import Testing
import VirtualModem

/// A modem whose host is the test: requests go in, answers and indications come out.
final class TestHost {
  var modem: VirtualModem
  var now = Duration.zero
  var toCarrier: [CarrierLink.Request] = []
  var indications: [QMUXFrame] = []
  var isUnplugged = false
  private var answers: [QMUXFrame] = []
  private var transaction: UInt16 = 0

  init(_ number: String = "+919876543210", _ change: (inout VirtualModem.Configuration) -> Void = { _ in }) throws {
    let identity = try ModemIdentity(
      number: try PhoneNumber(e164: number), homeNetwork: try HomeNetwork(mcc: "404", mnc: "45"))
    var configuration = VirtualModem.Configuration(identity: identity)
    change(&configuration)
    modem = VirtualModem(configuration: configuration, wallTime: WallTime(millisecondsSince1970: 1_790_000_000_000))
  }

  func pump() {
    while let action = modem.nextAction() {
      switch action {
      case .sendToHost(let frame) where frame.kind == .indication: indications.append(frame)
      case .sendToHost(let frame): answers.append(frame)
      case .sendToCarrier(let request): toCarrier.append(request)
      case .unplugged: isUnplugged = true
      }
    }
  }

  /// Sends a request and returns its answer, if there is one now.
  func request(
    _ service: QMIService, _ client: ClientID, _ message: MessageID, _ write: (inout QMIMessageBuilder) -> Void = { _ in }
  ) -> QMUXFrame? {
    transaction = transaction % 255 + 1
    var builder = QMIMessageBuilder(
      .request, service: service, client: client, transaction: transaction, message: message)
    write(&builder)
    modem.hostSent(builder.finish(), now: now)
    pump()
    return takeAnswer(transaction)
  }

  func request(_ message: some ServiceMessage, _ client: ClientID) -> QMUXFrame? {
    transaction = transaction % 255 + 1
    modem.hostSent(
      message.encoded(client: client, transaction: ServiceTransactionID(rawValue: transaction)), now: now)
    pump()
    return takeAnswer(transaction)
  }

  /// An answer that came after its request returned.
  func takeAnswer(_ transaction: UInt16? = nil) -> QMUXFrame? {
    guard let index = answers.firstIndex(where: { transaction == nil || $0.transaction == transaction }) else { return nil }
    return answers.remove(at: index)
  }

  func allocate(_ service: QMIService) throws -> ClientID {
    let answer = try #require(request(.control, .control, 0x0022) { builder in builder.append(0x01, [service.rawValue]) })
    return try #require(try CTL.AllocateClientIDResponse(decoding: answer).allocation).clientID
  }

  /// A WMS client that wants to hear of new messages.
  func allocateListener() throws -> ClientID {
    let client = try allocate(.wms)
    #expect(request(WMS.SetEventReportRequest(reportsNewMessages: true), client)?.result == .success)
    return client
  }

  func carrierSends(_ event: CarrierLink.Event) {
    modem.carrierSent(event, now: now)
    pump()
  }

  func wait(_ duration: Duration) {
    now += duration
    modem.timeReached(now)
    pump()
  }
}

/// A carrier with modems whose hosts only send and receive texts.
final class TestNetwork {
  var carrier: VirtualCarrier
  var modems: [VirtualModem] = []
  var now = Duration.zero
  /// What the hosts got, by modem.
  var frames: [[QMUXFrame]] = []
  var events: [CarrierLink.Event] = []
  var closed: [VirtualCarrier.LinkID] = []
  static let program = VirtualCarrier.LinkID(rawValue: 1000)

  init(_ numbers: [String], _ configuration: VirtualCarrier.Configuration = .init()) throws {
    carrier = VirtualCarrier(configuration: configuration, wallTime: WallTime(millisecondsSince1970: 1_790_000_000_000))
    carrier.connected(Self.program, now: now)
    for number in numbers {
      let host = try TestHost(number)
      _ = try host.allocateListener()
      modems.append(host.modem)
      frames.append([])
      carrier.connected(VirtualCarrier.LinkID(rawValue: UInt64(modems.count - 1)), now: now)
      modems[modems.count - 1].carrierConnected(now: now)
    }
    pump()
  }

  func pump() {
    var goesOn = true
    while goesOn {
      goesOn = false
      for index in modems.indices {
        while let action = modems[index].nextAction() {
          goesOn = true
          switch action {
          case .sendToHost(let frame): frames[index].append(frame)
          case .sendToCarrier(let request):
            carrier.received(request, from: VirtualCarrier.LinkID(rawValue: UInt64(index)), now: now)
          case .unplugged: break
          }
        }
      }
      while let action = carrier.nextAction() {
        goesOn = true
        switch action {
        case .send(let event, to: Self.program): events.append(event)
        case .send(let event, let link) where Int(link.rawValue) < modems.count:
          modems[Int(link.rawValue)].carrierSent(event, now: now)
        case .send: break
        case .close(let link): closed.append(link)
        }
      }
    }
  }

  func send(
    from index: Int, to dialled: String, _ text: String, report: Bool = false, protocolIdentifier: UInt8 = 0
  ) throws {
    var options = MessageComposer.Options()
    options.requestsStatusReport = report
    for var submit in try MessageComposer.submits(
      text: text, to: try SMSAddress(dialled: dialled), reference: 7, options: options)
    {
      submit.protocolIdentifier = ProtocolIdentifier(rawValue: protocolIdentifier)
      let message = try #require(WMS.RawMessage(octets: RawPDU(tpdu: submit.encoded()).encoded()))
      modems[index].hostSent(WMS.RawSendRequest(message: message).encoded(client: 1, transaction: 9), now: now)
      pump()
    }
  }

  func inject(_ text: String, from sender: String, to recipient: String) throws {
    carrier.received(
      .inject(id: 1, sender: sender, recipient: try PhoneNumber(e164: recipient), text: text), from: Self.program, now: now)
    pump()
  }

  func wait(_ duration: Duration) {
    let end = now + duration
    while true {
      let next = ([carrier.nextDeadline] + modems.map(\.nextDeadline)).compactMap { $0 }.min()
      guard let next, next <= end else { break }
      now = max(now, next)
      carrier.timeReached(now)
      for index in modems.indices { modems[index].timeReached(now) }
      pump()
    }
    now = end
  }

  /// The texts of the SMS-DELIVERs in a modem's memory, and who they are from.
  func inbox(_ index: Int) throws -> [String] {
    try modems[index].storedMessages(in: .nv).sorted { $0.key < $1.key }.compactMap { _, stored in
      let pdu = try RawPDU(decoding: stored.message.octets)
      guard let deliver = try? SMSDeliver(decoding: pdu.tpdu) else { return nil }
      return "\(deliver.originatingAddress.displayText): \(MessageText.decode(deliver.userData, deliver.dataCodingScheme) ?? "?")"
    }
  }

  func sendResponses(_ index: Int) -> [WMS.RawSendResponse] {
    frames[index].compactMap { try? WMS.RawSendResponse(decoding: $0) }
  }
}

func submitPDU(_ text: String, to dialled: String) throws -> WMS.RawMessage {
  let submit = try MessageComposer.submits(text: text, to: try SMSAddress(dialled: dialled), reference: 1)[0]
  return try #require(WMS.RawMessage(octets: RawPDU(tpdu: submit.encoded()).encoded()))
}

func deliverTPDU(
  _ text: String, from sender: String = "+447700900123", scheme: DataCodingScheme = .gsm7,
  protocolIdentifier: ProtocolIdentifier = .shortMessage
) throws -> [UInt8] {
  let septets = try #require(GSMAlphabet.standard.encode(text))
  return try SMSDeliver(
    originatingAddress: try SMSAddress(dialled: sender), protocolIdentifier: protocolIdentifier, dataCodingScheme: scheme,
    serviceCentreTimestamp: ServiceCentreTimestamp(WallTime(millisecondsSince1970: 1_790_000_000_000)),
    userData: try UserData(septets: septets)
  ).encoded()
}
