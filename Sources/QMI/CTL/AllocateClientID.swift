extension CTL {
  /// Asks for a client id of a service.
  public struct AllocateClientIDRequest: ControlMessage {
    public static var messageID: MessageID { ID.allocateClientID }
    public static var kind: QMUXFrame.Kind { .request }

    public var service: QMIService

    public init(service: QMIService) {
      self.service = service
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      service = QMIService(rawValue: try reader.readUInt8())
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { $0.append(service.rawValue) }
    }
  }

  /// The client id given, or why there is none (``QMIError/clientIDsExhausted``).
  public struct AllocateClientIDResponse: ControlMessage {
    public static var messageID: MessageID { ID.allocateClientID }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// Nil after a failure only.
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
      allocation = result.isSuccess ? try ClientIDAllocation(frame) : nil
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      allocation?.encode(to: &builder)
    }
  }

  /// A client id together with the service it is valid in; both name a client to the modem.
  public struct ClientIDAllocation: Hashable, Sendable {
    public var service: QMIService
    public var clientID: ClientID

    @inlinable
    public init(service: QMIService, clientID: ClientID) {
      self.service = service
      self.clientID = clientID
    }

    init(_ frame: QMUXFrame) throws(QMIDecodingError) {
      var reader = try frame.requiredReader(of: 0x01)
      service = QMIService(rawValue: try reader.readUInt8())
      clientID = ClientID(rawValue: try reader.readUInt8())
    }

    func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { writer in
        writer.append(service.rawValue)
        writer.append(clientID.rawValue)
      }
    }
  }
}
