extension CTL {
  /// A libqmi client's first message to a proxy: the device it wants to talk to.
  public struct ProxyOpenRequest: ControlMessage {
    public static var messageID: MessageID { ID.proxyOpen }
    public static var kind: QMUXFrame.Kind { .request }

    /// The longest path that Linux takes, in octets.
    public static var maximumPathOctetCount: Int { 4095 }

    /// TLV 0x01: a device path, or `qrtr://N`. UTF-8, no terminator, 1…4095 octets.
    public let devicePath: String

    /// - Returns: nil when the path is empty or longer than ``maximumPathOctetCount``.
    public init?(devicePath: String) {
      guard (1...Self.maximumPathOctetCount).contains(devicePath.utf8.count) else { return nil }
      self.devicePath = devicePath
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      guard let value = frame.value(of: 0x01) else { throw .missing(0x01) }
      guard let path = String(validating: value, as: UTF8.self), let request = Self(devicePath: path) else {
        throw .invalid(0x01)
      }
      self = request
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01, devicePath.utf8)
    }
  }

  /// Whether the device is open. Until it comes, a client sends nothing else.
  public struct ProxyOpenResponse: ControlMessage, ResultResponse {
    public static var messageID: MessageID { ID.proxyOpen }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }
}
