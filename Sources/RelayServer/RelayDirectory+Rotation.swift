internal import RelayProtocol
internal import Sealing

/// What a rotation did, for a person.
public enum RelayRotation: Equatable, Sendable {
  /// A second number-token key is there; generations of the new one and the old one.
  case began(new: UInt32, old: UInt32)
  /// The new key was there already, and is now in the file for devices too.
  case completed(new: UInt32, old: UInt32)
  /// Only the newer key is there any more.
  case finished(kept: UInt32, dropped: UInt32)
}

extension RelayDirectory {
  /// Adds a number-token key beside the one in use. A relay that runs serves it after its next start.
  ///
  /// - Throws: ``RelayError/alreadyRotating(directory:)`` when there are two already.
  public func rotate() throws(RelayError) -> RelayRotation {
    let (keys, trust) = try loadKeys()
    if let newest = keys.generations.first, let old = keys.generations.dropFirst().first {
      // Interrupted between the two files.
      guard !trust.pins(newest) else { throw .alreadyRotating(directory: path) }
      try replaceTrust(by: keys)
      return .completed(new: newest.rawValue, old: old.rawValue)
    }
    guard let rotated = keys.addingGeneration(), let new = rotated.generations.first,
      let old = rotated.generations.last
    else { throw .alreadyRotating(directory: path) }
    // Devices must not be told of a key that the relay does not have: secrets first.
    try FileIO.replace(secretsPath, rotated.pemText)
    try replaceTrust(by: rotated)
    return .began(new: new.rawValue, old: old.rawValue)
  }

  /// Drops the older of two number-token keys. Devices whose file has only that one look nobody up any more, and
  /// registrations that have not moved to the newer one lapse.
  ///
  /// - Parameter lapse: whether registrations that have not moved may lapse by it.
  /// - Throws: ``RelayError/notRotating(directory:)`` when there is one only, ``RelayError/notMoved(count:)``.
  public func finishRotation(lapse: Bool = false) throws(RelayError) -> RelayRotation {
    let (keys, _) = try loadKeys()
    guard let dropped = keys.generations.last, let kept = keys.generations.first,
      let rest = keys.droppingOldestGeneration()
    else { throw .notRotating(directory: path) }
    if !lapse, FileIO.exists(databasePath) {
      let store = try RegistrationStore(path: databasePath)
      defer { store.close() }
      do {
        let count = try store.countWithout(kept)
        guard count == 0 else { throw RelayError.notMoved(count: count) }
      } catch let error as RelayError {
        throw error
      } catch {
        throw .invalid(path: databasePath, reason: RegistrationStore.text(error))
      }
    }
    try replaceTrust(by: rest)
    try FileIO.replace(secretsPath, rest.pemText)
    return .finished(kept: kept.rawValue, dropped: dropped.rawValue)
  }

  private func replaceTrust(by keys: RelayKeys) throws(RelayError) {
    let text = try text(trustPath)
    do {
      try FileIO.replace(trustPath, keys.trust(certificatePEM: text).pemText)
    } catch let error as RelayError {
      throw error
    } catch {
      throw .invalid(path: trustPath, reason: "\(error)")
    }
  }
}
