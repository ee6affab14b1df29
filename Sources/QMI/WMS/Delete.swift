extension WMS {
  /// Deletes stored messages: one by its index, or all, or all with a tag.
  public struct DeleteRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.delete }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var storage: StorageType
    /// TLV 0x10: the one message; nil for all that have the tag.
    public var index: UInt32?
    /// TLV 0x11: nil for all tags.
    public var tag: MessageTag?
    /// TLV 0x12.
    public var mode: MessageMode?

    public init(storage: StorageType, index: UInt32? = nil, tag: MessageTag? = nil, mode: MessageMode? = nil) {
      self.storage = storage
      self.index = index
      self.tag = tag
      self.mode = mode
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      storage = StorageType(rawValue: try reader.readUInt8())
      try reader.expectEnd()
      if var reader = frame.reader(of: 0x10) {
        index = try reader.readUInt32()
        try reader.expectEnd()
      }
      tag = try frame.optionalUInt8(of: 0x11).map(MessageTag.init(rawValue:))
      mode = try frame.optionalUInt8(of: 0x12).map(MessageMode.init(rawValue:))
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { $0.append(storage.rawValue) }
      if let index {
        builder.append(0x10) { $0.append(index) }
      }
      builder.append(0x11, ifPresent: tag?.rawValue)
      builder.append(0x12, ifPresent: mode?.rawValue)
    }
  }

  public struct DeleteResponse: ServiceMessage, ResultResponse {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.delete }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }
}
