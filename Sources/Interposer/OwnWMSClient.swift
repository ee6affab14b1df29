import QMI

/// The Interposer's own client of the messaging service: for finding and reading incoming messages, for deleting them, and for sending parts
/// that no client waits for. It costs one of the modem's few ids, so it is allocated when it is needed.
struct OwnWMSClient: Sendable {
  /// What the id is needed for.
  enum Operation: Hashable, Sendable {
    case list(WMS.StorageType)
    case read(IncomingMessageID)
    case consume(IncomingMessageID)
    case readStoredSubmission(SubmissionID)
    case send(SubmissionID, number: Int)
    case markSent(WMS.MessageLocation)
    case reports
  }

  private enum State: Sendable {
    case absent
    case allocating([Operation])
    case ready(ClientID)
  }

  enum Request: Sendable {
    /// Ask the modem for an id; the operation waits.
    case allocate
    case wait
    case perform(ClientID)
  }

  private var state = State.absent
  private var transaction: UInt16 = 0
  /// Whether reports of new messages have been asked for.
  var hasReports = false

  var clientID: ClientID? {
    if case .ready(let clientID) = state { clientID } else { nil }
  }

  var isAllocating: Bool {
    if case .allocating = state { true } else { false }
  }

  mutating func request(_ operation: Operation) -> Request {
    switch state {
    case .absent:
      state = .allocating([operation])
      return .allocate
    case .allocating(var operations):
      state = .absent
      operations.append(operation)
      state = .allocating(operations)
      return .wait
    case .ready(let clientID):
      return .perform(clientID)
    }
  }

  /// - Returns: the operations that waited.
  mutating func allocated(_ clientID: ClientID) -> [Operation] {
    guard case .allocating(let operations) = state else { return [] }
    state = .ready(clientID)
    hasReports = false
    return operations
  }

  /// The modem has no id, or has gone, or the id has been released.
  ///
  /// - Returns: the operations that waited.
  mutating func lost() -> [Operation] {
    defer {
      state = .absent
      hasReports = false
    }
    if case .allocating(let operations) = state { return operations }
    return []
  }

  /// Transactions count up and skip zero, as libqmi's do.
  mutating func nextTransaction() -> ServiceTransactionID {
    transaction = transaction == .max ? 1 : transaction + 1
    return ServiceTransactionID(rawValue: transaction)
  }
}
