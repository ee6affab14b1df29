internal import CModem

/// A call that waits for its answer. Answer it once, now or later; a call that is dropped unanswered is answered with
/// an error, so that no caller waits for ever.
public final class BusCall {
  public let request: ControlRequest
  private var handle: OpaquePointer?

  init(request: ControlRequest, takingOwnershipOf handle: OpaquePointer) {
    self.request = request
    self.handle = handle
  }

  deinit {
    fail(ControlError(name: "Cancelled", message: "the daemon dropped the call"))
  }

  /// Answers the call. An answer of a kind that the method does not return is a programming error; later answers are
  /// ignored.
  public func reply(_ reply: ControlReply) {
    guard let handle else { return }
    switch (request, reply) {
    case (.lookUp, .rows(let rows)):
      BusRows(rows).withHandle { cm_bus_call_reply_rows(handle, $0) }
    case (.log, .lines(let lines)):
      withCStrings(lines) { cm_bus_call_reply_lines(handle, $0, lines.count) }
    case (_, .row(let row)) where request.isAnsweredWithARow:
      BusRows([row]).withHandle { cm_bus_call_reply_row(handle, $0) }
    default:
      preconditionFailure("\(request.method) does not return this kind of reply")
    }
    self.handle = nil
  }

  /// Answers the call with an error.
  public func fail(_ error: ControlError) {
    guard let handle else { return }
    self.handle = nil
    cm_bus_call_fail(handle, ControlInterface.errorPrefix + error.name, error.message)
  }
}

extension ControlRequest {
  fileprivate var isAnsweredWithARow: Bool {
    switch self {
    case .lookUp, .log: false
    case .enable, .enableInstead, .confirm, .disable, .deregister, .status, .identity, .send, .fingerprint, .trust: true
    }
  }
}
