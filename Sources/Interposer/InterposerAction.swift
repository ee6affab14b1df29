public import QMI

extension Interposer {
  /// What the shell, or the one who composes the Interposer, has to do next. The rare and large ones are boxed, which keeps the
  /// frequent ones cheap to pass on.
  public enum Action: Hashable, Sendable {
    // MARK: For the shell

    /// Queue the octets to the client; whole frames.
    case sendToClient(ClientConnection, [UInt8])
    /// Close the connection after what is queued has been tried once. ``Interposer/clientClosed(_:now:)`` need not be called
    /// for it.
    case closeClient(ClientConnection, CloseReason)
    /// Open the device; ``Interposer/modemOpened(now:)`` or ``Interposer/modemOpenFailed(now:)`` answers.
    case openModem
    /// Send the request; ``Interposer/modemResponded(_:_:now:)`` or ``Interposer/modemFailed(_:_:now:)`` answers, unless the modem
    /// is removed first. A control message has transaction 0, to be replaced by a free one.
    case sendToModem(ModemRequestID, QMUXFrame, timeout: Duration)

    /// Keep these for ``Interposer/restoreClientIDs(_:)`` of the next run, in the place of what was kept before; until the machine
    /// starts anew, and the modem with it, is enough.
    indirect case keepClientIDs([CTL.ClientIDAllocation])

    // MARK: For the decision

    /// Decide by ``Interposer/resolve(_:_:now:)``. A concatenated message comes when its first part has come, and, when that was
    /// held, once more with all parts.
    indirect case submitted(Submission)
    /// In ``TapMode/observe``: a message (its first part) has been forwarded. Its ``CarrierReport`` follows.
    indirect case observed(Submission)
    /// A message has been forwarded that nothing can be decided about.
    indirect case unparsed(UnparsedSubmission)
    /// The client of a submission that waits for a decision has disconnected. The decision still counts.
    case submitterGone(SubmissionID)
    /// There is nothing left to decide: what has come of the submission goes by carrier. Its ``CarrierReport`` follows.
    case released(SubmissionID, ReleaseReason)
    /// What became of a submission that went by carrier.
    indirect case carried(CarrierReport)
    /// Decide by ``Interposer/resolveIncoming(_:_:now:)``.
    indirect case received(IncomingCarrierMessage)
    /// What was to be consumed is gone from the modem.
    case consumed(IncomingMessageID)

    // MARK: For the spool

    /// A client deleted a message from virtual storage.
    case deletedFromStorage(StoredMessageID)
    /// A client changed the tag of a message in virtual storage.
    case retagged(StoredMessageID, WMS.MessageTag)
  }
}

/// Frames hold what people write to whom, so their octets are never printed.
extension Interposer.Action: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    switch self {
    case .sendToClient(let client, let octets): "send \(octets.count) octets to client \(client.rawValue)"
    case .closeClient(let client, let reason): "close client \(client.rawValue): \(reason)"
    case .openModem: "open the modem"
    case .sendToModem(let request, let frame, let timeout): "send request \(request.rawValue) (\(frame)) within \(timeout)"
    case .keepClientIDs(let ids): "keep \(ids.count) client ids"
    case .submitted(let submission): "decide about \(submission)"
    case .observed(let submission): "observed \(submission)"
    case .unparsed(let unparsed): "not parsed: submission \(unparsed.id.rawValue), \(unparsed.reason)"
    case .submitterGone(let id): "client of submission \(id.rawValue) has gone"
    case .released(let id, let reason): "released submission \(id.rawValue): \(reason)"
    case .carried(let report): "submission \(report.submission.rawValue) by carrier: \(report.outcome)"
    case .received(let message): "decide about incoming message \(message.id.rawValue)"
    case .consumed(let id): "incoming message \(id.rawValue) is consumed"
    case .deletedFromStorage(let id): "deleted stored message \(id.ordinal)"
    case .retagged(let id, let tag): "stored message \(id.ordinal) has tag \(tag.rawValue)"
    }
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
