import QMI

/// Requests of the messaging service, told apart.
extension Interposer {
  mutating func handleMessaging(_ frame: QMUXFrame, from index: Int) {
    switch frame.messageID {
    case WMS.ID.rawSend where tapMode != .off:
      handleRawSend(frame, from: index)
    case WMS.ID.sendFromMemoryStorage:
      handleSendFromMemoryStorage(frame, from: index)
    case WMS.ID.eventReport:
      let isReporting = (try? WMS.SetEventReportRequest(decoding: frame))?.reportsNewMessages
      forward(frame, from: index, isReporting.map { .setEventReport($0) } ?? .plain)
    case WMS.ID.reset:
      forward(frame, from: index, .resetWMS)
    case WMS.ID.rawRead:
      handleRawRead(frame, from: index)
    case WMS.ID.modifyTag:
      handleModifyTag(frame, from: index)
    case WMS.ID.delete:
      handleDelete(frame, from: index)
    case WMS.ID.listMessages:
      handleListMessages(frame, from: index)
    default:
      forward(frame, from: index, .plain)
    }
  }
}
