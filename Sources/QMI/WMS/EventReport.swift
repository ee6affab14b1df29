extension WMS {
  /// Chooses which events the modem reports to this client.
  public struct SetEventReportRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.eventReport }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x10: whether incoming messages are reported; nil leaves it as it was.
    public var reportsNewMessages: Bool?

    public init(reportsNewMessages: Bool?) {
      self.reportsNewMessages = reportsNewMessages
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      reportsNewMessages = try frame.optionalBool(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x10, ifPresent: reportsNewMessages)
    }
  }

  public struct SetEventReportResponse: ServiceMessage, ResultResponse {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.eventReport }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }

  /// Tells of an incoming message: where it is stored, or the message itself.
  public struct EventReportIndication: ServiceMessage {
    /// A message that the modem did not store.
    public struct TransferredMessage: Hashable, Sendable {
      public var ackIndicator: AckIndicator
      /// Names the message in a ``SendAckRequest``.
      public var transactionID: UInt32
      public var message: RawMessage

      public init(ackIndicator: AckIndicator, transactionID: UInt32, message: RawMessage) {
        self.ackIndicator = ackIndicator
        self.transactionID = transactionID
        self.message = message
      }
    }

    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.eventReport }
    public static var kind: QMUXFrame.Kind { .indication }

    /// TLV 0x10: where the message is stored.
    public var storedMessage: MessageLocation?
    /// TLV 0x11: the message, by transfer route.
    public var transferredMessage: TransferredMessage?
    /// TLV 0x12.
    public var mode: MessageMode?
    /// TLV 0x15: the service centre, as the modem writes it.
    public var smscAddress: String?
    /// TLV 0x16: whether it came over IMS.
    public var isOverIMS: Bool?

    public init(
      storedMessage: MessageLocation? = nil, transferredMessage: TransferredMessage? = nil,
      mode: MessageMode? = nil, smscAddress: String? = nil, isOverIMS: Bool? = nil
    ) {
      self.storedMessage = storedMessage
      self.transferredMessage = transferredMessage
      self.mode = mode
      self.smscAddress = smscAddress
      self.isOverIMS = isOverIMS
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      if var reader = frame.reader(of: 0x10) {
        storedMessage = try MessageLocation(reading: &reader)
      }
      if var reader = frame.reader(of: 0x11) {
        let ackIndicator = AckIndicator(rawValue: try reader.readUInt8())
        let transactionID = try reader.readUInt32()
        transferredMessage = TransferredMessage(
          ackIndicator: ackIndicator, transactionID: transactionID, message: try RawMessage(reading: &reader))
      }
      mode = try frame.optionalUInt8(of: 0x12).map(MessageMode.init(rawValue:))
      if let octets = frame.value(of: 0x15), octets.count <= SMSCAddress.maximumDigitCount {
        smscAddress = String(validating: octets, as: UTF8.self)
      }
      isOverIMS = try frame.optionalBool(of: 0x16)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      if let storedMessage {
        builder.append(0x10) { storedMessage.encode(to: &$0) }
      }
      if let transferred = transferredMessage {
        builder.append(0x11) { writer in
          writer.append(transferred.ackIndicator.rawValue)
          writer.append(transferred.transactionID)
          transferred.message.encode(to: &writer)
        }
      }
      builder.append(0x12, ifPresent: mode?.rawValue)
      if let smscAddress {
        builder.append(0x15, smscAddress.utf8.prefix(SMSCAddress.maximumDigitCount))
      }
      builder.append(0x16, ifPresent: isOverIMS)
    }
  }
}
