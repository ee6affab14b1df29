extension WMS {
  /// Sets what the modem does with incoming messages.
  public struct SetRoutesRequest: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.setRoutes }
    public static var kind: QMUXFrame.Kind { .request }

    /// TLV 0x01. At most 16,000 are encoded; real lists have five.
    public var routes: [Route]
    /// TLV 0x10: whether status reports go to the client (1) instead of storage.
    public var transferStatusReport: UInt8?

    public init(routes: [Route], transferStatusReport: UInt8? = nil) {
      self.routes = routes
      self.transferStatusReport = transferStatusReport
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      var reader = try frame.requiredReader(of: 0x01)
      routes = try Route.list(reading: &reader)
      try reader.expectEnd()
      transferStatusReport = try frame.optionalUInt8(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(0x01) { Route.encode(routes, to: &$0) }
      builder.append(0x10, ifPresent: transferStatusReport)
    }
  }

  public struct SetRoutesResponse: ServiceMessage, ResultResponse {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.setRoutes }
    public var result: QMIResult

    public init(result: QMIResult = .success) {
      self.result = result
    }
  }

  /// Asks what the modem does with incoming messages.
  public struct GetRoutesRequest: ServiceMessage, EmptyRequest {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getRoutes }
    public init() {}
  }

  /// What the modem does with incoming messages.
  public struct GetRoutesResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getRoutes }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x01; empty after a failure.
    public var routes: [Route]
    /// TLV 0x10: whether status reports go to the client (1) instead of storage.
    public var transferStatusReport: UInt8?

    public init(routes: [Route], transferStatusReport: UInt8? = nil) {
      self.result = .success
      self.routes = routes
      self.transferStatusReport = transferStatusReport
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
      self.routes = []
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      routes = []
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      routes = try Route.list(reading: &reader)
      transferStatusReport = try frame.optionalUInt8(of: 0x10)
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      guard result.isSuccess else { return }
      builder.append(0x01) { Route.encode(routes, to: &$0) }
      builder.append(0x10, ifPresent: transferStatusReport)
    }
  }
}
