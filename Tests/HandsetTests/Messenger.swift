import Interposer
import QMI
import Telephony
import VirtualModem

/// The messaging half of ModemManager, as far as it matters here: it opens the proxy, takes a WMS client id, lists and reads what
/// is stored, asks for reports of new messages, sends part after part and reads what is announced.
final class Messenger {
  /// A message on its way out.
  final class Sending {
    fileprivate var rest: [SMSSubmit]
    fileprivate(set) var responses: [WMS.RawSendResponse] = []
    fileprivate let began: Duration
    fileprivate(set) var took: Duration?
    let partCount: Int

    fileprivate init(_ parts: [SMSSubmit], now: Duration) {
      rest = parts
      partCount = parts.count
      began = now
    }

    var isFinished: Bool { took != nil }
    var hasSucceeded: Bool { responses.count == partCount && responses.allSatisfy(\.result.isSuccess) }
    var error: QMIError? { responses.last?.result.error }
  }

  /// A message that was read.
  struct Received {
    let location: WMS.MessageLocation
    let pdu: [UInt8]
    let deliver: SMSDeliver?
    let report: SMSStatusReport?
  }

  unowned let device: Device
  private var connection: ClientConnection?
  private var decoder = QMUXFrameDecoder()
  private var clientID: ClientID?
  private var transaction: UInt16 = 0
  private var waiting: [UInt16: (QMUXFrame) -> Void] = [:]
  private var controlWaiting: [UInt16: (QMUXFrame) -> Void] = [:]

  /// Whether reports of new messages are enabled.
  private(set) var isReady = false
  private(set) var announcements: [WMS.MessageLocation] = []
  private(set) var received: [Received] = []
  private(set) var closeCount = 0
  /// As Chatty does with what it has shown.
  var deletesWhatItReads = false
  /// As ModemManager does, which thereby misses what a modem stores in between.
  var listsFirst = false
  /// How long the one waits for the other then.
  var gap: Duration = .zero

  init(_ device: Device) { self.device = device }

  // MARK: Life

  /// Begins anew, as after *no longer controllable, reprobing*: whatever is stored is read again.
  func start() {
    isReady = false
    received = []
    decoder = QMUXFrameDecoder()
    guard let connection = device.connect(self) else { return }
    self.connection = connection
    guard let open = CTL.ProxyOpenRequest(devicePath: "/dev/cdc-wdm0") else { return }
    control({ open.encoded(transaction: $0) }) { [self] frame in
      guard frame.result?.isSuccess == true else { return }
      control({ CTL.AllocateClientIDRequest(service: .wms).encoded(transaction: $0) }) { [self] frame in
        guard let allocation = try? CTL.AllocateClientIDResponse(decoding: frame).allocation else { return }
        clientID = allocation.clientID
        if listsFirst { list { self.device.world.after(self.gap) { self.enableReports {} } } } else { enableReports { self.list {} } }
      }
    }
  }

  private func enableReports(_ then: @escaping () -> Void) {
    request(WMS.SetEventReportRequest(reportsNewMessages: true)) { [self] frame in
      isReady = frame.result?.isSuccess == true
      then()
    }
  }

  private func list(_ then: @escaping () -> Void) {
    request(WMS.ListMessagesRequest(storage: .nv, mode: .gsmWCDMA)) { [self] frame in
      for entry in (try? WMS.ListMessagesResponse(decoding: frame))?.entries ?? [] {
        read(WMS.MessageLocation(storage: .nv, index: entry.index))
      }
      then()
    }
  }

  /// The proxy closed the connection, or died.
  func wasClosed(_ connection: ClientConnection) {
    guard connection == self.connection else { return }
    closeCount += 1
    end()
  }

  private func end() {
    connection = nil
    clientID = nil
    isReady = false
    waiting = [:]
    controlWaiting = [:]
  }

  /// Leaves without a word.
  func quit() {
    guard let connection else { return }
    device.disconnect(connection)
    end()
  }

  // MARK: Out

  func send(_ text: String, to dialled: String, wantsReport: Bool = false) -> Sending {
    var options = MessageComposer.Options()
    options.requestsStatusReport = wantsReport
    let address = try! SMSAddress(dialled: dialled)
    transaction &+= 1
    let submits = try! MessageComposer.submits(
      text: text, to: address, reference: transaction % 254 + 1, options: options)
    return send(submits)
  }

  func send(_ submits: [SMSSubmit]) -> Sending {
    let sending = Sending(submits, now: device.world.now)
    next(sending)
    return sending
  }

