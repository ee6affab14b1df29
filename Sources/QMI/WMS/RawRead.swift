extension WMS {
  /// Asks for a stored message.
  public struct RawReadRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawRead }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var location: MessageLocation
    /// TLV 0x10.
    public var mode: MessageMode?
    /// TLV 0x11.
    public var isOverIMS: Bool?

    public init(location: MessageLocation, mode: MessageMode? = nil, isOverIMS: Bool? = nil) {
      self.location = location
      self.mode = mode
      self.isOverIMS = isOverIMS
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      location = try MessageLocation(reading: &reader)
      try reader.expectEnd()
      mode = try frame.optionalUInt8(of: 0x10).map(MessageMode.init(rawValue:))
      isOverIMS = try frame.optionalBool(of: 0x11)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { location.encode(to: &$0) }
      builder.append(0x10, ifPresent: mode?.rawValue)
      builder.append(0x11, ifPresent: isOverIMS)
    }
  }

  /// A stored message.
  public struct RawReadResponse: ServiceMessage {
    /// TLV 0x01.
    public struct StoredMessage: Hashable, Sendable {
      public var tag: MessageTag
      public var message: RawMessage

      public init(tag: MessageTag, message: RawMessage) {
        self.tag = tag
        self.message = message
      }
    }

    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawRead }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// Nil after a failure only.
    public var stored: StoredMessage?

    public init(_ stored: StoredMessage) {
      self.result = .success
      self.stored = stored
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      let tag = MessageTag(rawValue: try reader.readUInt8())
      stored = StoredMessage(tag: tag, message: try RawMessage(reading: &reader))
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      if let stored {
        builder.append(0x01) { writer in
          writer.append(stored.tag.rawValue)
          stored.message.encode(to: &writer)
        }
      }
    }
  }
}
