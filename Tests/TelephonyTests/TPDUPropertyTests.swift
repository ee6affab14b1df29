import Testing
@testable import Telephony

/// Whatever the octets: decoding does not trap, and what decodes encodes to the same octets.
@Suite struct TPDUPropertyTests {
  /// Decodes by every kind and looks at everything; returns how many kinds took it, nil when one did not come back the same.
  private func check(_ octets: [UInt8]) -> Int? {
    var taken = 0
    if let raw = try? RawPDU(decoding: octets) {
      guard raw.encoded() == octets else { return nil }
      _ = raw.serviceCentre.dialString
    }
    if let submit = try? SMSSubmit(decoding: octets) {
      guard submit.encoded() == octets else { return nil }
      look(submit.destinationAddress, submit.userData, submit.dataCodingScheme)
      _ = submit.specialHandling
      _ = submit.validityPeriod?.duration
      if case .absolute(let time) = submit.validityPeriod { _ = time.wallTime }
      let delivers = SMSDeliver.delivers(
        [submit], from: submit.destinationAddress, at: ServiceCentreTimestamp(WallTime(millisecondsSince1970: 0)), reference: 0x0102)
      for deliver in delivers where (try? SMSDeliver(decoding: deliver.encoded())) != deliver { return nil }
      taken += 1
    }
    if let deliver = try? SMSDeliver(decoding: octets) {
      guard deliver.encoded() == octets else { return nil }
      look(deliver.originatingAddress, deliver.userData, deliver.dataCodingScheme)
      _ = deliver.serviceCentreTimestamp.wallTime
      taken += 1
    }
    if let report = try? SMSStatusReport(decoding: octets) {
      guard report.encoded() == octets else { return nil }
      look(report.recipientAddress, report.userData ?? .empty(.octets), report.dataCodingScheme ?? .gsm7)
      _ = report.dischargeTime.wallTime
      taken += 1
    }
    return taken
  }

  private func look(_ address: SMSAddress, _ userData: UserData, _ scheme: DataCodingScheme) {
    _ = address.displayText
    _ = address.phoneNumber
    _ = MessageText.decode(userData, scheme)
    _ = userData.wideningConcatenation(reference: 0xFFFF)
  }

  /// How many of the cases decoded as something; records the first that failed.
  private func run(seed: UInt64, count: Int, _ make: (inout SeededGenerator) throws -> [UInt8]) rethrows -> Int {
    var generator = SeededGenerator(seed: seed)
    var decoded = 0
    for index in 0..<count {
      let octets = try make(&generator)
      guard let taken = check(octets) else {
        Issue.record("seed \(seed), case \(index): \(octets)")
        return decoded
      }
      if taken > 0 { decoded += 1 }
    }
    return decoded
  }

  @Test func randomOctets() {
    let decoded = run(seed: 0x5EED_1000, count: 150_000) { $0.octets(0...60) }
    // Few random octets are a whole message; the other tests here have more.
    #expect(decoded > 10)
  }

  @Test func plausibleOctets() {
    // First octet, short address and coding as a sender would write them, the rest random.
    let decoded = run(seed: 0x5EED_2000, count: 100_000) { generator in
      let isSubmit = generator.chance(50)
      var octets: [UInt8] = isSubmit ? [generator.octets(1...1)[0] & 0xFC | 0x01, 0] : [generator.octets(1...1)[0] & 0xFC]
      let digits = Int.random(in: 0...6, using: &generator)
      octets += [UInt8(digits)] + generator.octets(1...1) + generator.octets((digits + 1) / 2...(digits + 1) / 2)
      octets += [0, [0x00, 0x04, 0x08, 0xF1].randomElement(using: &generator) ?? 0]
      if !isSubmit { octets += generator.octets(7...7) }
      let count = Int.random(in: 0...20, using: &generator)
      octets.append(UInt8(count))
      return octets + generator.octets(max(count - 3, 0)...count)
    }
    #expect(decoded > 1000)
  }

  @Test func composedMessagesComeBack() throws {
    var generator = SeededGenerator(seed: 0x5EED_3000)
    for index in 0..<10_000 {
      let submit = try Samples.submit(&generator)
      let deliver = try Samples.deliver(&generator)
      let report = try Samples.statusReport(&generator)
      guard try SMSSubmit(decoding: submit.encoded()) == submit, try SMSDeliver(decoding: deliver.encoded()) == deliver,
        try SMSStatusReport(decoding: report.encoded()) == report
      else {
        Issue.record("case \(index)")
        return
      }
    }
  }

  @Test func mutatedMessages() throws {
    let decoded = try run(seed: 0x5EED_4000, count: 150_000) { generator in
      var octets =
        switch Int.random(in: 0...2, using: &generator) {
        case 0: try Samples.submit(&generator).encoded()
        case 1: try Samples.deliver(&generator).encoded()
        default: try Samples.statusReport(&generator).encoded()
        }
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0...octets.count, using: &generator)
        switch Int.random(in: 0...5, using: &generator) {
        case 0: octets.removeLast(octets.count - place)
        case 1: octets.insert(contentsOf: generator.octets(1...3), at: place)
        case 2 where place < octets.count: octets.remove(at: place)
        case 3 where place < octets.count: octets[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 4 where place < octets.count: octets[place] = [0x00, 0x01, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        default: octets += generator.octets(1...2)
        }
      }
      return octets
    }
    #expect(decoded > 10_000)
  }

  @Test func shortestOctetsExhaustively() {
    #expect(check([]) != nil)
    for first in UInt8.min...UInt8.max {
      #expect(check([first]) != nil)
      for second in UInt8.min...UInt8.max where check([first, second]) == nil { Issue.record("\([first, second])") }
    }
  }

  @Test func everyHeaderCountAndUserDataCount() {
    // All pairs of TP-UDL and UDHL over a field of fixed size, in both units.
    let tail = [UInt8](repeating: 0x00, count: 140)
    for scheme: UInt8 in [0x00, 0x04] {
      for count in UInt8.min...UInt8.max {
        let available = scheme == 0 ? Septets.octetCount(Int(count)) : Int(count)
        for headerCount in UInt8.min...UInt8.max {
          let octets = [0x41, 0, 0, 0x81, 0, scheme, count] + ([headerCount] + tail).prefix(available)
          if check(octets) == nil { Issue.record("\(scheme) \(count) \(headerCount)") }
        }
      }
    }
  }
}
