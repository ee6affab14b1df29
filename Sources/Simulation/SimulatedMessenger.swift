internal import Interposer
internal import QMI
internal import Telephony

/// The messaging half of ModemManager with the app behind it: takes its client ids, lists and reads what is stored, asks for
/// reports, sends part after part, reads what is announced, and deletes what it has read, or not. It gives up on what is not
/// answered in time.
final class SimulatedMessenger: QMIProgram {
  private unowned let handset: SimulatedHandset
  private unowned let world: World
  private var stream: SeededStream
  /// What the app has: it survives.
  let inbox = Inbox()
  /// Nobody deletes.
  var keepsEverything = false
  private var tidiesUp = false

  // MARK: One life

  private var isRunning = false
  private var life = 0
  private var socket: ClientSocket?
  private var decoder = QMUXFrameDecoder()
  private(set) var clientID: ClientID?
  private(set) var allocatedCount = 0
  private(set) var isReady = false
  private var transaction: UInt16 = 0
  private var controlTransaction: UInt8 = 0
  private var waiting: [UInt16: (QMUXFrame?) -> Void] = [:]
  private var controlWaiting: [UInt8: (QMUXFrame?) -> Void] = [:]
  private var sendings: Set<Int> = []
  /// It counts on over restarts: an app remembers the last one that it used for a number.
  private var reference: UInt8 = 0

  /// How long it waits, as ModemManager does.
  private static let shortWait: Duration = .seconds(5)
  private static let readWait: Duration = .seconds(3)
  private static let sendWait: Duration = .seconds(300)

  init(_ handset: SimulatedHandset) {
    self.handset = handset
    world = handset.world
    stream = SeededStream(seed: handset.world.plan.seed, "messenger", handset.index)
  }

  private var deletes: Bool { tidiesUp || handset.plan.deletesWhatItReads && !keepsEverything }

  // MARK: Life

  func restart(tidiesUp: Bool = false) {
    if tidiesUp { self.tidiesUp = true }
    end()
    guard handset.isPowered else { return }
    isRunning = true
    life += 1
    begin()
  }

  /// The process dies.
  func kill() {
    guard isRunning else { return }
    handset.trace("messenger dies")
    end()
  }

  private func end() {
    isRunning = false
    life += 1
    if let socket, socket.isOpenAtProgram {
      socket.isOpenAtProgram = false
      socket.daemon.closedByProgram(socket)
    }
    forget()
  }

  private func forget() {
    socket = nil
    clientID = nil
    allocatedCount = 0
    isReady = false
    decoder = QMUXFrameDecoder()
    waiting = [:]
    controlWaiting = [:]
    for message in sendings.sorted() { world.ledger.answered(message, .unanswered, handset) }
    sendings = []
  }

  /// Later in the same life, when the handset is awake.
  private func later(_ delay: Duration, _ body: @escaping () -> Void) {
    let life = life
    world.after(delay) { [unowned self] in
      handset.whenAwake { [unowned self] in if self.life == life { body() } }
    }
  }

  /// *No longer controllable, reprobing.*
  func wasClosed(_ socket: ClientSocket) {
    guard socket === self.socket else { return }
    beginAnew()
  }

  private func beginAnew() {
    guard isRunning else { return }
    end()
    isRunning = true
    later(stream.time(500_000, 3_000_000)) { [unowned self] in begin() }
  }

  private func begin() {
    inbox.restart()
    guard let daemon = handset.daemon, !handset.isAsleep else {
      later(.seconds(1)) { [unowned self] in begin() }
      return
    }
    let socket = daemon.connect(self)
    self.socket = socket
    guard let open = CTL.ProxyOpenRequest(devicePath: "/dev/cdc-wdm0") else { return }
    control({ open.encoded(transaction: $0) }) { [unowned self] frame in
      guard frame?.result?.isSuccess == true else { return beginAnew() }
      allocate([.dms, .nas, .wms])
    }
  }

  private func allocate(_ services: [QMIService]) {
    guard let service = services.first else { return listen() }
    control({ CTL.AllocateClientIDRequest(service: service).encoded(transaction: $0) }) { [unowned self] frame in
      guard let frame, let allocation = try? CTL.AllocateClientIDResponse(decoding: frame).allocation else {
        if let error = frame?.result?.error { handset.trace("no client id", Int(error.rawValue)) }
        return beginAnew()
      }
      allocatedCount += 1
      if service == .wms { clientID = allocation.clientID }
      allocate(Array(services.dropFirst()))
    }
  }

  private func listen() {
    if handset.plan.listsFirst && !tidiesUp {
      list(.uim) { [unowned self] in list(.nv) { [unowned self] in enableReports {} } }
    } else {
      enableReports { [unowned self] in list(.uim) { [unowned self] in list(.nv) {} } }
    }
  }

  private func enableReports(_ then: @escaping () -> Void) {
    request(WMS.SetEventReportRequest(reportsNewMessages: true), Self.shortWait) { [unowned self] frame in
      guard frame?.result?.isSuccess == true else { return beginAnew() }
      isReady = true
      handset.trace("messenger is ready")
      then()
    }
  }

  private func list(_ storage: WMS.StorageType, _ then: @escaping () -> Void) {
    request(WMS.ListMessagesRequest(storage: storage, mode: .gsmWCDMA), Self.shortWait) { [unowned self] frame in
      if let frame, let response = try? WMS.ListMessagesResponse(decoding: frame) {
        for entry in response.entries where entry.tag != .unsent && entry.tag != .sent {
          read(WMS.MessageLocation(storage: storage, index: entry.index))
        }
      } else if tidiesUp {
        return beginAnew()
      }
      then()
    }
  }

