extension CTL {
  /// Asks which services the modem has.
  public struct VersionInfoRequest: ControlMessage, EmptyRequest {
    public static var messageID: MessageID { ID.versionInfo }
    public init() {}
  }

  /// The modem's services, TLV 0x01.
  public struct VersionInfoResponse: ControlMessage {
    public static var messageID: MessageID { ID.versionInfo }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// Empty after a failure. The count has one octet on the wire: no more than the first 255 are encoded.
    public var services: [ServiceVersion]

    public init(result: QMIResult = .success, services: [ServiceVersion]) {
      self.result = result
      self.services = services
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      services = []
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      for _ in 0..<(try reader.readUInt8()) {
        services.append(
          ServiceVersion(
            service: QMIService(rawValue: try reader.readUInt8()), major: try reader.readUInt16(),
            minor: try reader.readUInt16()))
      }
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      guard result.isSuccess else { return }
      let encoded = services.prefix(Int(UInt8.max))
      builder.append(0x01) { writer in
        writer.append(UInt8(encoded.count))
        for version in encoded {
          writer.append(version.service.rawValue)
          writer.append(version.major)
          writer.append(version.minor)
        }
      }
    }
  }
}
