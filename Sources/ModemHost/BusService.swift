internal import CModem

/// The daemon's end of the control interface: owns `org.shunt.Shunt1` on a message bus and hands over its calls.
///
/// Set the handlers, then call ``start()``. When the bus or the name is lost, ``start()`` may be called again.
/// Handlers are called from the event loop.
public final class BusService {
  /// Why the service is off the bus.
  public enum Loss: Equatable, Sendable {
    /// The bus can't be reached, or went away.
    case connectionLost
    /// Another process owns the name.
    case nameTaken
    /// The bus's policy does not let this process own the name.
    case nameDenied
  }

  /// The name is owned.
  public var onReady: (() -> Void)?
  /// The service is off the bus; the text is one line for people. Called once a ``start()``.
  public var onLost: ((Loss, String) -> Void)?
  /// A call arrived; answer it with ``BusCall/reply(_:)`` or ``BusCall/fail(_:)``.
  public var onCall: ((BusCall) -> Void)?

  private let bus: BusAddress
  private let busName: String
  private var handle: OpaquePointer?

  /// - Parameter busName: another name than the usual one, for several daemons on one bus.
  public init(bus: BusAddress, busName: String = ControlInterface.busName) {
    self.bus = bus
    self.busName = busName
  }

  deinit {
    cm_bus_service_free(handle)
  }

  /// Connects and asks for the name. Does nothing while started.
  public func start() {
    guard handle == nil else { return }
    var callbacks = CmBusServiceCallbacks(
      ready: { BusService.from($0)?.onReady?() },
      lost: { BusService.from($0)?.lost($1, $2) },
      called: { BusService.from($0)?.called($1, $2, $3, $4, $5) })
    handle = cm_bus_service_start(
      bus.description, busName, ControlInterface.objectPath, ControlInterface.introspectionXML, &callbacks,
      Unmanaged.passUnretained(self).toOpaque())
  }

  /// Leaves the bus. Calls that wait for an answer may still be answered, though nobody may hear it.
  public func stop() {
    let ended = handle
    handle = nil
    cm_bus_service_free(ended)
  }

  /// Sends the signal `Decision`: one record of the decision log, as in the file.
  public func emitDecision(_ json: String) {
    cm_bus_service_emit_string(handle, ControlInterface.decisionSignal, json)
  }

  /// Sends the signal `StatusChanged` with what `Status` returns now.
  public func emitStatusChanged(_ status: BusRow) {
    BusRows([status]).withHandle { cm_bus_service_emit_row(handle, ControlInterface.statusChangedSignal, $0) }
  }

  /// Sends the signal `KeyChanged`: whose identity key is another than the one pinned.
  public func emitKeyChanged(_ contact: BusRow) {
    BusRows([contact]).withHandle { cm_bus_service_emit_row(handle, ControlInterface.keyChangedSignal, $0) }
  }

  private static func from(_ userData: UnsafeMutableRawPointer?) -> BusService? {
    userData.map { Unmanaged<BusService>.fromOpaque($0).takeUnretainedValue() }
  }

  private func lost(_ loss: CmBusLoss, _ text: UnsafePointer<CChar>?) {
    let ended = handle
    handle = nil
    cm_bus_service_free(ended)
    let kind: Loss =
      switch loss {
      case CM_BUS_NAME_TAKEN: .nameTaken
      case CM_BUS_NAME_DENIED: .nameDenied
      default: .connectionLost
      }
    onLost?(kind, text.map { String(cString: $0) } ?? "")
  }

  private func called(
    _ call: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ strings: UnsafePointer<UnsafePointer<CChar>?>?,
    _ count: Int, _ number: UInt32
  ) {
    guard let call else { return }
    let method = method.map { String(cString: $0) } ?? ""
    let strings = UnsafeBufferPointer(start: strings, count: count).map { $0.map { String(cString: $0) } ?? "" }
    guard let request = ControlRequest(method: method, strings: strings, number: number) else {
      cm_bus_call_fail(call, "org.freedesktop.DBus.Error.UnknownMethod", "no method \(method)")
      return
    }
    let waiting = BusCall(request: request, takingOwnershipOf: call)
    if let onCall {
      onCall(waiting)
    } else {
      waiting.fail(ControlError(name: "NotReady", message: "the daemon does not take calls yet"))
    }
  }
}
