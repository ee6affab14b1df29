import QMI

/// What came to the modem while nobody watched it, because the proxy did not run or did not have the device, is looked at before a
/// client may find it: it may be the carrier's copy of a message that came by IP.
extension Interposer {
  /// Reads the messages in the modem's storage; each is given to ``Action/received(_:)`` as
  /// ``IncomingCarrierMessage/Source/found(_:)``. Until it has been decided about them, clients' lists and reads wait, but no longer than
  /// ``Timing/vetting``. Does nothing when the device is not open.
  public mutating func vetStorage(now: Duration) {
    advance(to: now)
    guard link.isOpen, phase == .running, vetting == nil else { return }
    vetting = StorageVetting(capacity: configuration.limits.vettedMessages)
    timers.schedule(.vetting, at: clock + configuration.timing.vetting)
    continueVetting()
  }

  mutating func continueVetting() {
    switch vetting?.next() {
    case .list(let storage): perform(.list(storage))
    case .look(let location):
      // What has been announced meanwhile is looked at for that.
      guard incoming.pending(.stored(location)) == nil else {
        continueVetting()
        return
      }
      let id = incoming.begin(.stored(location), phase: .reading)
      vetting?.message = id
      timers.schedule(.incoming(id), at: clock + configuration.timing.ownRequest)
      perform(.read(id))
    case nil: endVetting()
    }
  }

  /// - Parameter entries: none when the modem has no such storage, or does not answer.
  mutating func storageListed(_ storage: WMS.StorageType, _ entries: [WMS.ListMessagesResponse.Entry]) {
    guard vetting?.storage == storage else { return }
    vetting?.listed(entries, in: storage)
    continueVetting()
  }

  mutating func endVetting() {
    timers.cancel(.vetting)
    guard vetting != nil else { return }
    vetting = nil
    releaseHeldReads()
  }

  // MARK: Lists and reads of clients

  /// Holds a request back whose answer would show a message that is still to be decided about.
  ///
  /// - Parameter index: nil for a list.
  /// - Returns: whether it waits.
  mutating func holdsRead(of storage: WMS.StorageType, index: UInt32?, _ frame: QMUXFrame, from client: Int) -> Bool {
    guard mustWait(storage, index), heldReads.count < configuration.limits.heldReads else { return false }
    if heldReads.isEmpty { timers.schedule(.heldReads, at: clock + configuration.timing.vetting) }
    heldReads.append(HeldRead(frame: frame, connection: clients[client].connection, storage: storage, index: index))
    return true
  }

  private func mustWait(_ storage: WMS.StorageType, _ index: UInt32?) -> Bool {
    vetting != nil || incoming.concerns(storage, index: index)
  }

  /// Passes on what need not wait any more.
  ///
  /// - Parameter all: whatever it waits for.
  mutating func releaseHeldReads(all: Bool = false) {
    guard !heldReads.isEmpty else { return }
    let held = heldReads
    heldReads = []
    for read in held {
      guard let index = clients.index(of: read.connection) else { continue }
      if !all, mustWait(read.storage, read.index) {
        heldReads.append(read)
      } else if read.index == nil {
        passListMessages(read.frame, try? WMS.ListMessagesRequest(decoding: read.frame), from: index)
      } else {
        forward(read.frame, from: index, .plain)
      }
    }
    if heldReads.isEmpty { timers.cancel(.heldReads) }
  }
}
