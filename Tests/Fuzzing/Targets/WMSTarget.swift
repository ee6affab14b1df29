import QMI

/// The input is a frame, or the TLVs of every message in turn. What decodes must say the same after another trip over the wire.
enum WMSTarget {
  static func run(_ input: [UInt8]) throws(Finding) {
    if let frame = try? QMUXFrame(input) {
      for message in messages where message.matches(frame) { try message.roundTrip(frame) }
    }
    guard input.count < 60_000, let selector = input.first else { return }
    let message = messages[Int(selector) % messages.count]
    if let frame = message.frame(tlvs: input.dropFirst()) { try message.roundTrip(frame) }
  }

  private static let messages: [any QMIMessage.Type] = [
    CTL.VersionInfoRequest.self, CTL.VersionInfoResponse.self, CTL.AllocateClientIDRequest.self,
    CTL.AllocateClientIDResponse.self, CTL.ReleaseClientIDRequest.self, CTL.ReleaseClientIDResponse.self,
    CTL.SetDataFormatRequest.self, CTL.SetDataFormatResponse.self, CTL.SyncRequest.self, CTL.SyncResponse.self,
    CTL.SyncIndication.self, CTL.ProxyOpenRequest.self, CTL.ProxyOpenResponse.self,
    WMS.SetEventReportRequest.self, WMS.SetEventReportResponse.self, WMS.EventReportIndication.self,
    WMS.RawSendRequest.self, WMS.RawSendResponse.self, WMS.RawWriteRequest.self, WMS.RawWriteResponse.self,
    WMS.RawReadRequest.self, WMS.RawReadResponse.self, WMS.ModifyTagRequest.self, WMS.ModifyTagResponse.self,
    WMS.DeleteRequest.self, WMS.DeleteResponse.self, WMS.GetMessageProtocolRequest.self,
    WMS.GetMessageProtocolResponse.self, WMS.ListMessagesRequest.self, WMS.ListMessagesResponse.self,
    WMS.SetRoutesRequest.self, WMS.SetRoutesResponse.self, WMS.GetRoutesRequest.self, WMS.GetRoutesResponse.self,
    WMS.GetSMSCAddressRequest.self, WMS.GetSMSCAddressResponse.self, WMS.SendAckRequest.self, WMS.SendAckResponse.self,
    WMS.SendFromMemoryStorageRequest.self, WMS.SendFromMemoryStorageResponse.self,
  ]
}

extension QMIMessage {
  /// A frame of this message whose TLV area is `tlvs`; nil when they do not fill it.
  fileprivate static func frame(tlvs: ArraySlice<UInt8>) -> QMUXFrame? {
    var octets = QMIMessageBuilder(kind, service: service, client: 0, transaction: 1, message: messageID).finish().octets
    let end = octets.count
    octets += tlvs
    func set(_ count: Int, at index: Int) {
      octets[index] = UInt8(truncatingIfNeeded: count)
      octets[index + 1] = UInt8(truncatingIfNeeded: count >> 8)
    }
    set(tlvs.count, at: end - 2)
    set(octets.count - 1, at: 1)
    return try? QMUXFrame(octets)
  }

  fileprivate static func roundTrip(_ frame: QMUXFrame) throws(Finding) {
    guard let message = try? Self(decoding: frame) else { return }
    var builder = QMIMessageBuilder(kind, service: service, client: 0, transaction: 1, message: messageID)
    message.encode(to: &builder)
    let again = builder.finish()
    try check((try? QMUXFrame(again.octets)) == again, "\(messageID) encodes to no frame")
    try check((try? Self(decoding: again)) == message, "\(messageID) changed")
  }
}
