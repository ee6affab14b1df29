extension WMS {
  /// Changes the tag of a stored message.
  public struct ModifyTagRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.modifyTag }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var location: MessageLocation
    /// TLV 0x01, last field.
    public var tag: MessageTag
    /// TLV 0x10.
    public var mode: MessageMode?

    public init(location: MessageLocation, tag: MessageTag, mode: MessageMode? = nil) {
      self.location = location
      self.tag = tag
      self.mode = mode
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      location = try MessageLocation(reading: &reader)
      tag = MessageTag(rawValue: try reader.readUInt8())
      try reader.expectEnd()
      mode = try frame.optionalUInt8(of: 0x10).map(MessageMode.init(rawValue:))
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { writer in
        location.encode(to: &writer)
        writer.append(tag.rawValue)
      }
      builder.append(0x10, ifPresent: mode?.rawValue)
    }
  }

  public struct ModifyTagResponse: ServiceMessage, ResultResponse {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.modifyTag }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }
}
