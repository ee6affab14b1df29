import QMI

/// A client's List Messages or Raw Read that waits.
struct HeldRead: Sendable {
  let frame: QMUXFrame
  let connection: ClientConnection
  let storage: WMS.StorageType
  /// Nil for a list.
  let index: UInt32?
}
