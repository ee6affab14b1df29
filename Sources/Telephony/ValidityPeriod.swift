/// TP-VP (3GPP TS 23.040 §9.2.3.12): how long the service centre keeps trying.
public enum ValidityPeriod: Hashable, Sendable {
  /// One octet; see ``duration``.
  case relative(UInt8)
  /// Until a moment.
  case absolute(ServiceCentreTimestamp)
  /// Seven octets, of which the first says how to read the others.
  case enhanced(EnhancedValidityPeriod)

  /// The shortest relative period that is at least this long: 5 minutes to 63 weeks.
  public init(lasting duration: Duration) {
    let (seconds, attoseconds) = max(duration, .zero).components
    let minutes = seconds / 60 + (seconds % 60 > 0 || attoseconds > 0 ? 1 : 0)
    let value: Int64 =
      switch minutes {
      case ...720: max((minutes + 4) / 5, 1) - 1
      case ...1440: 143 + (minutes - 720 + 29) / 30
      case ...43_200: 166 + (minutes + 1439) / 1440
      default: min(192 + (minutes + 10_079) / 10_080, 255)
      }
    self = .relative(UInt8(value))
  }

  /// How long, when the period is counted from submission and its form is known.
  public var duration: Duration? {
    switch self {
    case .relative(let value): Self.duration(ofRelative: value)
    case .absolute: nil
    case .enhanced(let period): period.duration
    }
  }

  static func duration(ofRelative value: UInt8) -> Duration {
    let value = Int(value)
    return switch value {
    case 0...143: .seconds((value + 1) * 300)
    case 144...167: .seconds(43_200 + (value - 143) * 1800)
    case 168...196: .seconds((value - 166) * 86_400)
    default: .seconds((value - 192) * 604_800)
    }
  }

  /// TP-VPF as bits 4 and 3 of the first octet hold it.
  static func formatBits(of period: ValidityPeriod?) -> UInt8 {
    switch period {
    case nil: 0x00
    case .enhanced: 0x08
    case .relative: 0x10
    case .absolute: 0x18
    }
  }

  static func decode(formatBits: UInt8, from reader: inout OctetReader) throws(TPDUError) -> ValidityPeriod? {
    switch formatBits & 0x18 {
    case 0x08: return .enhanced(try EnhancedValidityPeriod(octets: reader.octets(7, .validityPeriod)))
    case 0x10: return .relative(try reader.octet(.validityPeriod))
    case 0x18: return .absolute(try ServiceCentreTimestamp(from: &reader, .validityPeriod))
    default: return nil
    }
  }

  var octets: [UInt8] {
    switch self {
    case .relative(let value): [value]
    case .absolute(let timestamp): timestamp.octets
    case .enhanced(let period): period.octets
    }
  }
}

/// The enhanced form (3GPP TS 23.040 §9.2.3.12.3), kept octet for octet.
public struct EnhancedValidityPeriod: Hashable, Sendable {
  /// The wire form: seven octets.
  public let octets: [UInt8]

  /// Takes exactly seven octets.
  public init(octets: [UInt8]) throws(TPDUError) {
    guard octets.count >= 7 else { throw .truncated(.validityPeriod) }
    guard octets.count == 7 else { throw .trailingOctets(octets.count - 7) }
    self.octets = octets
  }

  /// A period in seconds.
  public init(seconds: UInt8, isSingleShot: Bool = false) {
    octets = [isSingleShot ? 0x42 : 0x02, seconds, 0, 0, 0, 0, 0]
  }

  /// Whether the service centre is to try once only.
  public var isSingleShot: Bool { octets[0] & 0x40 != 0 }

  /// The period, or nil when none is given or its form is reserved.
  public var duration: Duration? {
    switch octets[0] & 0x07 {
    case 1: return ValidityPeriod.duration(ofRelative: octets[1])
    case 2: return .seconds(Int(octets[1]))
    case 3:
      let fields = octets[1...3].map { ($0 & 0x0F < 10 && $0 >> 4 < 10) ? Int($0 & 0x0F) * 10 + Int($0 >> 4) : -1 }
      guard fields.allSatisfy({ $0 >= 0 }) else { return nil }
      return .seconds(fields[0] * 3600 + fields[1] * 60 + fields[2])
    default: return nil
    }
  }
}