  // MARK: Out

  /// - Returns: false when there is no modem to send with.
  func send(_ message: PlannedMessage, to dialled: String) -> Bool {
    guard isReady, !handset.isAsleep, let address = try? SMSAddress(dialled: dialled) else { return false }
    var options = MessageComposer.Options()
    options.requestsStatusReport = message.wantsReport
    reference = reference % 254 + 1
    guard
      let submits = try? MessageComposer.submits(
        text: Ledger.text(message), to: address, reference: UInt16(reference), options: options)
    else { return false }
    guard submits.count == message.parts else {
      world.violated(.contract, "a text of \(message.parts) parts has \(submits.count)")
      return true
    }
    handset.trace("sends", message.index, "\(submits.count) parts to \(dialled)")
    sendings.insert(message.index)
    next(message, submits[...], isFirst: true)
    return true
  }

  private func next(_ message: PlannedMessage, _ rest: ArraySlice<SMSSubmit>, isFirst: Bool) {
    guard let submit = rest.first else { return finish(message, .succeeded) }
    guard let raw = WMS.RawMessage(octets: RawPDU(tpdu: submit.encoded()).encoded()) else { return }
    let goOn: (QMIResult?) -> Void = { [unowned self] result in
      guard let result else { return finish(message, .unanswered) }
      guard result.isSuccess else { return finish(message, .failed) }
      next(message, rest.dropFirst(), isFirst: false)
    }
    guard message.way == .storage else {
      world.ledger.asked(message.index, handset, isFirst: isFirst)
      request(WMS.RawSendRequest(message: raw), Self.sendWait, of: message.index) { goOn($0?.result) }
      return
    }
    request(WMS.RawWriteRequest(storage: .nv, message: raw), Self.shortWait) { [unowned self] frame in
      guard let frame, let index = try? WMS.RawWriteResponse(decoding: frame).index else {
        return finish(message, .failed)
      }
      let location = WMS.MessageLocation(storage: .nv, index: index)
      handset.storedSends[index] = message.index
      world.ledger.asked(message.index, handset, isFirst: isFirst)
      request(WMS.SendFromMemoryStorageRequest(location: location), Self.sendWait, of: message.index) { [unowned self] frame in
        goOn(frame?.result)
        delete(location)
      }
    }
  }

  private func finish(_ message: PlannedMessage, _ answer: Ledger.Answer) {
    guard sendings.remove(message.index) != nil else { return }
    world.ledger.answered(message.index, answer, handset)
  }

  // MARK: In

  private func announced(_ frame: QMUXFrame) {
    guard frame.service == .wms, let report = try? WMS.EventReportIndication(decoding: frame),
      let location = report.storedMessage
    else { return }
    read(location)
  }

  private func read(_ location: WMS.MessageLocation) {
    request(WMS.RawReadRequest(location: location, mode: .gsmWCDMA), Self.readWait) { [unowned self] frame in
      guard let frame, let stored = try? WMS.RawReadResponse(decoding: frame).stored else { return }
      let whole = inbox.read(location, stored.message.octets)
      guard deletes else { return }
      for location in whole { delete(location) }
    }
  }

  private func delete(_ location: WMS.MessageLocation) {
    inbox.deletes(location)
    request(
      WMS.DeleteRequest(storage: location.storage, index: location.index, mode: .gsmWCDMA), Self.shortWait
    ) { _ in }
  }

  /// Deletes all that has been read.
  func tidyUp() {
    keepsEverything = false
    guard isReady else { return }
    for location in inbox.present { delete(location) }
  }

  // MARK: Frames

  func received(_ octets: [UInt8], on socket: ClientSocket) {
    guard socket === self.socket else { return }
    octets.withUnsafeBytes { decoder.append($0) }
    while let frame = (try? decoder.next()) ?? nil {
      if frame.kind == .indication {
        announced(frame)
      } else if frame.isControl {
        controlWaiting.removeValue(forKey: UInt8(frame.transaction))?(frame)
      } else if frame.service == .wms, frame.clientID == clientID {
        waiting.removeValue(forKey: frame.transaction)?(frame)
      }
      // What it hears may have made it begin anew.
      guard socket === self.socket else { return }
    }
  }

  private func control(_ encode: (ControlTransactionID) -> QMUXFrame, then: @escaping (QMUXFrame?) -> Void) {
    guard let socket else { return }
    controlTransaction = controlTransaction % 254 + 1
    let transaction = controlTransaction
    controlWaiting[transaction] = then
    socket.daemon.receive(encode(ControlTransactionID(rawValue: transaction)).octets, from: socket, of: nil)
    later(Self.shortWait) { [unowned self] in controlWaiting.removeValue(forKey: transaction)?(nil) }
  }

  private func request(
    _ message: some ServiceMessage, _ wait: Duration, of index: Int? = nil, then: @escaping (QMUXFrame?) -> Void
  ) {
    guard let socket, let clientID else { return }
    transaction = transaction == .max ? 1 : transaction + 1
    let name = transaction
    let frame = message.encoded(client: clientID, transaction: ServiceTransactionID(rawValue: name))
    waiting[name] = then
    socket.daemon.receive(frame.octets, from: socket, of: index)
    later(wait) { [unowned self] in waiting.removeValue(forKey: name)?(nil) }
  }

  /// The run is over.
  func tearDown() {
    life += 1
    isRunning = false
    waiting = [:]
    controlWaiting = [:]
    socket = nil
  }
}