  private func next(_ sending: Sending) {
    guard !sending.rest.isEmpty else {
      sending.took = device.world.now - sending.began
      return
    }
    let part = sending.rest.removeFirst()
    guard let message = WMS.RawMessage(octets: RawPDU(tpdu: part.encoded()).encoded()) else { return }
    request(WMS.RawSendRequest(message: message)) { [self] frame in
      guard let response = try? WMS.RawSendResponse(decoding: frame) else { return }
      sending.responses.append(response)
      if !response.result.isSuccess { sending.rest = [] }
      next(sending)
    }
  }

  /// Sends something that is not an SMS-SUBMIT.
  func sendRaw(_ message: WMS.RawMessage) -> Sending {
    let sending = Sending([], now: device.world.now)
    request(WMS.RawSendRequest(message: message)) { [self] frame in
      if let response = try? WMS.RawSendResponse(decoding: frame) { sending.responses.append(response) }
      sending.took = device.world.now - sending.began
    }
    return sending
  }

  /// Sends, and lets time pass until the answer is there.
  func sent(_ text: String, to dialled: String, wantsReport: Bool = false) -> Sending {
    let sending = send(text, to: dialled, wantsReport: wantsReport)
    device.world.run(until: { sending.isFinished })
    return sending
  }

  // MARK: In

  /// Texts received, whole ones only, as ModemManager shows them: parts joined by reference and number.
  var texts: [String] {
    struct Key: Hashable {
      let reference: UInt16
      let sender: String
      let total: UInt8
    }
    var texts: [String] = []
    var parts: [Key: [UInt8: String]] = [:]
    for deliver in received.compactMap(\.deliver) {
      let text = MessageText.decode(deliver.userData, deliver.dataCodingScheme) ?? "?"
      let sender = deliver.originatingAddress.displayText
      guard let place = deliver.concatenation else {
        texts.append("\(sender): \(text)")
        continue
      }
      let key = Key(reference: place.reference, sender: sender, total: place.total)
      parts[key, default: [:]][place.number] = text
      if let all = parts[key], all.count == Int(place.total) {
        texts.append("\(sender): " + all.sorted { $0.key < $1.key }.map(\.value).joined())
      }
    }
    return texts
  }

  var reports: [SMSStatusReport] { received.compactMap(\.report) }

  func delete(_ location: WMS.MessageLocation) {
    request(WMS.DeleteRequest(storage: location.storage, index: location.index, mode: .gsmWCDMA)) { _ in }
  }

  func tag(_ location: WMS.MessageLocation, _ tag: WMS.MessageTag) {
    request(WMS.ModifyTagRequest(location: location, tag: tag, mode: .gsmWCDMA)) { _ in }
  }

  private func read(_ location: WMS.MessageLocation) {
    request(WMS.RawReadRequest(location: location, mode: .gsmWCDMA)) { [self] frame in
      guard let stored = try? WMS.RawReadResponse(decoding: frame).stored,
        let pdu = try? RawPDU(decoding: stored.message.octets)
      else { return }
      // Listed and announced at the same time: it is the same message.
      guard !received.contains(where: { $0.location == location && $0.pdu == stored.message.octets }) else { return }
      received.append(
        Received(
          location: location, pdu: stored.message.octets, deliver: try? SMSDeliver(decoding: pdu.tpdu),
          report: try? SMSStatusReport(decoding: pdu.tpdu)))
      if deletesWhatItReads { delete(location) }
    }
  }

  // MARK: Frames

  func received(_ octets: [UInt8]) {
    octets.withUnsafeBytes { decoder.append($0) }
    while let frame = (try? decoder.next()) ?? nil {
      if frame.kind == .indication {
        announced(frame)
      } else if frame.isControl {
        controlWaiting.removeValue(forKey: frame.transaction)?(frame)
      } else {
        waiting.removeValue(forKey: frame.transaction)?(frame)
      }
    }
  }

  private func announced(_ frame: QMUXFrame) {
    guard frame.service == .wms, let report = try? WMS.EventReportIndication(decoding: frame),
      let location = report.storedMessage
    else { return }
    announcements.append(location)
    read(location)
  }

  private func control(_ encode: (ControlTransactionID) -> QMUXFrame, then: @escaping (QMUXFrame) -> Void) {
    guard let connection else { return }
    transaction = transaction % 254 + 1
    let frame = encode(ControlTransactionID(rawValue: UInt8(transaction)))
    controlWaiting[transaction] = then
    device.clientSent(frame.octets, from: connection)
  }

  private func request(_ message: some ServiceMessage, then: @escaping (QMUXFrame) -> Void) {
    guard let connection, let clientID else { return }
    transaction = transaction == .max ? 1 : transaction + 1
    let frame = message.encoded(client: clientID, transaction: ServiceTransactionID(rawValue: transaction))
    waiting[transaction] = then
    device.clientSent(frame.octets, from: connection)
  }
}
