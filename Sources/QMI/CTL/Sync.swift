extension CTL {
  /// Resets the link: the modem forgets every client id given out before.
  public struct SyncRequest: ControlMessage, EmptyRequest {
    public static var messageID: MessageID { ID.sync }
    public init() {}
  }

  public struct SyncResponse: ControlMessage, ResultResponse {
    public static var messageID: MessageID { ID.sync }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }

  /// The modem (re)started its QMI side; no client id from before is valid.
  public struct SyncIndication: ControlMessage {
    public static var messageID: MessageID { ID.sync }
    public static var kind: QMUXFrame.Kind { .indication }

    public init() {}

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
    }

    public func encode(to builder: inout QMIMessageBuilder) {}
  }
}
