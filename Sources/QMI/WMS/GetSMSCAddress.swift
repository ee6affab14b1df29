extension WMS {
  /// A service centre's number as modems give it: a type of three characters (`145` international, `129` unknown) and the digits.
  public struct SMSCAddress: Hashable, Sendable {
    /// Digits that are kept; E.164 has 15, and some modems add a plus sign and spaces.
    public static var maximumDigitCount: Int { 32 }

    /// Exactly three octets on the wire; `145` for an international number.
    public let type: [UInt8]
    /// ASCII, with or without a plus sign. At most ``maximumDigitCount`` octets.
    public let digits: String

    /// - Returns: nil when `type` has not three octets, or there are too many digits.
    public init?(type: [UInt8] = Array("145".utf8), digits: String) {
      guard type.count == 3, digits.utf8.count <= Self.maximumDigitCount else { return nil }
      self.type = type
      self.digits = digits
    }
  }

  /// Asks for the service centre's number.
  public struct GetSMSCAddressRequest: ServiceMessage, EmptyRequest {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getSMSCAddress }
    public init() {}
  }

  /// The service centre's number.
  public struct GetSMSCAddressResponse: ServiceMessage {
    public static var service: QMIService { .wms }
    public static var messageID: MessageID { ID.getSMSCAddress }
    public static var kind: QMUXFrame.Kind { .response }

    public var result: QMIResult
    /// TLV 0x01; nil after a failure only.
    public var address: SMSCAddress?

    public init(_ address: SMSCAddress) {
      self.result = .success
      self.address = address
    }

    public init(failure error: QMIError) {
      self.result = .failure(error)
    }

    public init(decoding frame: QMUXFrame) throws(QMIDecodingError) {
      try Self.check(frame)
      result = try frame.requiredResult()
      guard result.isSuccess else { return }
      var reader = try frame.requiredReader(of: 0x01)
      let type = Array(try reader.readOctets(3))
      let octets = try reader.readOctetsWithUInt8Count()
      guard
        let digits = String(validating: octets, as: UTF8.self),
        let address = SMSCAddress(type: type, digits: digits)
      else { throw .invalid(0x01) }
      self.address = address
    }

    public func encode(to builder: inout QMIMessageBuilder) {
      builder.append(result)
      guard let address else { return }
      builder.append(0x01) { writer in
        writer.append(octets: address.type)
        writer.appendWithUInt8Count(Array(address.digits.utf8))
      }
    }
  }
}
