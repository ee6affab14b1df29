internal import Interposer
internal import Routing
internal import Sealing
internal import Telephony

/// Messages that a client deletes before the carrier's copy can have come: of those something is kept, or that copy would be
/// shown when shuntd has been started anew in between.
extension Handset {
  mutating func deletedFromStorage(_ id: StoredMessageID) -> HandsetAction {
    guard enrolment.isEnabled, let file = spool.file(id), let message = file.messageID,
      incoming.recent.remembers(message: message, now: now), let remaining = timeForCopy(file.receivedAt),
      let kept = file.erasing(key: (0..<ErasedCopy.keyOctetCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    else {
      spool.remove(id)
      return .removeFromSpool(id)
    }
    if let other = spool.erase(id, of: message, until: now + remaining) { act(.removeFromSpool(other)) }
    return .eraseInSpool(kept)
  }

  /// For how long the copy of a message may still come; nil when it can't.
  func timeForCopy(_ receivedAt: WallTime?) -> Duration? {
    guard let receivedAt else { return nil }
    // A clock that was set back does not make it longer.
    let age = max(.zero, wall.elapsed(since: receivedAt))
    return age < RecentMessages.window ? RecentMessages.window - age : nil
  }

  /// - Returns: false when it is an ordinary message.
  mutating func restoreErased(_ file: SpooledMessage) -> Bool {
    guard let erased = file.erased else { return false }
    guard enrolment.isEnabled, !incoming.concluded.contains(erased.messageID), let remaining = timeForCopy(erased.receivedAt)
    else {
      act(.removeFromSpool(file.id))
      return true
    }
    if let other = spool.restoreErased(file.id, of: erased.messageID, until: now + remaining) { act(.removeFromSpool(other)) }
    for copy in erased.copies {
      incoming.recent.rememberErased(
        route: .ip, message: erased.messageID, now: now + remaining - RecentMessages.window, wall: erased.receivedAt
      ) {
        copy.matches(sender: $0, content: $1)
      }
    }
    return true
  }

  /// Removes what has been kept long enough. No timer waits for it: it is done when there is something to do anyway.
  mutating func removeExpired(all: Bool = false) {
    for id in spool.takeExpired(now: now, all: all) { act(.removeFromSpool(id)) }
  }
}
