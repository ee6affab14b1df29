internal import CModem

/// The caller's end of the control interface, for command-line tools: calls block, signals come by the event loop.
public final class BusClient {
  /// A record of the decision log, as in the file.
  public var onDecision: ((String) -> Void)?
  /// What `Status` returns now.
  public var onStatusChanged: ((BusRow) -> Void)?
  /// Whose identity key is another than the one pinned, as far as the daemon's settings let it be told.
  public var onKeyChanged: ((BusRow) -> Void)?
  /// The daemon appeared on the bus (true) or left it; also called once soon after ``subscribe()``.
  public var onPresence: ((Bool) -> Void)?
  /// The bus itself is gone; nothing more will come.
  public var onBusLost: (() -> Void)?

  private let handle: OpaquePointer
  private var isSubscribed = false

  /// Connects to the bus; does not need the daemon to be there.
  /// - Throws: ``BusClientError/busUnreachable(_:)``.
  public init(bus: BusAddress, busName: String = ControlInterface.busName) throws(BusClientError) {
    var error = CmBusError()
    guard
      let handle = cm_bus_client_open(
        bus.description, busName, ControlInterface.objectPath, ControlInterface.interfaceName, &error)
    else {
      throw BusClientError(consuming: &error)
    }
    self.handle = handle
  }

  deinit {
    cm_bus_client_free(handle)
  }

  /// Calls the daemon and waits for its answer.
  /// - Parameter timeout: nil waits without limit, for answers that come when an outcome is known.
  public func call(_ request: ControlRequest, timeout: Duration? = .seconds(25)) throws(BusClientError) -> ControlReply {
    let (signature, strings, number) = request.arguments
    let milliseconds = timeout.map { Int32(min($0.clampedMilliseconds, UInt32(Int32.max - 1))) } ?? Int32.max
    var error = CmBusError()
    let answer = withCStrings(strings) {
      cm_bus_client_call(handle, request.method, signature, $0, strings.count, number, milliseconds, &error)
    }
    guard let answer else { throw BusClientError(consuming: &error) }
    defer { cm_bus_reply_free(answer) }
    let count = cm_bus_reply_count(answer)
    if cm_bus_reply_is_lines(answer) {
      return .lines((0..<count).map { Self.row(answer, $0)[""]?.string ?? "" })
    }
    let rows = (0..<count).map { Self.row(answer, $0) }
    return cm_bus_reply_is_single(answer) ? .row(rows.first ?? [:]) : .rows(rows)
  }

  /// Begins to receive signals and presence, by the event loop. Does nothing when called again.
  public func subscribe() {
    guard !isSubscribed else { return }
    isSubscribed = true
    var callbacks = CmBusClientCallbacks(
      signal: { BusClient.from($0)?.signal($1, $2, $3) },
      presence: { BusClient.from($0)?.onPresence?($1) },
      lost: { BusClient.from($0)?.onBusLost?() })
    cm_bus_client_subscribe(handle, &callbacks, Unmanaged.passUnretained(self).toOpaque())
  }

  private static func from(_ userData: UnsafeMutableRawPointer?) -> BusClient? {
    userData.map { Unmanaged<BusClient>.fromOpaque($0).takeUnretainedValue() }
  }

  private func signal(_ name: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?, _ row: OpaquePointer?) {
    switch name.map({ String(cString: $0) }) {
    case ControlInterface.decisionSignal:
      if let text { onDecision?(String(cString: text)) }
    case ControlInterface.statusChangedSignal:
      if let row { onStatusChanged?(Self.row(row, 0)) }
    case ControlInterface.keyChangedSignal:
      if let row { onKeyChanged?(Self.row(row, 0)) }
    default:
      break
    }
  }

  private static func row(_ reply: OpaquePointer, _ index: Int) -> BusRow {
    var row: BusRow = [:]
    withUnsafeMutablePointer(to: &row) { pointer in
      cm_bus_reply_visit(
        reply, index,
        { userData, key, value in
          guard let userData, let key, let value else { return }
          userData.assumingMemoryBound(to: BusRow.self).pointee[String(cString: key)] = BusValue(value.pointee)
        }, pointer)
    }
    return row
  }
}

extension BusClientError {
  /// Frees what the shim reported.
  fileprivate init(consuming error: inout CmBusError) {
    let name = error.name.map { String(cString: $0) } ?? ""
    let message = error.message.map { String(cString: $0) } ?? "unknown error"
    switch error.failure {
    case CM_BUS_FAILED_NOT_RUNNING: self = .serviceNotRunning
    case CM_BUS_FAILED_DENIED: self = .accessDenied(message)
    case CM_BUS_FAILED_TIMEOUT: self = .timedOut
    case CM_BUS_FAILED_REMOTE:
      if name.hasPrefix(ControlInterface.errorPrefix) {
        self = .service(
          ControlError(name: String(name.dropFirst(ControlInterface.errorPrefix.count)), message: message))
      } else {
        self = .other(name: name, message: message)
      }
    default: self = .busUnreachable(message)
    }
    cm_bus_error_clear(&error)
  }
}
