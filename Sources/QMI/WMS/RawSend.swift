extension WMS {
  /// Sends a message.
  public struct RawSendRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawSend }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01.
    public var message: RawMessage
    /// TLV 0x12: seconds to keep the radio link open for a further message.
    public var linkTimer: UInt8?
    /// TLV 0x13: whether to send over IMS.
    public var isOverIMS: Bool?

    public init(message: RawMessage, linkTimer: UInt8? = nil, isOverIMS: Bool? = nil) {
      self.message = message
      self.linkTimer = linkTimer
      self.isOverIMS = isOverIMS
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      message = try RawMessage(reading: &reader)
      try reader.expectEnd()
      linkTimer = try frame.optionalUInt8(of: 0x12)
      isOverIMS = try frame.optionalBool(of: 0x13)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { message.encode(to: &$0) }
      builder.append(0x12, ifPresent: linkTimer)
      builder.append(0x13, ifPresent: isOverIMS)
    }
  }

  /// Whether a message went out.
  public struct RawSendResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.rawSend }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x01 (*Message ID*): TP-MR that the modem chose. Modems may leave it out, and do so after a failure.
    public var messageReference: UInt16?
    /// TLVs 0x12 and 0x13, after a failure.
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
        messageReference = try frame.optionalUInt16(of: 0x01)
      } else {
        failure = try SendFailure(frame, causeTag: 0x12, typeTag: 0x13)
      }
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      builder.append(0x01, ifPresent: messageReference)
      failure?.encode(to: &builder, causeTag: 0x12, typeTag: 0x13)
    }
  }
}
