extension WMS {
  /// Acknowledges a message that came by transfer route (``EventReportIndication/TransferredMessage``).
  public struct SendAckRequest: ServiceMessage {
    /// Why a 3GPP message is refused, TLV 0x11; one octet each.
    public struct Failure: Hashable, Sendable {
      public var rpCause: UInt8
      public var tpCause: TPCause

      public init(rpCause: UInt8, tpCause: TPCause) {
        self.rpCause = rpCause
        self.tpCause = tpCause
      }
    }

    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.sendAck }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01: the indication's own number, not a QMI transaction.
    public var transactionID: UInt32
    public var messageProtocol: MessageProtocol
    /// Whether the message was taken.
    public var isSuccess: Bool
    public var failure: Failure?
    /// TLV 0x12.
    public var isOverIMS: Bool?

    public init(
      transactionID: UInt32, messageProtocol: MessageProtocol = .wcdma, isSuccess: Bool = true,
      failure: Failure? = nil, isOverIMS: Bool? = nil
    ) {
      self.transactionID = transactionID
      self.messageProtocol = messageProtocol
      self.isSuccess = isSuccess
      self.failure = failure
      self.isOverIMS = isOverIMS
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      transactionID = try reader.readUInt32()
      messageProtocol = MessageProtocol(rawValue: try reader.readUInt8())
      isSuccess = try reader.readBool()
      try reader.expectEnd()
      if var reader = frame.reader(of: 0x11) {
        failure = Failure(rpCause: try reader.readUInt8(), tpCause: TPCause(rawValue: try reader.readUInt8()))
        try reader.expectEnd()
      }
      isOverIMS = try frame.optionalBool(of: 0x12)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { writer in
        writer.append(transactionID)
        writer.append(messageProtocol.rawValue)
        writer.append(isSuccess)
      }
      if let failure {
        builder.append(0x11) { writer in
          writer.append(failure.rpCause)
          writer.append(failure.tpCause.rawValue)
        }
      }
      builder.append(0x12, ifPresent: isOverIMS)
    }
  }

  /// Whether the acknowledgement reached the network.
  public struct SendAckResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.sendAck }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x10, with ``QMIError/ackNotSent``: 0 no network response, 1 network released the link, 2 not sent.
    public var failureCause: UInt8?

    public init(result: QMIResult = .success, failureCause: UInt8? = nil) {
      self.result = result
      self.failureCause = failureCause
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      failureCause = result.isSuccess ? nil : try frame.optionalUInt8(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      builder.append(0x10, ifPresent: failureCause)
    }
  }
}
