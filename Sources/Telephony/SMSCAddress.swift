/// The service centre's address as raw PDUs carry it in front of the TPDU (3GPP TS 24.011 §8.2.5.1, 27.005 §3.1): an octet that
/// counts the *octets* that follow, then type of address and digits. A count of zero means "the one the SIM knows".
///
/// What was decoded is kept octet for octet.
public struct SMSCAddress: Hashable, Sendable {
  /// Type of address and value, or nothing.
  let contents: [UInt8]

  /// The most octets after the count: type of address and twenty semi-octets.
  public static let maximumOctetCount = 11

  /// No address: the modem takes the SIM's.
  public static let `default` = SMSCAddress(contents: [])

  private init(contents: [UInt8]) { self.contents = contents }

  /// An international number.
  public init(_ number: PhoneNumber) {
    contents = [0x91] + SemiOctets.pack(number.e164.utf8.dropFirst().map { $0 &- 0x30 })
  }

  /// The digits without `+`, or nil when there are none or they contain something else.
  public var digits: String? {
    guard contents.count > 1 else { return nil }
    var nibbles = contents.dropFirst().flatMap { [$0 & 0x0F, $0 >> 4] }
    if nibbles.last == 0x0F { nibbles.removeLast() }
    guard nibbles.allSatisfy({ $0 < 10 }) else { return nil }
    return String(decoding: nibbles.map { 0x30 &+ $0 }, as: UTF8.self)
  }

  /// What a person would dial, with `+` when the type of address says international.
  public var dialString: String? {
    guard let digits, let type = contents.first else { return nil }
    return type & 0x70 == 0x10 ? "+" + digits : digits
  }

  /// The wire form, the count octet included.
  public var octets: [UInt8] { [UInt8(contents.count)] + contents }

  init(from reader: inout OctetReader) throws(TPDUError) {
    let count = Int(try reader.octet(.serviceCentreAddress))
    guard count <= Self.maximumOctetCount else { throw .tooLong(.serviceCentreAddress) }
    contents = try reader.octets(count, .serviceCentreAddress)
  }
}

extension SMSCAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { contents.isEmpty ? "default service centre" : PhoneNumber.masked(dialString ?? "") }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
