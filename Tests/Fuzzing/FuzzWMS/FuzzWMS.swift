import QMI

/// The input is a frame, or the TLVs of every message in turn. What decodes must say the same after another trip over the wire.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWMS(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  if let frame = try? QMUXFrame(input) {
    for message in messages where message.matches(frame) { message.roundTrip(frame) }
  }
  guard input.count < 60_000, let selector = input.first else { return 0 }
  let message = messages[Int(selector) % messages.count]
  if let frame = message.frame(tlvs: input.dropFirst()) { message.roundTrip(frame) }
  return 0
}

private let messages: [any QMIMessage.Type] = [
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

extension QMIMessage {
  /// A frame of this message whose TLV area is `tlvs`; nil when they do not fill it.
  static func frame(tlvs: ArraySlice<UInt8>) -> QMUXFrame? {
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

  static func roundTrip(_ frame: QMUXFrame) {
    guard let message = try? Self(decoding: frame) else { return }
    var builder = QMIMessageBuilder(kind, service: service, client: 0, transaction: 1, message: messageID)
    message.encode(to: &builder)
    let again = builder.finish()
    precondition((try? QMUXFrame(again.octets)) == again)
    precondition((try? Self(decoding: again)) == message)
  }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM makes this the program's `main`, so libFuzzer's own is never linked.
@_cdecl("FuzzWMS_main")
public func main(
  _ argumentCount: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var argumentCount = argumentCount
  var arguments = arguments
  return runDriver(&argumentCount, &arguments) { fuzzWMS($0, $1) }
}
