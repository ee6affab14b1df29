extension CTL {
  /// Gives a client id back.
  public struct ReleaseClientIDRequest: ControlMessage {
    public static var messageID: MessageID { ID.releaseClientID }
    public static var kind: QMUXFrame.Kind { .request }

    public var allocation: ClientIDAllocation

    public init(_ allocation: ClientIDAllocation) {
      self.allocation = allocation
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      allocation = try ClientIDAllocation(frame)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      allocation.encode(to: &builder)
    }
  }

  /// The client id that was released, or why it was not.
  public struct ReleaseClientIDResponse: ControlMessage {
    public static var messageID: MessageID { ID.releaseClientID }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// Nil after a failure, and from modems that leave it out.
    public var allocation: ClientIDAllocation?

    public init(_ allocation: ClientIDAllocation) {
      self.result = .success
      self.allocation = allocation
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
      self.allocation = nil
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      allocation = result.isSuccess && frame.value(of: 0x01) != nil ? try ClientIDAllocation(frame) : nil
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      allocation?.encode(to: &builder)
    }
  }
}
