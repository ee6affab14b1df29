/// Which part of which message a short message is (3GPP TS 23.040 §9.2.3.24.1 and §9.2.3.24.8).
public struct Concatenation: Hashable, Sendable {
  /// The same in all parts of one message. Below 256 when ``isWide`` is false.
  public let reference: UInt16
  /// How many parts there are, 1…255.
  public let total: UInt8
  /// Which part this is, 1…``total``.
  public let number: UInt8
  /// Whether the wire has a 16-bit reference.
  public let isWide: Bool

  /// Nil when `number` is not in 1…`total` or an 8-bit reference is above 255: receivers ignore such an element.
  public init?(reference: UInt16, total: UInt8, number: UInt8, isWide: Bool) {
    guard number >= 1, number <= total, isWide || reference <= 0xFF else { return nil }
    self.reference = reference
    self.total = total
    self.number = number
    self.isWide = isWide
  }

  init?(_ element: InformationElement) {
    let data = element.data
    switch (element.identifier, data.count) {
    case (.concatenation8, 3):
      self.init(reference: UInt16(data[0]), total: data[1], number: data[2], isWide: false)
    case (.concatenation16, 4):
      self.init(reference: UInt16(data[0]) << 8 | UInt16(data[1]), total: data[2], number: data[3], isWide: true)
    default: return nil
    }
  }

  /// The header element that says so.
  public var element: InformationElement {
    let low = UInt8(truncatingIfNeeded: reference)
    return isWide
      ? InformationElement(.concatenation16, shortData: [UInt8(reference >> 8), low, total, number])
      : InformationElement(.concatenation8, shortData: [low, total, number])
  }
}
