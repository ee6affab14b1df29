extension WMS {
  /// Asks which protocol the modem uses for messages.
  public struct GetMessageProtocolRequest: ServiceMessage, EmptyRequest {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getMessageProtocol }
    public init() {}
  }

  /// The protocol that the modem uses for messages.
  public struct GetMessageProtocolResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getMessageProtocol }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x01; nil after a failure only.
    public var messageProtocol: MessageProtocol?

    public init(_ messageProtocol: MessageProtocol) {
      self.result = .success
      self.messageProtocol = messageProtocol
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      messageProtocol = MessageProtocol(rawValue: try reader.readUInt8())
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      builder.append(0x01, ifPresent: messageProtocol?.rawValue)
    }
  }
}
