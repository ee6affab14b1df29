import Interposer
import QMI
import Telephony
import Testing

/// An Interposer with everything around it played by the test: actions are sorted by whom they are for.
final class Rig {
  struct ModemRequest {
    let id: ModemRequestID
    let frame: QMUXFrame
    let timeout: Duration
  }

  static let device = "/dev/cdc-wdm0"

  var interposer: Interposer
  var now = Duration.zero
  private var frames: [ClientConnection: [QMUXFrame]] = [:]
  private var requests: [ModemRequest] = []
  private var events: [Interposer.Action] = []
  /// What the next run would get.
  private(set) var keptIDs: [CTL.ClientIDAllocation] = []
  private(set) var closed: [ClientConnection: CloseReason] = [:]
  private var lastConnection: UInt64 = 0

  init(
    tap: TapMode = .off, isModemOpen: Bool = true,
    _ adjust: (inout Interposer.Configuration) -> Void = { _ in }
  ) {
    var configuration = Interposer.Configuration(device: Self.device, alternativeDevices: ["/dev/modem"])
    adjust(&configuration)
    interposer = Interposer(configuration: configuration)
    interposer.setTapMode(tap, now: now)
    if isModemOpen { interposer.modemOpened(now: now) }
    drain()
    if tap == .intercept, isModemOpen {
      // Nobody has reports of new messages, so the Interposer asks for them itself.
      let allocation = takeRequest()
      respond(
        to: allocation,
        CTL.AllocateClientIDResponse(.init(service: .wms, clientID: Self.ownClientID))
          .encoded(transaction: 77))
      let reports = takeRequest()
      respond(to: reports, reports.frame.response(.success))
    }
  }

  static let ownClientID: ClientID = 0x40

  // MARK: Clients

  func connect() -> ClientConnection {
    lastConnection += 1
    let connection = ClientConnection(rawValue: lastConnection)
    interposer.clientConnected(connection, now: now)
    drain()
    return connection
  }

  /// A client whose Proxy Open has succeeded.
  func open(_ sourceLocation: SourceLocation = #_sourceLocation) -> ClientConnection {
    let connection = connect()
    send(Self.proxyOpen(Self.device), from: connection)
    let answer = take(connection)
    #expect(answer.count == 1 && answer.first?.result == .success, sourceLocation: sourceLocation)
    return connection
  }

  /// A client with reports of new messages on this WMS id.
  func openReporting(_ clientID: ClientID) -> ClientConnection {
    let connection = open()
    send(
      WMS.SetEventReportRequest(reportsNewMessages: true).encoded(client: clientID, transaction: 1), from: connection)
    let request = takeRequest()
    respond(to: request, request.frame.response(.success))
    // The answer first; announcements of what nobody was told of may follow it.
    let got = take(connection)
    #expect(got.first?.kind == .response && got.dropFirst().allSatisfy { $0.kind == .indication })
    frames[connection] = got.count > 1 ? Array(got.dropFirst()) : nil
    return connection
  }

  func send(_ frame: QMUXFrame, from connection: ClientConnection) {
    send(frame.octets, from: connection)
  }

  func send(_ octets: [UInt8], from connection: ClientConnection) {
    octets.withUnsafeBytes { interposer.clientSent($0, from: connection, now: now) }
    drain()
  }

  func disconnect(_ connection: ClientConnection) {
    interposer.clientClosed(connection, now: now)
    drain()
  }

  static func proxyOpen(_ path: String, transaction: ControlTransactionID = 1) -> QMUXFrame {
    guard let request = CTL.ProxyOpenRequest(devicePath: path) else { preconditionFailure("a test's own path") }
    return request.encoded(transaction: transaction)
  }

  // MARK: Modem

  func respond(to request: ModemRequest, _ frame: QMUXFrame) {
    interposer.modemResponded(request.id, frame, now: now)
    drain()
  }

  func fail(_ request: ModemRequest, _ failure: ModemFailure) {
    interposer.modemFailed(request.id, failure, now: now)
    drain()
  }

  func indicate(_ frame: QMUXFrame) {
    interposer.modemIndicated(frame, now: now)
    drain()
  }

  func openModem() {
    interposer.modemOpened(now: now)
    drain()
  }

  func vetStorage() {
    interposer.vetStorage(now: now)
    drain()
  }

