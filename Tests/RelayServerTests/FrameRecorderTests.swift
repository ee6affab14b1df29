import Foundation
import RelayProtocol
import Sealing
import Telephony
import Testing

@testable import RelayServer

/// What an audit gets of a relay that records.
@Suite struct FrameRecorderTests {
  private func read(_ path: String) throws -> [RecordedOctets] {
    var decoder = RecordingDecoder()
    decoder.append(try Data(contentsOf: URL(fileURLWithPath: path)))
    var records: [RecordedOctets] = []
    while let record = try decoder.next() { records.append(record) }
    #expect(decoder.pendingOctetCount == 0)
    return records
  }

  @Test func allThatPassesIsRecorded() async throws {
    let path = TemporaryFiles.path("frames")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let relay = try await TestRelay(recording: path)
    defer { relay.remove() }
    do {
      let alice = try await TestPerson("+447700900101", relay)
      let bob = try await TestPerson("+447700900102", relay)
      _ = try await alice.token(of: bob.number)
      // What follows a bad frame is not read by the relay, and recorded all the same.
      let stranger = try await TestDevice(relay)
      try await stranger.send(octets: [0, 0, 0, 2, 0xFF, 0xFF])
      await stranger.end()
      await alice.device.close()
      await bob.device.close()
    } catch {
      await relay.server.stop()
      throw error
    }
    await relay.server.stop()

    let records = try read(path)
    #expect(records.filter { $0.kind == .opened }.map { String(decoding: $0.octets, as: UTF8.self) } == [
      "+447700900101", "+447700900102",
    ])
    var received: [ClientMessage] = []
    var sent: [ServerMessage] = []
    for connection in Set(records.filter { $0.kind != .opened }.map(\.connection)).sorted() {
      var relaySide = RelayFrameDecoder()
      var deviceSide = RelayFrameDecoder()
      for record in records where record.connection == connection {
        if record.kind == .received { relaySide.append(record.octets) } else { deviceSide.append(record.octets) }
        while let frame = try? relaySide.nextClientFrame() { received.append(frame.message) }
        while let frame = try deviceSide.nextServerFrame() { sent.append(frame.message) }
      }
    }
    #expect(received.count { if case .register = $0 { true } else { false } } == 2)
    #expect(received.count { if case .confirmRegistration = $0 { true } else { false } } == 2)
    #expect(sent.count { if case .challenge = $0 { true } else { false } } == 3)
    #expect(sent.count { if case .registered = $0 { true } else { false } } == 2)
    #expect(sent.count { if case .evaluations = $0 { true } else { false } } == 1)
    #expect(records.contains { $0.kind == .received && $0.octets == [0, 0, 0, 2, 0xFF, 0xFF] })
    for record in records where record.kind != .opened {
      #expect(Data(record.octets).range(of: Data("7700900".utf8)) == nil)
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(relay.log.lines.contains { $0.contains("warning") && $0.contains("every number that registers") })
  }

  @Test func aFileThatIsThereIsLeftAlone() async throws {
    let path = TemporaryFiles.path("frames")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
    await #expect(throws: RelayError.alreadyThere(path: path)) { _ = try await TestRelay(recording: path) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("mine".utf8))
  }
}
