extension CTL {
  /// Chooses how data frames look on the network interface.
  public struct SetDataFormatRequest: ControlMessage {
    public static var messageID: MessageID { ID.setDataFormat }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01: whether a quality-of-service header precedes each data frame (0 no, 1 yes).
    public var format: UInt8
    /// TLV 0x10: the link layer (1 Ethernet, 2 raw IP).
    public var linkProtocol: UInt16?

    public init(format: UInt8, linkProtocol: UInt16? = nil) {
      self.format = format
      self.linkProtocol = linkProtocol
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      format = try reader.readUInt8()
      linkProtocol = try frame.optionalUInt16(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { $0.append(format) }
      builder.append(0x10, ifPresent: linkProtocol)
    }
  }

  /// The format that is now in force.
  public struct SetDataFormatResponse: ControlMessage {
    public static var messageID: MessageID { ID.setDataFormat }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x10: the link layer (1 Ethernet, 2 raw IP); nil after a failure, and when the modem does not say.
    public var linkProtocol: UInt16?

    public init(result: QMIResult = .success, linkProtocol: UInt16? = nil) {
      self.result = result
      self.linkProtocol = linkProtocol
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      linkProtocol = result.isSuccess ? try frame.optionalUInt16(of: 0x10) : nil
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      if result.isSuccess { builder.append(0x10, ifPresent: linkProtocol) }
    }
  }
}
