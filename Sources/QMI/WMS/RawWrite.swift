extension WMS {
  /// Stores a message in the modem.
  public struct RawWriteRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawWrite }
    public static var kind: QMUXFrame.Kind { .request }

    public var storage: StorageType
    public var message: RawMessage

    public init(storage: StorageType, message: RawMessage) {
      self.storage = storage
      self.message = message
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      storage = StorageType(rawValue: try reader.readUInt8())
      message = try RawMessage(reading: &reader)
      try reader.expectEnd()
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { writer in
        writer.append(storage.rawValue)
        message.encode(to: &writer)
      }
    }
  }

  /// Where a message was stored.
  public struct RawWriteResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawWrite }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x01: the index within the storage asked for; nil after a failure only.
    public var index: UInt32?

    public init(index: UInt32) {
      self.result = .success
      self.index = index
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      index = try reader.readUInt32()
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      if let index {
        builder.append(0x01) { $0.append(index) }
      }
    }
  }
}
