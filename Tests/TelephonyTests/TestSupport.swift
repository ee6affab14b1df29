import Testing
@testable import Telephony

/// Reproducible random numbers (SplitMix64): a failing test names its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func octets(_ counts: ClosedRange<Int>) -> [UInt8] {
    let count = Int.random(in: counts, using: &self)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Octets written as hexadecimal; blanks between them are ignored.
func hex(_ text: String) -> [UInt8] {
  let nibbles = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: nibbles.count - 1, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
}

func septets(_ text: String) -> [UInt8] { GSMAlphabet.standard.encode(text) ?? [] }

func number(_ e164: String) throws -> PhoneNumber { try PhoneNumber(e164: e164) }

/// Composed messages of every shape, as material to mutate.
enum Samples {
  static func submit(_ generator: inout SeededGenerator) throws -> SMSSubmit {
    let scheme = DataCodingScheme(rawValue: [0x00, 0x04, 0x08, 0x11, 0xF6, 0xE0, 0x24, 0xC8].randomElement(using: &generator) ?? 0)
    return try SMSSubmit(
      messageReference: UInt8(truncatingIfNeeded: generator.next()), destinationAddress: address(&generator),
      protocolIdentifier: ProtocolIdentifier(rawValue: generator.chance(80) ? 0 : UInt8(truncatingIfNeeded: generator.next())),
      dataCodingScheme: scheme, validityPeriod: validityPeriod(&generator), rejectsDuplicates: generator.chance(30),
      requestsStatusReport: generator.chance(50), hasReplyPath: generator.chance(20),
      userData: userData(scheme.userDataUnit, &generator))
  }

  static func deliver(_ generator: inout SeededGenerator) throws -> SMSDeliver {
    let submit = try submit(&generator)
    return try SMSDeliver(
      originatingAddress: submit.destinationAddress, protocolIdentifier: submit.protocolIdentifier,
      dataCodingScheme: submit.dataCodingScheme, serviceCentreTimestamp: timestamp(&generator),
      hasMoreMessages: generator.chance(50), isForwarded: generator.chance(20), indicatesStatusReport: generator.chance(50),
      hasReplyPath: submit.hasReplyPath, userData: submit.userData)
  }

  static func statusReport(_ generator: inout SeededGenerator) throws -> SMSStatusReport {
    SMSStatusReport(
      messageReference: UInt8(truncatingIfNeeded: generator.next()), recipientAddress: try address(&generator),
      serviceCentreTimestamp: timestamp(&generator), dischargeTime: timestamp(&generator),
      status: DeliveryStatus(rawValue: UInt8(truncatingIfNeeded: generator.next())), hasMoreMessages: generator.chance(50),
      isForwarded: generator.chance(20), answersCommand: generator.chance(20))
  }

  static func address(_ generator: inout SeededGenerator) throws -> SMSAddress {
    if generator.chance(20) {
      return try SMSAddress(alphanumeric: String("Shunt Mobile".prefix(Int.random(in: 0...11, using: &generator))))
    }
    let characters = Array("0123456789*#abc")
    let count = Int.random(in: 0...20, using: &generator)
    return try SMSAddress(
      digits: String((0..<count).compactMap { _ in characters.randomElement(using: &generator) }),
      typeOfNumber: [.unknown, .international, .national, .abbreviated].randomElement(using: &generator) ?? .unknown,
      numberingPlan: SMSAddress.NumberingPlan(rawValue: UInt8(truncatingIfNeeded: generator.next())))
  }

  static func timestamp(_ generator: inout SeededGenerator) -> ServiceCentreTimestamp {
    let time = WallTime(millisecondsSince1970: Int64.random(in: 631_152_000_000...3_786_912_000_000, using: &generator))
    return ServiceCentreTimestamp(time, quartersFromUTC: Int.random(in: -48...56, using: &generator))
  }

  static func validityPeriod(_ generator: inout SeededGenerator) throws -> ValidityPeriod? {
    switch Int.random(in: 0...3, using: &generator) {
    case 0: nil
    case 1: .relative(UInt8(truncatingIfNeeded: generator.next()))
    case 2: .absolute(timestamp(&generator))
    default: .enhanced(try EnhancedValidityPeriod(octets: generator.octets(7...7)))
    }
  }

  static func header(_ generator: inout SeededGenerator) throws -> UserDataHeader? {
    var elements: [InformationElement] = []
    for _ in 0..<Int.random(in: 0...4, using: &generator) {
      let data = generator.octets(0...6)
      elements.append(
        try InformationElement(
          [.concatenation8, .concatenation16, .ports16, .nationalLanguageSingleShift, .nationalLanguageLockingShift, .emailHeader]
            .randomElement(using: &generator) ?? .ports8, data: data))
    }
    return generator.chance(50) ? try UserDataHeader(elements) : nil
  }

  static func userData(_ unit: UserData.Unit, _ generator: inout SeededGenerator) throws -> UserData {
    let header = try header(&generator)
    let body = generator.octets(0...UserData.capacity(unit, header: header))
    return switch unit {
    case .septets: try UserData(septets: body.map { $0 & 0x7F }, header: header)
    case .octets: try UserData(octets: body, header: header)
    }
  }
}
