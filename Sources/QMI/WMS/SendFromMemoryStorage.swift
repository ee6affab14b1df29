extension WMS {
  /// Sends a message that was stored before (``RawWriteRequest``).
  public struct SendFromMemoryStorageRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.sendFromMemoryStorage }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var location: MessageLocation
    /// TLV 0x01, last field.
    public var mode: MessageMode
    /// TLV 0x10: whether to send over IMS.
    public var isOverIMS: Bool?

    public init(location: MessageLocation, mode: MessageMode = .gsmWCDMA, isOverIMS: Bool? = nil) {
      self.location = location
      self.mode = mode
      self.isOverIMS = isOverIMS
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      location = try MessageLocation(reading: &reader)
      mode = MessageMode(rawValue: try reader.readUInt8())
      try reader.expectEnd()
      isOverIMS = try frame.optionalBool(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { writer in
        location.encode(to: &writer)
        writer.append(mode.rawValue)
      }
      builder.append(0x10, ifPresent: isOverIMS)
    }
  }

  /// Whether a stored message went out.
  public struct SendFromMemoryStorageResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.sendFromMemoryStorage }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x10 (*Message ID*): TP-MR that the modem chose.
    public var messageReference: UInt16?
    /// TLVs 0x13 and 0x14, after a failure.
    public var failure: SendFailure?

    public init(messageReference: UInt16?) {
      self.result = .success
      self.messageReference = messageReference
    }

    public init(failure error: QMIError, _ failure: SendFailure? = nil) {
      self.result = .failure(error)
      self.failure = failure
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      if result.isSuccess {
        messageReference = try frame.optionalUInt16(of: 0x10)
      } else {
        failure = try SendFailure(frame, causeTag: 0x13, typeTag: 0x14)
      }
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      builder.append(0x10, ifPresent: messageReference)
      failure?.encode(to: &builder, causeTag: 0x13, typeTag: 0x14)
    }
  }
}
