public import Interposer
public import QMI
public import RelayProtocol
public import Routing
public import Telephony

/// What a device's shell has to do next. It does each in order, at once, and reports back by the event named.
public enum HandsetAction: Sendable {
  // MARK: libqmi clients and the modem; see Interposer.Action

  case sendToClient(ClientConnection, [UInt8])
  case closeClient(ClientConnection, CloseReason)
  case openModem
  case sendToModem(ModemRequestID, QMUXFrame, timeout: Duration)

  // MARK: Identity

  /// Read who the device and its SIM are; ``Handset/identityRead(_:now:)`` answers.
  case readIdentity
  /// Read which network serves; ``Handset/servingNetworkRead(registrationState:isRoaming:country:now:)`` answers.
  case readServingNetwork

  // MARK: Relay

  /// Open a TLS connection to the configured relay; ``Handset/relayConnected(_:certificateKeyHash:now:)`` or
  /// ``Handset/relayClosed(_:reason:now:)`` answers.
  case connectToRelay(RelayConnection)
  case sendToRelay([UInt8], RelayConnection)
  /// Close the connection after what was sent; no event answers.
  case closeRelay(RelayConnection)

  // MARK: State

  /// Write the file durably before the next action.
  case write(StateFile, [UInt8])
  case remove(StateFile)
  /// Write spool files durably, all new ones or none; ``Handset/spoolWritten(_:succeeded:now:)`` answers, at once or later.
  /// One file that is there already gets another tag: when that fails, it stays as it is.
  case writeSpool(SpoolWrite, [SpooledMessage])
  case removeFromSpool(StoredMessageID)
  /// A client has deleted the message: put this in the place of its file, durably, or remove that when it fails.
  case eraseInSpool(SpooledMessage)
  /// The file can't be read: keep it under another name (``SpooledMessage/damagedFileName(of:)``), so that its index is free.
  case setAsideInSpool(StoredMessageID)

  /// Keep this for ``PersistedState/clientIDs`` of the next run, in the place of what was kept before. It need not survive a
  /// start of the machine.
  case keepClientIDs([UInt8])
  /// The same for ``PersistedState/concluded``.
  case keepConcluded([UInt8])

  // MARK: The system

  /// Answers ``Handset/prepareForSleep(now:)``, once: let the system sleep.
  case letSleep

  // MARK: What a person sees

  /// One line of the decision log.
  case record(DecisionRecord)
  /// Something the journal should tell; no personal data.
  case note(NoteLevel, String)
  case reply(HandsetCall, HandsetReply)
  /// The identity key of a contact is another than the one pinned; once a key.
  case keyChanged(PhoneNumber)
  /// The values that ``Handset/publicStatus`` tells have changed.
  case statusChanged([HandsetField])
}

/// How much a note matters, as syslog has it.
public enum NoteLevel: Sendable, Equatable {
  case info, notice, warning, error
}

/// Names one ``HandsetAction/writeSpool(_:_:)``.
public struct SpoolWrite: Hashable, Sendable {
  let number: UInt64
}
