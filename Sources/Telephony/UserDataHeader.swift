/// The header at the start of TP-UD (3GPP TS 23.040 §9.2.3.24): a count octet, then information elements that fill it exactly.
public struct UserDataHeader: Hashable, Sendable {
  /// In wire order; repeated elements are kept.
  public let elements: [InformationElement]

  /// The most octets the elements take together: TP-UD's 140 less the count octet.
  static let maximumElementOctetCount = 139

  /// Throws when the elements need more than 139 octets.
  public init(_ elements: [InformationElement]) throws(TPDUError) {
    guard elements.reduce(0, { $0 + 2 + $1.data.count }) <= Self.maximumElementOctetCount else {
      throw .tooLong(.userDataHeader)
    }
    self.elements = elements
  }

  /// Reads the header at the start of a user data field.
  init(decoding userData: [UInt8]) throws(TPDUError) {
    var reader = OctetReader(userData)
    let count = Int(try reader.octet(.userDataHeader))
    var header = OctetReader(try reader.octets(count, .userDataHeader))
    var elements: [InformationElement] = []
    while header.remainingCount > 0 {
      let identifier = InformationElement.Identifier(rawValue: try header.octet(.userDataHeader))
      let dataCount = Int(try header.octet(.userDataHeader))
      elements.append(InformationElement(identifier, shortData: try header.octets(dataCount, .userDataHeader)))
    }
    try self.init(elements)
  }

  /// The wire form, the count octet included.
  public var octets: [UInt8] {
    let contents = elements.flatMap { [$0.identifier.rawValue, UInt8($0.data.count)] + $0.data }
    return [UInt8(contents.count)] + contents
  }

  /// How many octets the wire form has.
  public var octetCount: Int { elements.reduce(1) { $0 + 2 + $1.data.count } }

  /// The part this is of a longer message. The last valid element counts; invalid ones are ignored, as the specification asks.
  public var concatenation: Concatenation? { elements.reversed().lazy.compactMap(Concatenation.init).first }

  /// The language whose single shift table applies; nil for the default extension table.
  public var singleShift: NationalLanguage? { language(.nationalLanguageSingleShift) }

  /// The language whose locking shift table applies; nil for the default alphabet.
  public var lockingShift: NationalLanguage? { language(.nationalLanguageLockingShift) }

  private func language(_ identifier: InformationElement.Identifier) -> NationalLanguage? {
    guard let element = elements.last(where: { $0.identifier == identifier }), element.data.count == 1 else { return nil }
    return NationalLanguage(rawValue: element.data[0])
  }

  /// Whether the message is meant for an application port instead of the person.
  public var isPortAddressed: Bool { elements.contains { $0.identifier == .ports8 || $0.identifier == .ports16 } }

  /// The elements that are not about concatenation.
  var elementsBesidesConcatenation: [InformationElement] {
    elements.filter { $0.identifier != .concatenation8 && $0.identifier != .concatenation16 }
  }
}
