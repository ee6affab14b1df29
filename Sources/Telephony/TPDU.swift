/// A transfer protocol data unit (3GPP TS 23.040 §9.2.2), of the kinds this module reads.
public enum TPDU: Hashable, Sendable {
  case submit(SMSSubmit)
  case deliver(SMSDeliver)
  case statusReport(SMSStatusReport)

  /// TP-MTI means something else in each direction.
  public enum Direction: Equatable, Sendable {
    /// Phone to service centre.
    case toServiceCentre
    /// Service centre to phone.
    case fromServiceCentre
  }

  /// Reads one TPDU, without service centre address. Commands and the reports that acknowledge throw
  /// ``TPDUError/wrongMessageType(_:)``.
  public init(decoding octets: [UInt8], _ direction: Direction) throws(TPDUError) {
    guard let first = octets.first else { throw .truncated(.firstOctet) }
    switch (direction, first & FirstOctet.messageType) {
    case (.toServiceCentre, 0x01): self = .submit(try SMSSubmit(decoding: octets))
    case (.fromServiceCentre, 0x00): self = .deliver(try SMSDeliver(decoding: octets))
    case (.fromServiceCentre, 0x02): self = .statusReport(try SMSStatusReport(decoding: octets))
    case (_, let type): throw .wrongMessageType(type)
    }
  }

  /// The octets, without service centre address.
  public func encoded() -> [UInt8] {
    switch self {
    case .submit(let submit): submit.encoded()
    case .deliver(let deliver): deliver.encoded()
    case .statusReport(let report): report.encoded()
    }
  }
}