  func removeModem() {
    interposer.modemRemoved(now: now)
    drain()
  }

  // MARK: Decisions

  @discardableResult
  func resolve(_ id: SubmissionID, _ resolution: SubmissionResolution) -> Bool {
    defer { drain() }
    return interposer.resolve(id, resolution, now: now)
  }

  @discardableResult
  func resolveIncoming(_ id: IncomingMessageID, _ resolution: IncomingResolution) -> Bool {
    defer { drain() }
    return interposer.resolveIncoming(id, resolution, now: now)
  }

  func setTapMode(_ mode: TapMode) {
    interposer.setTapMode(mode, now: now)
    drain()
  }

  @discardableResult
  func deliver(_ message: StoredMessage) throws -> Int {
    defer { drain() }
    return try interposer.deliver(message, now: now)
  }

  func submitLocally(_ submits: [SMSSubmit]) throws -> SubmissionID {
    defer { drain() }
    return try interposer.submitLocally(submits, now: now)
  }

  func beginShutdown() {
    interposer.beginShutdown(now: now)
    drain()
  }

  // MARK: Time

  /// Lets time pass, stopping at each deadline on the way.
  func advance(_ duration: Duration) {
    let end = now + duration
    while let deadline = interposer.nextDeadline, deadline <= end {
      now = max(now, deadline)
      interposer.timeReached(now: now)
      drain()
    }
    now = end
  }

  // MARK: What came out

  func drain() {
    while let action = interposer.nextAction() {
      switch action {
      case .sendToClient(let connection, let octets):
        do {
          frames[connection, default: []].append(try QMUXFrame(octets))
        } catch {
          Issue.record("not a frame: \(error)")
        }
      case .closeClient(let connection, let reason): closed[connection] = reason
      case .sendToModem(let id, let frame, let timeout):
        requests.append(ModemRequest(id: id, frame: frame, timeout: timeout))
      case .keepClientIDs(let ids): keptIDs = ids
      default: events.append(action)
      }
    }
  }

  /// What the client got since the last call.
  func take(_ connection: ClientConnection) -> [QMUXFrame] {
    frames.removeValue(forKey: connection) ?? []
  }

  func takeOne(_ connection: ClientConnection, _ sourceLocation: SourceLocation = #_sourceLocation) -> QMUXFrame {
    let all = take(connection)
    #expect(all.count == 1, sourceLocation: sourceLocation)
    return all.first ?? Self.nothing
  }

  func takeRequests() -> [ModemRequest] {
    defer { requests = [] }
    return requests
  }

  /// The one request the modem got since the last call.
  func takeRequest(_ sourceLocation: SourceLocation = #_sourceLocation) -> ModemRequest {
    let all = takeRequests()
    #expect(all.count == 1, "\(all.map(\.frame))", sourceLocation: sourceLocation)
    return all.first ?? ModemRequest(id: ModemRequestID(rawValue: .max), frame: Self.nothing, timeout: .zero)
  }

  func takeEvents() -> [Interposer.Action] {
    defer { events = [] }
    return events
  }

  /// The one submission reported since the last call.
  func takeSubmission(_ sourceLocation: SourceLocation = #_sourceLocation) -> Submission? {
    let all = takeEvents()
    guard all.count == 1, case .submitted(let submission) = all.first else {
      Issue.record("\(all)", sourceLocation: sourceLocation)
      return nil
    }
    return submission
  }

  func takeReceived(_ sourceLocation: SourceLocation = #_sourceLocation) -> IncomingCarrierMessage? {
    let all = takeEvents().filter { if case .consumed = $0 { false } else { true } }
    guard all.count == 1, case .received(let message) = all.first else {
      Issue.record("\(all)", sourceLocation: sourceLocation)
      return nil
    }
    return message
  }

  /// Gives the Interposer its own client id, which it asks for now.
  func grantOwnClient(_ sourceLocation: SourceLocation = #_sourceLocation) {
    let request = takeRequest(sourceLocation)
    #expect(request.frame.messageID == CTL.ID.allocateClientID, sourceLocation: sourceLocation)
    respond(
      to: request,
      CTL.AllocateClientIDResponse(.init(service: .wms, clientID: Self.ownClientID)).encoded(transaction: 9))
  }

  private static let nothing = QMIMessageBuilder(
    .request, service: .control, client: .control, transaction: 0, message: 0
  ).finish()
}
