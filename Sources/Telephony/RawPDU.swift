/// What QMI and AT commands call a raw PDU: the service centre's address, then a TPDU.
public struct RawPDU: Hashable, Sendable {
  /// Where the TPDU goes to or came from.
  public var serviceCentre: SMSCAddress
  /// The TPDU, not looked into.
  public var tpdu: [UInt8]

  /// A TPDU with the address that goes in front of it.
  public init(serviceCentre: SMSCAddress = .default, tpdu: [UInt8]) {
    self.serviceCentre = serviceCentre
    self.tpdu = tpdu
  }

  /// Splits off the address. Whatever follows it is the TPDU.
  public init(decoding octets: [UInt8]) throws(TPDUError) {
    var reader = OctetReader(octets)
    serviceCentre = try SMSCAddress(from: &reader)
    tpdu = reader.rest()
  }

  /// The wire form.
  public func encoded() -> [UInt8] { serviceCentre.octets + tpdu }
}

extension RawPDU: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "raw PDU, TPDU of \(tpdu.count) octets" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
