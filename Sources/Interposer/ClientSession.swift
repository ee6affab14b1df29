import QMI

/// One connected client.
struct ClientSession: Sendable {
  private enum State: Sendable {
    /// Nothing has been opened.
    case connected
    /// Its Proxy Open waits for the device.
    case opening(QMUXFrame)
    case open
  }

  let connection: ClientConnection
  var decoder = QMUXFrameDecoder()
  /// Requests that the modem has not answered.
  var requestCount = 0
  /// The client ids it uses, whether allocated by it or adopted.
  private(set) var ids: [ServiceClientID] = []
  private var state = State.connected

  init(_ connection: ClientConnection) {
    self.connection = connection
  }

  var isOpen: Bool {
    if case .open = state { true } else { false }
  }

  var isOpening: Bool {
    if case .opening = state { true } else { false }
  }

  /// - Returns: the Proxy Open that waited before, if one did.
  mutating func waitForDevice(_ request: QMUXFrame) -> QMUXFrame? {
    defer { state = .opening(request) }
    return waitingRequest
  }

  /// The device is open.
  ///
  /// - Returns: the Proxy Open that can be answered now.
  mutating func deviceOpened() -> QMUXFrame? {
    guard let request = waitingRequest else { return nil }
    state = .open
    return request
  }

  /// The device could not be opened, or not in time.
  ///
  /// - Returns: the Proxy Open that is to be answered with a failure.
  mutating func openFailed() -> QMUXFrame? {
    guard let request = waitingRequest else { return nil }
    state = .connected
    return request
  }

  mutating func open() { state = .open }

  private var waitingRequest: QMUXFrame? {
    if case .opening(let request) = state { request } else { nil }
  }

  @inline(__always)
  func holds(_ id: ServiceClientID) -> Bool {
    for held in ids where held == id { return true }
    return false
  }

  func holds(_ service: QMIService) -> Bool {
    ids.contains { $0.service == service }
  }

  mutating func add(_ id: ServiceClientID) {
    if !holds(id) { ids.append(id) }
  }

  /// - Returns: whether it had the id.
  mutating func remove(_ id: ServiceClientID) -> Bool {
    guard let index = ids.firstIndex(of: id) else { return false }
    ids.remove(at: index)
    return true
  }
}
