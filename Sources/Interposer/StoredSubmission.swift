import QMI

/// A Send From Memory Storage that waits until its message has been read.
struct StoredSubmission: Sendable {
  let client: ClientConnection
  let frame: QMUXFrame
  let location: WMS.MessageLocation
}
