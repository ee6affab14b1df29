import QMI

/// What is to be done with the answer to one request. Trivial to copy: each forwarded request has one.
struct PendingRequest: Sendable {
  enum Purpose: Hashable, Sendable {
    // A client's requests.

    /// The answer goes back as it is.
    case plain
    /// The answer goes back with the client's own transaction.
    case control
    /// As `control`; the id in it becomes the client's.
    case allocation(QMIService)
    case startNetwork
    case stopNetwork
    case setEventReport(Bool)
    case resetWMS
    /// List Messages in device storage: virtual storage is added.
    case listMessages(tag: WMS.MessageTag?)
    /// Delete in device storage without an index: virtual storage too.
    case deleteMessages(tag: WMS.MessageTag?)
    /// One part of a submission, in the client's own frame.
    case part(SubmissionID, number: Int)
    case unparsed(SubmissionID)

    // The Interposer's own.

    case ownAllocation
    case ownReports
    case ownPart(SubmissionID, number: Int)
    case ownList(WMS.StorageType)
    case ownRead(IncomingMessageID)
    case ownConsume(IncomingMessageID)
    case ownStoredSubmissionRead(SubmissionID)
    case ownRelease(ServiceClientID)
    /// Nobody waits for the answer.
    case ownUnheeded
  }

  /// Who asked; nil for the Interposer itself.
  let client: ClientConnection?
  let purpose: Purpose
  let service: QMIService
  let clientID: ClientID
  let messageID: MessageID
  /// As the client chose it.
  let transaction: UInt16

  @inline(__always)
  init(_ frame: QMUXFrame, client: ClientConnection?, purpose: Purpose) {
    self.client = client
    self.purpose = purpose
    service = frame.service
    clientID = frame.clientID
    messageID = frame.messageID
    transaction = frame.transaction
  }

  /// An answer that the modem did not give.
  func response(_ result: QMIResult) -> QMUXFrame {
    var builder = QMIMessageBuilder(
      .response, service: service, client: clientID, transaction: transaction, message: messageID)
    builder.append(result)
    return builder.finish()
  }
}
