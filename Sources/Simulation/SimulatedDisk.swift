internal import Handset
internal import Interposer

/// What a handset has on disk. A write that has returned is there after a loss of power, too; one that was under way is there
/// or not, all its files or none.
struct SimulatedDisk {
  var files: [StateFile: [UInt8]] = [:]
  var spool: [StoredMessageID: SpooledMessage] = [:]
  /// In memory: gone with the power.
  var clientIDs: [UInt8] = []
  var concluded: [UInt8] = []
  var isFull = false
  /// From a spool write until it is answered, while the disk is slow.
  var delay: Duration?

  var state: PersistedState {
    PersistedState(files: files, spool: spool.keys.sorted().compactMap { spool[$0] }, clientIDs: clientIDs, concluded: concluded)
  }
}
