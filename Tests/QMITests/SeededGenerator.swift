import QMI

/// SplitMix64: the same seed gives the same octets on every machine, so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }

  /// Changes, removes, repeats or adds a few octets, with a liking for the values that lengths go wrong with.
  mutating func mutate(_ octets: [UInt8]) -> [UInt8] {
    var result = octets
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let position = Int.random(in: 0...result.count, using: &self)
      switch Int.random(in: 0..<5, using: &self) {
      case 0 where position < result.count:
        result[position] = UInt8.random(in: .min ... .max, using: &self)
      case 1 where position < result.count:
        result[position] = [0x00, 0x01, 0x7F, 0x80, 0xFF].randomElement(using: &self) ?? 0
      case 2 where position < result.count:
        result.remove(at: position)
      case 3:
        result.insert(UInt8.random(in: .min ... .max, using: &self), at: position)
      default:
        result = Array(result.prefix(position))
      }
    }
    return result
  }

  /// Octets whose QMUX and QMI lengths agree but whose TLV area is `tlvs`, so that what follows the header gets looked at.
  static func frameOctets(service: UInt8, flags: UInt8, message: UInt16, tlvs: [UInt8]) -> [UInt8] {
    let isControl = service == 0
    let header: [UInt8] =
      [isControl ? 0 : 3, flags, 0x21] + (isControl ? [] : [0x43])
      + [UInt8(truncatingIfNeeded: message), UInt8(truncatingIfNeeded: message >> 8)]
      + [UInt8(truncatingIfNeeded: tlvs.count), UInt8(truncatingIfNeeded: tlvs.count >> 8)]
    let count = 4 + header.count + tlvs.count
    return [0x01, UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8), 0x00, service] + header + tlvs
  }

  /// A frame of random service, message and TLVs.
  mutating func frame(maximumTLVCount: Int = 6) -> QMUXFrame {
    let service: QMIService = [.control, .wms, .dms, .nas, 0xE0].randomElement(using: &self) ?? .wms
    let kind: QMUXFrame.Kind = [.request, .response, .indication].randomElement(using: &self) ?? .request
    var builder = QMIMessageBuilder(
      kind, service: service, client: ClientID(rawValue: UInt8.random(in: .min ... .max, using: &self)),
      transaction: UInt16(UInt8.random(in: .min ... .max, using: &self)),
      message: MessageID(rawValue: UInt16.random(in: .min ... .max, using: &self)))
    for _ in 0..<Int.random(in: 0...maximumTLVCount, using: &self) {
      let value = octets(Int.random(in: 0...40, using: &self))
      builder.append(TLV.Tag(rawValue: UInt8.random(in: 0...0x20, using: &self)), value)
    }
    return builder.finish()
  }
}
