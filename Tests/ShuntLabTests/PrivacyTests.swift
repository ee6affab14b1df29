import ArgumentParser
import Testing

@testable import shunt_lab

@Suite struct PrivacyTests {
  @Test func everyOperationRuns() throws {
    let operations = try PrivacyOperations.all()
    for operation in operations { try operation.body() }
    #expect(operations.map(\.octets?.count).prefix(5) == [nil, 49, 145, 48, 48])
    let sealing = try #require(operations.first { $0.name.contains("seal a full SMS") }?.octets)
    // Encapsulated key, tag, signature, and the fields around the text.
    #expect(sealing.count > 1120 + 16 + 64 && sealing.count < 1120 + 16 + 64 + 64)
  }

  @Test func operationsAreTimedInRounds() throws {
    var count = 0
    let latencies = try TimedOperation.measure([TimedOperation("count") { count += 1 }], rounds: 3)
    #expect(latencies.count == 1 && latencies[0].count == 3 && count > 1000)
  }

  @Test func aLookUpColdAndCached() throws {
    let figures = try LookUpBench().measure(2, rounds: 1)
    #expect(figures.map(\.isCached) == [false, true])
    let (cold, cached) = (figures[0], figures[1])
    // One exchange for the tokens, one for their presence.
    #expect(cold.toRelay.frames == 2 && cold.toDevice.frames == 2 && cached.toRelay.frames == 1 && cached.toDevice.frames == 1)
    #expect(cold.toRelay.octets > 2 * (49 + 48) && cold.toDevice.octets > 2 * 145)
    #expect(cached.toRelay.octets > 2 * 48 && cached.toRelay.octets < cold.toRelay.octets - 2 * 49)
    #expect(cold.tlsOctets == 4 * 22 && cached.tlsOctets == 2 * 22)
    #expect(cold.device.median > cached.device.median && cold.relay.median > cached.relay.median && cached.relay.median > 0)
  }

  @Test func recordsOfFrames() {
    var traffic = FrameTraffic()
    traffic.add([UInt8](repeating: 0, count: 16_384))
    let before = traffic
    traffic.add([UInt8](repeating: 0, count: 16_388))
    #expect(traffic.frames == 2 && traffic.octets == 32_772 && traffic.records == 3 && traffic.tlsOctets == 66)
    let since = traffic.since(before)
    #expect(since.frames == 1 && since.octets == 16_388 && since.records == 2)
  }

  @Test func rows() {
    let operation = OperationFigure(name: "blind it", microseconds: 650.04, octets: (49, "to the relay"))
    #expect(operation.row == ["blind it", "650.0", "1,538", "49 to the relay"])
    #expect(
      operation.json
        == #"{"operation":"blind it","nanoseconds":650040,"a_second":1538,"octets":49,"octets_are":"to the relay"}"#)
    var figure = LookUpFigure(contacts: 1024, isCached: false, calls: 16)
    figure.device.add(.milliseconds(1234))
    figure.relay.add(.microseconds(5678))
    figure.toRelay.add([UInt8](repeating: 0, count: 60_000))
    #expect(figure.row == ["1,024 cold", "16", "1234.00", "5.68", "60,000", "0", "1", "88"])
    #expect(
      figure.json
        == #"{"look_up":1024,"cached":false,"calls":16,"device_microseconds":1234000,"relay_microseconds":5678,"octets_to_relay":60000,"octets_to_device":0,"frames":1,"tls_octets":88,"raised_limit":true}"#
    )
  }

  @Test func aRaisedLimitIsSaid() throws {
    let usual = try LookUpNotes.lines([1, 64])
    let raised = try LookUpNotes.lines([1, 64, 1024])
    #expect(!usual.contains { $0.contains("raised") })
    #expect(raised.last?.contains("500 at once and 20 more an hour") == true)
    #expect(raised.last?.contains("after 26.2 hours") == true)
  }

  @Test func thousands() {
    #expect([0, 999, 1000, 1_234_567, -1000].map(\.grouped) == ["0", "999", "1,000", "1,234,567", "-1,000"])
  }

  @Test func arguments() throws {
    let command = try BenchPrivacyCommand.parse([])
    #expect(command.rounds == 3 && command.contacts == [1, 64, 1024] && !command.json)
    #expect(try BenchPrivacyCommand.parse(["--contacts", "2", "3", "--rounds", "1"]).contacts == [2, 3])
    for wrong in [["--rounds", "2"], ["--rounds", "0"], ["--contacts", "0"], ["--contacts", "5001"]] {
      #expect(throws: (any Error).self, "\(wrong)") { try BenchPrivacyCommand.parse(wrong) }
    }
  }
}
