internal import QMI

/// Does with incoming messages what ModemManager and a messaging app do: reads each when it is announced, and deletes it.
final class BenchInbox {
  private let client: BenchClient
  private(set) var announcedCount = 0

  init(_ client: BenchClient) throws {
    self.client = client
    _ = try client.request(try client.frame(WMS.SetEventReportRequest(reportsNewMessages: true)))
    client.onIndication = { [unowned self] frame in announced(frame) }
  }

  /// How many messages are in the modem's storage, as a client sees it.
  func storedCount() throws -> Int {
    let answer = try client.request(try client.frame(WMS.ListMessagesRequest(storage: .nv))).answer
    return try WMS.ListMessagesResponse(decoding: answer).entries.count
  }

  private func announced(_ frame: QMUXFrame) {
    guard
      let location = (try? WMS.EventReportIndication(decoding: frame))?.storedMessage,
      let read = try? client.frame(WMS.RawReadRequest(location: location, mode: .gsmWCDMA)),
      let delete = try? client.frame(WMS.DeleteRequest(storage: location.storage, index: location.index))
    else { return }
    client.send(read)
    client.send(delete)
    announcedCount += 1
  }
}
